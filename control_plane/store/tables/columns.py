"""How columns of every table are made, and the one collection of all tables."""

from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Index, Integer, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

METADATA: Final[MetaData] = SQLModel.metadata

BIG: Final = BigInteger().with_variant(Integer, "sqlite")
"""63 bits on both databases; on SQLite an INTEGER PRIMARY KEY is the rowid."""
JSON_VALUE: Final = JSON().with_variant(JSONB, "postgresql")

UNRESOLVED: Final = "unresolved"
"""The legal entity of what could not be placed yet."""


def id_column() -> Any:  # sqlmodel.Field is typed by its default
    """Return a primary key that the caller draws."""
    return Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})


def ref(*, index: bool = False) -> Any:  # see id_column
    """Return another row's id."""
    return Field(sa_type=BIG, index=index)


def no_ref(*, index: bool = False) -> Any:  # see id_column
    """Return another row's id, or none."""
    return Field(default=None, sa_type=BIG, nullable=True, index=index)


def amount() -> Any:  # see id_column
    """Return an amount in minor units."""
    return Field(default=0, sa_type=BIG)


def json_value() -> Any:  # see id_column
    """Return JSON that the database can read."""
    return Field(default_factory=dict, sa_type=JSON_VALUE)


def json_text() -> Any:  # see id_column
    """Return JSON kept letter by letter, as a hash needs it."""
    return Field(default_factory=dict, sa_type=JSON)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index over the rows that fulfil the condition."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
