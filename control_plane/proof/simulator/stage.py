"""The database of the histories: a real SQLite file, put back to its beginning before each of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import event

from control_plane.engine.lists import Lists
from control_plane.proof.simulator import papers
from control_plane.proof.simulator.world import MORNING, World
from control_plane.store import connections, incarnations, master_data
from control_plane.store.database import Database, open_database
from control_plane.store.incarnations import Start
from control_plane.store.migrations import migrate
from control_plane.store.troubles import DatabaseAwayError

FIRST: Final = (1, 2)
"""The workers that are there at the beginning."""
START: Final = Start("worker", "host", 1)
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # Linux keeps it in memory: a commit need not wait for a disk


class Commit(StrEnum):
    """How a unit of work ends."""

    DONE = "done"
    DIES = "the process dies before the commit"
    AWAY = "the database goes away before the commit"
    UNHEARD = "the database commits, and nobody hears of it"


class ProcessDiedError(BaseException):
    """The process is gone in the middle of a unit of work: nothing of it is committed."""


class Stage:
    """One open database, with a second connection that looks at it from outside."""

    def __init__(self, database: Database, pages: sqlite3.Connection, watch: sqlite3.Connection) -> None:
        self.database: Final = database
        self.watch: Final = watch
        self._pages = pages
        self._ending = Commit.DONE
        self._is_committed = False
        with database.read() as session:
            self._lists = Lists()
            self._lists.at(session)
        event.listen(database.writer, "commit", self._committing)

    def restore(self) -> None:
        """Put the database back to its beginning; its statements stay compiled."""
        self._pages.backup(self.watch)

    def lists(self) -> Lists:
        """Return the ERP's lists as they are at the beginning, read already."""
        return Lists(self._lists.version, self._lists.records, self._lists.rates)

    @contextmanager
    def meeting(self, ending: Commit) -> Iterator[None]:
        """Let the unit of work inside end like this, if it writes."""
        self._ending, self._is_committed = ending, False
        try:
            yield
        finally:
            self._ending = Commit.DONE
        if ending is Commit.UNHEARD and self._is_committed:
            raise DatabaseAwayError("The database does not answer in time")

    def rows(self, query: str, *values: object) -> list[Any]:  # rows of whatever is asked for
        """Return what is committed, seen from outside."""
        return self.watch.execute(query, values).fetchall()

    def _committing(self, _connection: object) -> None:
        if self._ending is Commit.DIES:
            raise ProcessDiedError
        if self._ending is Commit.AWAY:
            raise DatabaseAwayError("The database does not answer in time")
        self._is_committed = True


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a stage; its database is gone afterwards."""
    with TemporaryDirectory(prefix="tieout-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        url = f"sqlite:///{folder}/history.db"
        migrate(url)
        database = open_database(url)
        try:
            _furnish(database)
            with (
                closing(sqlite3.connect(":memory:")) as pages,
                closing(sqlite3.connect(f"{folder}/history.db", isolation_level=None)) as watch,
            ):
                watch.backup(pages)
                yield Stage(database, pages, watch)
        finally:
            database.dispose()


def _furnish(database: Database) -> None:
    world = World(0)
    world.now = MORNING - timedelta(hours=1)
    with database.write() as session:
        known = [connections.Configured(name, name) for name in ("expense", "erp")]
        connections.register(session, known)
        master_data.record(session, "erp", papers.RECORDS, now=world.now, ids=world.ids)
        for number in FIRST:
            incarnations.register(session, number, START, slot=number, now=world.now)
