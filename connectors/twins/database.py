"""The file in which a twin keeps its books: SQLite, one connection, one writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

IN_MEMORY: Final = Path(":memory:")


def open_books(path: Path, schema: str, *, is_durable: bool = True) -> sqlite3.Connection:
    """Return an open connection with the schema in place.

    Not durable means that the books survive a killed process, but not a power cut.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if is_durable else 'OFF'}")
    connection.executescript(schema)
    return connection


@contextmanager
def unit_of_work(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what happens inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
