import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from control_plane.bootstrap.serving import listening
from control_plane.cli.app import app
from control_plane.cli.exits import Exit, code_of
from control_plane.proof.xes import UnreadableLogError
from control_plane.store.troubles import DatabaseFullError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIEOUT_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_the_help_lists_every_command_and_the_exit_codes() -> None:
    said = _run("--help").stdout

    for command in ("up", "demo", "api", "worker", "scheduler", "ui", "migrate", "transactions", "verify"):
        assert command in said
    assert "0 fine, 1 the answer is no, 2 the command or the configuration is wrong, 3 something is away" in said


def test_the_migrations_lead_to_the_models() -> None:
    answer = _run("migrate", "--check")

    assert (answer.exit_code, answer.stdout) == (0, "A database at revision 0002 is what the models say.\n")
    assert not Path(".tieout").exists()


def test_a_new_database_is_brought_up_to_date() -> None:
    answer = _run("migrate")

    assert answer.exit_code == Exit.FINE
    assert Path(".tieout/tieout.db").exists()


@pytest.mark.parametrize("command", ["up", "api", "worker", "scheduler", "ui", "migrate", "verify"])
def test_a_wrong_configuration_ends_a_command_with_2_and_names_the_nearest_key(command: str) -> None:
    Path("tieout.toml").write_text("[engine]\nleaze = 3\n")

    answer = _run(command)

    assert answer.exit_code == Exit.WRONG
    assert answer.stderr == "the key 'engine.leaze' is not known; did you mean 'engine.lease'?\n"


def test_a_file_that_is_missing_ends_a_command_with_2() -> None:
    answer = _run("migrate", "--config", "gone.toml")

    assert (answer.exit_code, answer.stderr) == (2, "gone.toml is not there; name another file with --config\n")


@pytest.mark.parametrize("command", ["up", "api", "ui"])
def test_a_taken_port_ends_a_command_with_2_and_says_how_to_choose_another(command: str) -> None:
    with listening("127.0.0.1", 0) as wire:
        port = wire.getsockname()[1]
        answer = _run(command, "--port", str(port))

    assert answer.exit_code == Exit.WRONG
    assert answer.stderr == f"Port {port} is taken; choose another with --port, or 0 for any\n"


def test_an_api_that_does_not_answer_ends_a_command_with_3() -> None:
    Path("tieout.toml").write_text('[api]\nurl = "http://127.0.0.1:9"\n')

    answer = _run("transactions", "find", "4711")

    assert (answer.exit_code, answer.stderr) == (3, "Tieout cannot be reached\n")


def test_a_log_that_is_none_ends_the_demo_before_anything_starts() -> None:
    Path("log.xes").write_text("nothing")

    answer = _run("demo", "--once", "--replay", "log.xes")

    assert answer.exit_code == Exit.WRONG
    assert answer.stderr.startswith("log.xes is no XES log")


def test_the_worlds_errors_have_codes_and_our_own_mistakes_have_none() -> None:
    assert code_of(UnreadableLogError("no log")) is Exit.WRONG
    assert code_of(DatabaseFullError("full")) is Exit.AWAY
    assert code_of(ZeroDivisionError()) is None


def test_the_module_is_the_command() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "control_plane", "transactions", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "Usage: tieout transactions [OPTIONS] COMMAND" in answer.stdout


def test_up_says_where_it_listens_and_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text("[ui]\nis_mounted = false\n")
    command = [sys.executable, "-m", "control_plane", "up", "--json", "--port", "0", "--while-stdin-open"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        ready = json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(30) == 0

    assert ready["address"].startswith("http://127.0.0.1:")
    assert ready["sign_in_url"].startswith(f"{ready['address']}/?code=")
    assert ready["connections"] == []
    assert (tmp_path / ".tieout" / "tieout.key").stat().st_mode & 0o777 == 0o600
