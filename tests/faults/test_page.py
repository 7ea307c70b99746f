"""The page of the faults names only tests that there are, and takes new figures in."""

import re
from pathlib import Path

import pytest

from bench.figures import NONE, at_most
from tests.faults.figures import PAGE, FaultFigure, with_figures

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`(tests/[\w/.]+)::(\w+)`", PAGE.read_text())


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_every_test_that_the_page_names_is_there(file: str, name: str) -> None:
    assert re.search(rf"def {name}\(", (ROOT / file).read_text())


def test_a_new_figure_takes_the_place_of_the_one_before_and_leaves_the_others() -> None:
    before = [FaultFigure("F2", "lost", 0, "", NONE), FaultFigure("F25", "back", 9, "s", at_most(10))]
    page = with_figures("# Faults\n\n", before, "one machine")

    page = with_figures(page, [FaultFigure("F25", "back", 12, "s", at_most(10))], "another machine")

    assert page.count("## Figures") == 1
    assert "Measured on another machine." in page
    assert page.endswith("| F2 | lost | 0 | = 0 | ok |\n| F25 | back | 12 s | <= 10 | short |\n")
