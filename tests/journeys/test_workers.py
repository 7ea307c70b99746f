"""Several workers on PostgreSQL, real processes: one is frozen and comes back late, one is told to end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from control_plane.proof.arrival import settle
from control_plane.proof.demo import prove
from control_plane.proof.erp import TwinErp
from control_plane.proof.feeds import SampleFeed
from control_plane.proof.stage import Stage, TieoutProcess, Wishes, staged
from control_plane.store.database import Database, open_database
from control_plane.store.migrations import migrate
from tests.journeys.playing import QUICK, learn, wait_until
from tests.stands.databases import PostgresStand

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.postgres]

LEASE: Final = 4.0
"""Seconds: thirty by default; what holds for these holds for those."""
GRACE: Final = 1.0
SETTINGS: Final = {
    **QUICK,
    "engine": {"lease": LEASE, "page": 1000},
    "connections.erp": {
        **QUICK["connections.erp"],
        "options": {"visibility_grace_seconds": f"{GRACE}", "batch": "5", "deadline_seconds": "2"},
    },
}
SLOW: Final = {"kind": "latency", "moment": "after", "method": "POST", "path": "/v1/documents$", "seconds": 0.5}
"""So that there is nearly always something on its way."""


@dataclass(slots=True)
class Worker:
    """One worker process."""

    process: subprocess.Popen[bytes]
    database: Database

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def freeze(self) -> bool:
        """Stop it in the middle of its work; return whether there was some."""
        self.signal(signal.SIGSTOP)
        if not self.is_busy():
            self.signal(signal.SIGCONT)
            return False
        return True

    def ended(self, *, seconds: float) -> int:
        return self.process.wait(seconds)

    def is_busy(self) -> bool:
        """Return whether it holds documents that are in flight."""
        query = """SELECT count(*) FROM "transaction" JOIN incarnation ON incarnation.id = lease_owner
            WHERE process_id = :number AND state = 'in_flight'"""
        with self.database.read() as session:
            return bool(session.execute(text(query), {"number": self.process.pid}).scalar_one())


@contextmanager
def worker(folder: Path, database: Database) -> Iterator[Worker]:
    """Give a worker process as `tieout worker` starts it; it is killed at the end, if it still lives."""
    command = [sys.executable, "-m", "control_plane", "worker", "--concurrency", "2", "--batch", "20"]
    with (folder / "workers.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--config", str(folder / "tieout.toml")],
            stderr=log,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
    try:
        yield Worker(process, database)
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def scheduler(folder: Path) -> Iterator[None]:
    process = TieoutProcess(folder, "scheduler")
    process.begin()
    try:
        yield
    finally:
        process.end()


def lineage_count(database: Database, name: str) -> int:
    with database.read() as session:
        query = text("SELECT count(*) FROM lineage WHERE name = :name")
        return int(session.execute(query, {"name": name}).scalar_one())


@pytest.fixture
def grown(
    postgres_server: PostgresStand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Stage, Database]]:
    monkeypatch.setenv("SHARED", "s" * 32)
    with postgres_server.fresh() as url, ExitStack() as stack:
        migrate(url)
        secrets = {"directory": str(tmp_path / "stage" / "secrets"), "master": "env:SHARED"}
        settings: dict[str, Any] = {**SETTINGS, "database": {"url": url}, "secrets": secrets}
        wishes = Wishes(tmp_path / "stage", has_screen=False, command="api", settings=settings)
        database = open_database(url)
        stack.callback(database.dispose)
        yield stack.enter_context(staged(wishes)), database


def test_late_results_are_refused_and_nothing_is_lost_whatever_becomes_of_a_worker(
    grown: tuple[Stage, Database],
) -> None:
    stage, database = grown
    folder = stage.tieout.config.parent
    with (
        stage.client() as client,
        worker(folder, database) as frozen,
        worker(folder, database) as ended,
        scheduler(folder),
    ):
        learn(client)
        assert isinstance(stage.erp, TwinErp)
        stage.erp.hand.put("/twin/faults", {"seed": 7, "rules": [SLOW]})
        feed = SampleFeed(stage)
        for _ in range(4):
            feed.advance()

        wait_until(frozen.freeze, seconds=60, what="a document of the first worker in flight")
        time.sleep(2 * LEASE)
        assert not frozen.is_busy()  # another one has taken over
        frozen.signal(signal.SIGCONT)

        for _ in range(2):
            feed.advance()
        wait_until(ended.is_busy, seconds=60, what="a document of the second worker in flight")
        ended.signal(signal.SIGTERM)
        assert ended.ended(seconds=LEASE + 10) == 0
        assert not ended.is_busy()

        settle(client, at_least=feed.done)
        proof, _ = prove(stage, client)

    assert (proof.lost, proof.doubled, proof.differences) == (0, 0, ())
    assert lineage_count(database, "late_result") > 0
