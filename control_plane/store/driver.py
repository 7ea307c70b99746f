"""The driver itself: statements in its own words, with SQLAlchemy's hooks and errors but without its work per call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

Values = Sequence[Any] | Mapping[str, Any]
"""As the driver wants them: by place on SQLite, by name on PostgreSQL."""


def fetched(connection: Connection, text: str, values: Values) -> list[tuple[Any, ...]]:
    """Execute a statement and return its rows."""
    with _cursor(connection, text) as cursor:
        cursor.execute(*_heard(connection, cursor, text, values, is_many=False))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def counted(connection: Connection, text: str, values: Values) -> int:
    """Execute a statement and return how many rows it inserted, changed or deleted."""
    with _cursor(connection, text) as cursor:
        cursor.execute(*_heard(connection, cursor, text, values, is_many=False))
        count: int = cursor.rowcount
        return count


def repeated(connection: Connection, text: str, many: Sequence[Values]) -> None:
    """Execute a statement once for each of the values."""
    with _cursor(connection, text) as cursor:
        cursor.executemany(*_heard(connection, cursor, text, many, is_many=True))


def copied(connection: Connection, text: str, rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into PostgreSQL."""
    with _cursor(connection, text) as cursor, cursor.copy(text) as copy:
        for row in rows:
            copy.write_row(row)


def _heard(connection: Connection, cursor: Any, text: str, values: Any, *, is_many: bool) -> tuple[str, Any]:
    """Return what is executed once everybody has heard of it who listens to SQLAlchemy's own executions."""
    for hear in connection.dispatch.before_cursor_execute:
        text, values = hear(connection, cursor, text, values, None, is_many)
    return text, values


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[Any]:  # the driver's own
    """Give a cursor whose errors look like SQLAlchemy's; a connection that is lost is not used again."""
    pooled, base = connection.connection, connection.dialect.loaded_dbapi.Error
    try:
        with closing(pooled.cursor()) as cursor:
            yield cursor
    except base as error:
        is_lost = connection.dialect.is_disconnect(error, pooled, None)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text, None, error, base, hide_parameters=True, connection_invalidated=is_lost, dialect=connection.dialect
        ) from error
