from pathlib import Path
from runpy import run_path

import pytest

from control_plane.domain import states_page as states_page_module
from control_plane.domain.states_page import states_page

PAGE = Path(__file__).parents[3] / "docs" / "states.md"


def test_the_page_in_docs_is_fresh() -> None:
    hint = "run `python -m control_plane.domain.states_page > docs/states.md`"
    assert PAGE.read_text(encoding="utf-8") == states_page(), hint


def test_the_module_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    run_path(states_page_module.__file__, run_name="__main__")
    assert capsys.readouterr().out == states_page()


def test_the_page_tells_place_way_and_hand_of_a_transaction() -> None:
    assert "| `in_doubt` | blocked | `failed` | two persons |" in states_page()
    assert "| `superseded` | withdrawn | (terminal) | |" in states_page()
    assert "| `retrying` | `resolved` | the system |" in states_page()
