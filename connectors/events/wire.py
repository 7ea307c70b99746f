"""The bytes of an event's data, read strictly: one meaning, and nothing that a database cannot store."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Never  # a JSON value may be anything

DEEPEST: Final = 64
"""Objects and lists inside of each other; ours are six deep."""

_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""A zero character or half of a pair: legal in JSON, refused by databases and by UTF-8."""


class UnreadableDataError(Exception):
    """The bytes are no JSON object that can be read without guessing."""


def read_data(payload: bytes) -> Mapping[str, Any]:
    """Return the data as a JSON object.

    Raises:
        UnreadableDataError: no JSON object, a key twice, a number that is none, or text nobody can store.
    """
    try:
        text = payload.decode()
        data = _STRICT.decode(text)
    except UnicodeDecodeError as error:
        raise UnreadableDataError("it is not UTF-8") from error
    except RecursionError as error:
        raise UnreadableDataError("it is nested too deeply") from error
    except (ValueError, ArithmeticError) as error:
        raise UnreadableDataError("it is not JSON") from error
    if not isinstance(data, dict):
        raise UnreadableDataError("it is not a JSON object")
    if _may_be_unusual(text):
        _check(data)
    return data


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise UnreadableDataError("a key stands twice in one of its objects")
    return members


def _refuse(constant: str) -> Never:
    raise UnreadableDataError(f"{constant} is not a number")


_STRICT: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_unique)


def _may_be_unusual(text: str) -> bool:
    """Return whether the values must be looked at: only an escape hides such a character, only brackets nest."""
    return "\\u" in text or text.count("{") + text.count("[") > DEEPEST


def _check(data: object) -> None:
    waiting = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise UnreadableDataError("it is nested too deeply")
        match value:
            case str() if _NOT_STORABLE.search(value):
                raise UnreadableDataError("it holds characters that no database stores")
            case dict():
                waiting += [(inner, depth + 1) for inner in (*value, *value.values())]
            case list():
                waiting += [(inner, depth + 1) for inner in value]
            case _:
                continue
