"""F31: several processes write to one SQLite file at once."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE

import pytest
from sqlmodel import func, select

from bench.figures import at_most
from control_plane.store.database import open_database
from control_plane.store.migrations import migrate
from control_plane.store.tables import CursorRow
from tests.faults.conftest import Tell
from tests.faults.figures import length

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 8
WRITES_EACH = length(short=100, full=2_000)


def test_eight_processes_write_to_one_file_without_an_error(tmp_path: Path, tell: Tell) -> None:
    url = f"sqlite:///{tmp_path / 'tieout.db'}"
    migrate(url)
    words = [sys.executable, "-m", "tests.faults.writer", url]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(subprocess.Popen([*words, f"{number}", str(WRITES_EACH)], cwd=ROOT, stdout=PIPE))
            for number in range(WRITERS)
        ]
        said = [json.loads(writer.communicate(timeout=240)[0]) for writer in writers]
    database = open_database(url)
    with database.read() as session:
        written = session.exec(select(func.count()).select_from(CursorRow)).one()
    database.dispose()

    tell("F31", "writes that failed", sum(one["errors"] for one in said))
    tell("F31", "writes that are missing", WRITERS * WRITES_EACH - written)
    tell("F31", "the slowest write", max(one["slowest"] for one in said), "s", at_most(10))
