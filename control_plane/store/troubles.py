"""The troubles that a database may have, by their own names."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

P = ParamSpec("P")
T = TypeVar("T")

TRIES: Final = 3
"""How often a unit of work is tried that gave way to another one."""


class DatabaseTroubleError(Exception):
    """The database cannot do it now; the same call may succeed later."""


class DatabaseFullError(DatabaseTroubleError):
    """The database has no space left."""


class DatabaseReadOnlyError(DatabaseTroubleError):
    """The database takes no writes."""


class DatabaseAwayError(DatabaseTroubleError):
    """The database does not answer, or not in time."""


class DatabaseConflictError(DatabaseAwayError):
    """Two units of work stood in each other's way, and this one gave way: the same again may succeed at once."""


class DiskUntrustedError(DatabaseAwayError):
    """The disk did not keep what it was given. It may take the next write as if nothing were wrong."""


def persistent(work: Callable[P, T]) -> Callable[P, T]:
    """Return a unit of work that runs again from its beginning where it gave way to another one."""

    @wraps(work)
    def tried(*arguments: P.args, **named: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            with suppress(DatabaseConflictError):
                return work(*arguments, **named)
        return work(*arguments, **named)

    return tried


_SENTENCES: Final[Mapping[type[DatabaseTroubleError], str]] = {
    DatabaseFullError: "The database has no space left",
    DatabaseReadOnlyError: "The database takes no writes",
    DatabaseAwayError: "The database does not answer in time",
    DatabaseConflictError: "The database has several units of work that wait for each other",
    DiskUntrustedError: "The disk under the database does not keep what it is given",
}

_SQLITE_TROUBLES: Final[Mapping[int, type[DatabaseTroubleError]]] = {
    sqlite3.SQLITE_FULL: DatabaseFullError,
    sqlite3.SQLITE_READONLY: DatabaseReadOnlyError,
    sqlite3.SQLITE_BUSY: DatabaseAwayError,
    sqlite3.SQLITE_LOCKED: DatabaseAwayError,
    sqlite3.SQLITE_CANTOPEN: DatabaseAwayError,
    sqlite3.SQLITE_IOERR: DatabaseAwayError,
    sqlite3.SQLITE_NOTADB: DatabaseAwayError,
    sqlite3.SQLITE_CORRUPT: DatabaseAwayError,
}

_NOT_KEPT: Final = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})

_POSTGRESQL_TROUBLES: Final[tuple[tuple[str, type[DatabaseTroubleError]], ...]] = (
    ("53100", DatabaseFullError),
    ("25006", DatabaseReadOnlyError),
    ("08", DatabaseAwayError),  # connection lost
    ("40", DatabaseConflictError),  # deadlock
    ("53", DatabaseAwayError),  # too many connections, out of memory
    ("55P03", DatabaseAwayError),  # lock not available
    ("57", DatabaseAwayError),  # shut down, starting up, statement canceled
    ("58", DatabaseAwayError),  # input or output failed
    ("25P03", DatabaseAwayError),  # idle too long
)
"""By the beginning of the SQLSTATE, first match wins."""


@contextmanager
def named_troubles() -> Iterator[None]:
    """Turn the driver's errors that mean trouble of the database into ours; let all others through.

    Raises:
        DatabaseTroubleError: the database is full, takes no writes or does not answer.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseAwayError("The database does not answer in time: all connections are in use") from error
    except DBAPIError as error:
        trouble = _trouble(error)
        if trouble is None:
            raise
        raise trouble(f"{_SENTENCES[trouble]}: {_first_line(error)}") from error


def _trouble(error: DBAPIError) -> type[DatabaseTroubleError] | None:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    if code in _NOT_KEPT:
        return DiskUntrustedError
    if code is not None:
        return _SQLITE_TROUBLES.get(code & 0xFF)
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return next((trouble for begin, trouble in _POSTGRESQL_TROUBLES if state.startswith(begin)), None)
    return DatabaseAwayError if isinstance(error, OperationalError) else None


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0].strip()
