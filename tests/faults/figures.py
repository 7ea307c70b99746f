"""What a fault run has shown: one line each, at the length that was asked for."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import pytest

from bench.figures import Target, shown

T = TypeVar("T")

IS_FULL: Final = os.environ.pop("TIEOUT_FAULTS", "") == "full"  # not for the processes that the tests begin
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
HEADING: Final = "## Figures of the last full run\n"
_TABLE: Final = "| fault | what was measured | figure | target | |\n|---|---|---|---|---|\n"
_SECONDS: Final = "s"


def only_in_full(shown_by: str) -> pytest.MarkDecorator:
    """Return the mark of a test that a test run may leave out: another one shows the same for less."""
    return pytest.mark.skipif(not IS_FULL, reason=f"make faults; for less it is shown by {shown_by}")


def length(short: T, full: T) -> T:
    """Return how much is done: little in a test run, everything in a run of `make faults`."""
    return full if IS_FULL else short


@dataclass(frozen=True, slots=True)
class FaultFigure:
    """One measured value of one row of the fault list."""

    row: str
    name: str
    value: float
    unit: str
    target: Target

    @property
    def is_met(self) -> bool:
        """Return whether it is as good as was promised."""
        return self.target.is_met_by(self.value)

    @property
    def is_judged(self) -> bool:
        """Return whether a worse one fails the test: seconds do where nothing else runs on the machine."""
        return IS_FULL or self.unit != _SECONDS

    @property
    def line(self) -> str:
        """Return the figure as it is printed."""
        target = f"{self.target.op} {shown(self.target.value)}"
        return f"fault {self.row} {self.name}: {self._said} target {target} {self._verdict}"

    @property
    def cells(self) -> str:
        """Return the figure as a row of the page's table."""
        target = f"{self.target.op} {shown(self.target.value)}"
        return f"| {self.row} | {self.name} | {self._said} | {target} | {self._verdict} |\n"

    @property
    def _said(self) -> str:
        return f"{shown(self.value)} {self.unit}".strip()

    @property
    def _verdict(self) -> str:
        return "ok" if self.is_met else "short"


def with_figures(page: str, figures: Iterable[FaultFigure], machine: str) -> str:
    """Return the page with these figures in its last section; those that were not measured anew stay."""
    head, heading, before = page.partition(HEADING)
    rows = {_key(row): row for row in before.splitlines(keepends=True) if row.startswith("| F")}
    rows |= {_key(figure.cells): figure.cells for figure in figures}
    table = "".join(rows[key] for key in sorted(rows, key=_in_order))
    return f"{head}{heading or HEADING}\nMeasured on {machine}.\n\n{_TABLE}{table}"


def _key(row: str) -> tuple[str, str]:
    cells: Sequence[str] = [cell.strip() for cell in row.split("|")]
    return cells[1], cells[2]


def _in_order(key: tuple[str, str]) -> tuple[int, str]:
    return int(key[0].removeprefix("F")), key[1]
