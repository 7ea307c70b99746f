"""The statements that the two databases spell differently."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from sqlalchemy import Table, insert, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

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
    table = table_of(model)
    return sqlite.insert(table) if dialect_of(session) == "sqlite" else postgresql.insert(table)


def insert_many(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert complete rows, all with the same keys, on the database's fastest way: COPY on PostgreSQL."""
    if not rows:
        return
    if dialect_of(session) == "sqlite":
        session.connection().execute(insert(table_of(model)), rows)
    else:
        _copy(session.connection(), table_of(model), rows)


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    binds = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in rows[0]}
    command = f"COPY {quote(table.name)} ({', '.join(map(quote, binds))}) FROM STDIN"
    cursor = cast("Any", connection.connection.cursor())  # psycopg's own, which knows COPY
    try:
        with cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row([bind(row[name]) if bind else row[name] for name, bind in binds.items()])
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(command, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
