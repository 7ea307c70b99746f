"""How values are kept: what a column's type makes of them on the way to the driver, and on the way back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy.engine import Dialect as EngineDialect
from sqlalchemy.types import JSON, Boolean, Float, TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

_NUL: Final = r"\u0000"
"""PostgreSQL keeps it in no text; it comes only in what others say wrongly."""
_REPLACEMENT: Final = r"\ufffd"

Bind = Callable[[Any], Any]
"""From a column's value to the driver's."""
Read = Callable[[Any], Any]
"""From the driver's value, which is not None, to the column's."""


def to_json(value: object) -> str:
    """Return a value as the JSON that is kept: keys in order, so that equal values are equal texts.

    Raises:
        TypeError: it has no exact JSON form (a `Decimal`: money is an integer or an exact string).
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode().replace(_NUL, _REPLACEMENT)


def bind_of(kind: TypeEngine[Any], dialect: EngineDialect) -> Bind | None:
    """Return how the driver is given a column's values; None: as they are."""
    if isinstance(kind, UTCDateTime) and dialect.name == "sqlite":
        return _written
    if isinstance(kind, JSON):
        return to_json
    if isinstance(kind, Boolean):
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


def read_of(kind: TypeEngine[Any], dialect: EngineDialect) -> Read | None:
    """Return how a column's values are read from what the driver gives; None: as they are."""
    if isinstance(kind, UTCDateTime):
        return _read if dialect.name == "sqlite" else _in_utc
    if isinstance(kind, Boolean):
        return bool if dialect.name == "sqlite" else None
    if isinstance(kind, Float):
        return None
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def bound(bind: Bind | None, values: Sequence[Any]) -> Sequence[Any]:
    """Return a column's values as the driver is given them."""
    if bind is None:
        return values
    if bind is _written:  # a batch knows few moments
        known = {value: _written(value) for value in set(values)}
        return [known[value] for value in values]
    return [bind(value) for value in values]


def read(reader: Read, values: Sequence[Any]) -> Sequence[Any]:
    """Return a column's values as its type reads what the driver gave."""
    if reader is _read:  # a batch knows few moments
        known = {value: value and _read(value) for value in set(values)}
        return [known[value] for value in values]
    return [None if value is None else reader(value) for value in values]


def _written(moment: datetime | None) -> str | None:
    """Return a moment as SQLite keeps it, in UTC: the order of the texts is that of the moments."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("A moment has a time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _read(kept: str) -> datetime:
    return datetime.fromisoformat(f"{kept}+00:00")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
