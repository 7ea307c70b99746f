import ast
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectors.twins.tryton import home, process
from connectors.twins.tryton.acts import administrator
from connectors.twins.tryton.home import PROJECT, TrytonMissingError
from connectors.twins.tryton.rpc import Rpc, TrytonRefusedError
from connectors.twins.tryton.server import TrytonServer, running_tryton
from tests.connectors.tryton.running import TrytonHarness, an_intent


@pytest.mark.tryton
async def test_another_tryton_has_fresh_books_of_its_own(outside: TrytonHarness, tryton: TrytonServer) -> None:
    await outside.target.post([an_intent()])
    with running_tryton() as other, administrator(other) as admin:
        assert other.url != tryton.url
        assert admin.rows("account.move", ["number"]) == []


@pytest.mark.tryton
async def test_what_owes_nothing_cannot_be_paid(outside: TrytonHarness) -> None:
    with pytest.raises(LookupError, match="no posted move 2026/99999"):
        await outside.act(lambda admin: admin.pay("1000", "2026/99999", date(2026, 10, 31)))


@pytest.mark.tryton
def test_the_connector_s_user_is_no_administrator(tryton: TrytonServer) -> None:
    with Rpc(tryton.url, tryton.user, tryton.password) as rpc, pytest.raises(TrytonRefusedError, match="not allowed"):
        rpc.create("res.user", [{"login": "another"}])


def test_the_folder_is_chosen_by_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIEOUT_TRYTON_HOME", str(tmp_path))
    assert home.home() == tmp_path
    monkeypatch.delenv("TIEOUT_TRYTON_HOME")
    assert home.home() == PROJECT / ".tryton"


def test_without_the_lock_it_says_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(home, "LOCK", tmp_path / "tryton.txt")
    with pytest.raises(TrytonMissingError, match="checkout"):
        home.pins()


def test_a_server_that_ends_at_once_shows_its_last_words(tmp_path: Path) -> None:
    trytond = tmp_path / "trytond"
    trytond.write_text("#!/bin/sh\necho no such database >&2\nexit 1\n")
    trytond.chmod(0o755)
    with pytest.raises(TrytonMissingError, match="no such database"), process.serving(tmp_path, tmp_path, "secret"):
        pytest.fail("it never ran")


def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    trytond = tmp_path / "trytond"
    trytond.write_text("#!/bin/sh\necho $$ > pid\nexec sleep 60\n".replace("pid", str(tmp_path / "pid")))
    trytond.chmod(0o755)
    lines = [
        "import os, pathlib, threading",
        "from connectors.twins.tryton import process",
        f"here = pathlib.Path({str(tmp_path)!r})",
        "threading.Timer(0.5, os._exit, [0]).start()",
        "process.serving(here, here, 'secret').__enter__()",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=PROJECT, timeout=20, check=True)
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_file_of_ours_imports_tryton_s_code() -> None:
    sources = [
        path for folder in ("connectors", "tests/connectors/tryton") for path in (PROJECT / folder).rglob("*.py")
    ]
    imported = {name.split(".")[0] for path in sources for name in _imports(path)}
    assert not imported & {"trytond", "proteus"}


def _imports(path: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
