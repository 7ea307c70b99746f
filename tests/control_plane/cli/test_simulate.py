from pathlib import Path

from typer.testing import CliRunner

from control_plane.cli.app import app

PAGE = "# Page\n\n<!-- written by make simulate -->\n\nNothing.\n\n<!-- end -->\n\nMore.\n"


def test_one_history_is_told_line_by_line() -> None:
    answer = CliRunner().invoke(app, ["simulate", "--seed", "7", "--histories", "1"])

    assert answer.exit_code == 0
    assert answer.stdout.startswith("seed 7: ")
    assert "worker 1  starts" in answer.stdout
    assert answer.stdout.endswith("tieout simulate --seed 7 --histories 1\n")


def test_many_histories_are_counted_remembered_and_reported(tmp_path: Path) -> None:
    page, memory = tmp_path / "page.md", tmp_path / "kept" / "run.json"
    page.write_text(PAGE)
    order = ["simulate", "--histories", "3", "--jobs", "1", "--resume", str(memory), "--report", str(page)]

    first = CliRunner().invoke(app, order)
    second = CliRunner().invoke(app, order)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "figure simulator.broken 0 of_3 target = 0 ok" in first.stdout
    assert "3 histories, " in first.stdout
    assert "3 histories, " not in second.stdout
    assert "| 1 to 3 | 3 | 0 | " in page.read_text()
    assert page.read_text().endswith("<!-- end -->\n\nMore.\n")
