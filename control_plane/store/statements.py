"""The statements that the two databases spell differently."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, Delete, Insert, Table, Update, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect as EngineDialect
from sqlmodel import Session, SQLModel

from control_plane.store import driver
from control_plane.store.values import Bind, bind_of, bound

Dialect = Literal["sqlite", "postgresql"]
Upsert = sqlite.Insert | postgresql.Insert


def table_of(model: type[SQLModel]) -> Table:
    """Return the table behind a row class, for Core statements."""
    return cast("Table", inspect(model).local_table)


def dialect_of(session: Session) -> Dialect:
    """Return which database the unit of work runs on."""
    return cast("Dialect", session.get_bind().dialect.name)


def upsert(session: Session, model: type[SQLModel]) -> Upsert:
    """Return an insert that knows `on_conflict_do_nothing` and `on_conflict_do_update` on both databases."""
    return upsert_on(dialect_of(session), model)


def upsert_on(dialect: Dialect, model: type[SQLModel]) -> Upsert:
    """Return the same for a kind of database."""
    table = table_of(model)
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def count_of(session: Session, statement: Insert | Update | Delete) -> int:
    """Execute the statement and return how many rows it inserted, changed or deleted."""
    statement = statement.execution_options(preserve_rowcount=True)
    return cast("CursorResult[Any]", session.connection().execute(statement)).rowcount


def insert_many(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert complete rows, all with the same keys, on the database's fastest way: COPY on PostgreSQL."""
    if rows:
        names = tuple(rows[0])
        insert_rows(session, model, names, [[row[name] for name in names] for row in rows])


def insert_rows(session: Session, model: type[SQLModel], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Insert complete rows whose values stand in the order of these columns, in the same way."""
    if not rows:
        return
    connection, table = session.connection(), table_of(model)
    binds = _binds(connection.dialect, table, names)
    columns = [bound(bind, values) for bind, values in zip(binds, zip(*rows, strict=True), strict=True)]
    command, kept = _command(connection.dialect, table, names), list(zip(*columns, strict=True))
    if connection.dialect.name == "sqlite":
        driver.repeated(connection, command, kept)
    else:
        driver.copied(connection, command, kept)


@lru_cache(maxsize=256)
def _binds(dialect: EngineDialect, table: Table, names: tuple[str, ...]) -> tuple[Bind | None, ...]:
    """Return how the driver is given the values of each column: bound here, rows cost a tenth of Core's own way."""
    return tuple(bind_of(table.c[name].type, dialect) for name in names)


@lru_cache(maxsize=256)
def _command(dialect: EngineDialect, table: Table, names: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(map(quote, names))})"
    if dialect.name == "sqlite":
        return f"INSERT INTO {into} VALUES ({', '.join('?' * len(names))})"  # noqa: S608  (our own names, quoted)
    return f"COPY {into} FROM STDIN"
