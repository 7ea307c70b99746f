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
_TABLES: Final = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
_GUARDS: Final = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE%'"
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

    def __init__(self, database: Database, watch: sqlite3.Connection) -> None:
        self.database: Final = database
        self.watch: Final = watch
        self._restoring = _restoring(watch)
        self._ending = Commit.DONE
        self._is_committed = False
        with database.read() as session:
            self._lists = Lists()
            self._lists.at(session)
        event.listen(database.writer, "commit", self._committing)

    def restore(self) -> None:
        """Put the database back to its beginning; its schema stays, and with it every statement that SQLite knows."""
        for statement in self._restoring:
            self.watch.execute(statement)

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
        with closing(sqlite3.connect(f"{folder}/history.db", isolation_level=None, cached_statements=500)) as watch:
            _let_delete(watch)
            database = open_database(url)
            try:
                _furnish(database)
                yield Stage(database, watch)
            finally:
                database.dispose()


def _let_delete(watch: sqlite3.Connection) -> None:
    """Drop what keeps rows from being deleted: no history deletes any, but what comes between two does."""
    for (name,) in watch.execute(_GUARDS).fetchall():
        watch.execute(f'DROP TRIGGER "{name}"')


def _restoring(watch: sqlite3.Connection) -> tuple[str, ...]:
    """Keep all rows as they are now, and return the statements that bring them back."""
    watch.execute("ATTACH ':memory:' AS beginning")
    tables = [name for (name,) in watch.execute(_TABLES).fetchall()]
    for name in tables:
        watch.execute(f'CREATE TABLE beginning."{name}" AS SELECT * FROM main."{name}"')  # noqa: S608  # our tables
    emptied = [f'DELETE FROM main."{name}"' for name in tables]  # noqa: S608  # our tables
    full = [name for name in tables if watch.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()]  # noqa: S608  # our tables
    filled = [f'INSERT INTO main."{name}" SELECT * FROM beginning."{name}"' for name in full]  # noqa: S608  # our tables
    return "BEGIN IMMEDIATE", *emptied, *filled, "COMMIT"


def _furnish(database: Database) -> None:
    world = World(0)
    world.now = MORNING - timedelta(hours=1)
    with database.write() as session:
        known = [connections.Configured(name, name) for name in ("expense", "erp")]
        connections.register(session, known)
        master_data.record(session, "erp", papers.RECORDS, now=world.now, ids=world.ids)
        for number in FIRST:
            incarnations.register(session, number, START, slot=number, now=world.now)
