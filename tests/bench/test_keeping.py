"""Where figures are kept."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.figures import Figure, at_least
from bench.groups import GROUPS
from bench.keeping import PAGE, NoSectionError, keep, table, with_section
from bench.machine import Machine

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MACHINE = Machine("A processor", 2, 24.0, "3.11.7", "3.40.1", "18.4", 0.5)
FIGURES = (Figure("w_sqlite", 1500.0, "tx/s"), Figure("w_sqlite_share_of_limit", 11.5, "%", at_least(12)))
PAGE_TEXT = "# Performance\n\n<!-- engine: measured -->\nold\n<!-- engine: end -->\n\nThe end.\n"


def test_a_run_is_a_file_of_its_own_with_its_machine(tmp_path: Path) -> None:
    file = keep("engine", MACHINE, FIGURES, at=AT, folder=tmp_path / "results")
    run = json.loads(file.read_text())
    assert file.name == "20261122T120000Z-engine.json"
    assert (run["group"], run["machine"]["cores"]) == ("engine", 2)
    assert [one["verdict"] for one in run["figures"]] == ["-", "short"]


def test_the_table_names_the_machine_and_says_what_is_short() -> None:
    lines = table(MACHINE, FIGURES, at=AT).splitlines()
    assert lines[0].startswith("Measured on 2026-11-22 with A processor, 2 cores, 24 GB; Python 3.11.7")
    assert lines[-2:] == ["| w_sqlite | 1500 tx/s |  | - |", "| w_sqlite_share_of_limit | 11.5 % | >= 12 | short |"]


def test_only_the_groups_own_section_is_written_anew() -> None:
    page = with_section(PAGE_TEXT, "engine", "new")
    assert page == PAGE_TEXT.replace("old", "new")
    assert with_section(page, "engine", "old") == PAGE_TEXT


def test_a_page_without_the_section_is_refused() -> None:
    with pytest.raises(NoSectionError, match="screens"):
        with_section(PAGE_TEXT, "screens", "new")


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_group_has_its_section_on_the_page(group: str) -> None:
    assert with_section(PAGE.read_text(), group, "new") != PAGE.read_text()
