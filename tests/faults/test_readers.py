"""F42: a payload that ends every process which reads it."""

import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from control_plane.store.trials import MOST
from tests.faults.conftest import Tell
from tests.faults.figures import length

pytestmark = pytest.mark.slow

DEADLY = "TR-DEADLY"
EVENTS = length(short=6, full=300)


def _live(url: str, count: int = 0) -> int:
    """Let one process live as long as it can, and return how it ended."""
    command = [sys.executable, "-m", "tests.faults.mortal", url, DEADLY, str(count)]
    return subprocess.run(command, check=False, timeout=120, preexec_fn=_without_core, capture_output=True).returncode


def _without_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def test_an_event_that_aborts_its_reader_is_put_aside_and_the_others_go_on(tmp_path: Path, tell: Tell) -> None:
    file = tmp_path / "tieout.db"
    endings = [_live(f"sqlite:///{file}", EVENTS)]
    while endings[-1] == -signal.SIGABRT and len(endings) < 2 * MOST:
        endings.append(_live(f"sqlite:///{file}"))
    with closing(sqlite3.connect(file)) as database:
        taken = database.execute('SELECT count(*) FROM "transaction"').fetchone()[0]
        unread = database.execute("SELECT count(*) FROM inbox WHERE is_unread").fetchone()[0]

    assert endings[-1] == 0
    tell("F42", "events that nobody acts on behind the one that aborts its reader", unread)
    tell("F42", "documents lost or doubled by it", abs(taken - EVENTS))
    tell("F42", "processes that it ended beyond the first and three that knew", len(endings) - 2 - MOST)
