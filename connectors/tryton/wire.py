"""Tryton's words: JSON-RPC with its own forms for decimals, dates and moments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeGuard

Row = Mapping[str, Any]  # a record's fields are whatever its model says
Values = dict[str, Any]  # the same on its way out
Domain = Sequence[Any]  # Tryton's prefix notation, nested at will


@dataclass(frozen=True, slots=True)
class Answered:
    """Tryton did what was asked."""

    value: Any  # the method's own result
    as_of: datetime | None = None
    """By the server's own clock."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Tryton did not, and rolled back; the class comes before the words."""

    error: str
    """`UserError`, `UserWarning`, `ConcurrencyException`, `LoginException`, else empty: an error of its own."""
    message: str
    warning: str = ""
    """The name under which a warning can be accepted."""


class UnclearAnswerError(ValueError):
    """The answer is no JSON-RPC reply: nothing is known."""


_CLASSES: Final = frozenset({"UserError", "UserWarning", "ConcurrencyException", "LoginException"})
_ESCAPED: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\%_"})


def call(method: str, params: Sequence[Any]) -> bytes:
    """Return the body of a call. Exactly these three keys: any other one changes how Tryton reports errors."""
    return json.dumps({"id": 0, "method": method, "params": params}, default=_encode, separators=(",", ":")).encode()


def answer(body: bytes) -> Answered | Refusal:
    """Return what Tryton says.

    Raises:
        UnclearAnswerError: the body is no reply.
    """
    match parsed(body):
        case {"error": [str(error), *rest]}:
            return _refusal(error, rest)
        case {"result": value}:
            return Answered(value)
        case _:
            raise UnclearAnswerError("neither a result nor an error")


def parsed(body: bytes) -> Any:  # JSON's own values
    """Return Tryton's JSON as Python's values, moments aware in UTC.

    Raises:
        UnclearAnswerError: the body is no JSON, or one of Tryton's own forms is broken.
    """
    try:
        return json.loads(body, object_hook=_decode, parse_constant=_no_number)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise UnclearAnswerError(str(error)) from error


def dumped(value: Any) -> bytes:  # what Tryton sent or a row of it
    """Return a value in Tryton's JSON, keys sorted, so that equal values are equal bytes."""
    return json.dumps(value, default=_encode, sort_keys=True, separators=(",", ":")).encode()


def starting_with(text: str) -> str:
    """Return a pattern for `like` that matches what begins with exactly this text."""
    return f"{text.translate(_ESCAPED)}%"


def ending_with(text: str) -> str:
    """Return a pattern for `like` that matches what ends with exactly this text."""
    return f"%{text.translate(_ESCAPED)}"


def at(row: Row, path: str) -> Any:  # the field's own type
    """Return a field over relations, `company.party.code`, as Tryton nests them; None where a relation is empty."""
    value: Any = row
    *relations, name = path.split(".")
    for relation in relations:
        value = value.get(f"{relation}.")
        if value is None:
            return None
    return value.get(name)


def is_row_list(value: object) -> TypeGuard[list[Row]]:
    """Return whether a result is a list of records."""
    return isinstance(value, list) and all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in value)


def is_id_list(value: object) -> TypeGuard[list[int]]:
    """Return whether a result is a list of record ids."""
    return isinstance(value, list) and all(isinstance(number, int) for number in value)


def _refusal(error: str, rest: Sequence[Any]) -> Refusal:
    match error, rest:
        case "UserWarning", [[str(name), str(message), *_]]:
            return Refusal(error, message, warning=name)
        case _, [[str(message), *_]] if error in _CLASSES:
            return Refusal(error, message)
        case _, [str(message), *_] if error in _CLASSES:
            return Refusal(error, message)
        case _:
            return Refusal("", error)


def _encode(value: object) -> Values:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            utc = value.astimezone(UTC)
            names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime"} | {name: getattr(utc, name) for name in names}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case _:
            raise TypeError(f"{type(value).__name__} has no form in Tryton's JSON")


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _decode(value: Values) -> Any:  # one of Python's types, or the object itself
    match value:
        case {"__class__": "Decimal", "decimal": str(text)}:
            return Decimal(text)
        case {"__class__": "date", "year": int(year), "month": int(month), "day": int(day)}:
            return date(year, month, day)
        case {"__class__": "datetime", **parts}:
            return datetime(**parts, tzinfo=UTC)
        case _:
            return value
