"""JSON objects read strictly, once, with the text in which each of their members stood."""

import re
from collections.abc import Callable
from json.scanner import make_scanner
from typing import Any, Final, NamedTuple, cast

from control_plane.api.strict import STRICT, check_storable, repeated_key, unreadable

_SCAN: Final = cast("Callable[[str, int], tuple[Any, int]]", make_scanner(cast("Any", STRICT)))
"""Returns a value and where it ends; raises StopIteration where none begins."""
_WHITE: Final = frozenset(" \t\r\n")
_SPACE: Final = re.compile("[ \t\r\n]*")
_FAULTS: Final = (ValueError, IndexError, StopIteration, RecursionError)


class Verbatim(NamedTuple):
    """An object's members, and the text of each as it stood there."""

    values: dict[str, Any]  # JSON values
    texts: dict[str, str]


def read_object(text: str) -> Verbatim | None:
    """Return the object that the text is; None where it is JSON of another kind.

    Raises:
        ProblemError: 400 where it is not JSON or repeats a key, 422 where a number or a text cannot be stored.
    """
    try:
        found, end = _value(text, _skip(text, 0))
    except _FAULTS as error:
        raise unreadable() from error
    _check_end(text, end)
    check_storable(text, found.values if found else None)
    return found


def read_objects(text: str, *, most: int) -> list[Verbatim | None] | None:
    """Return the items of the list that the text is, up to one more than `most`; None where it is no list.

    An item that is no object is None as well.

    Raises:
        ProblemError: 400 where it is not JSON or repeats a key, 422 where a number or a text cannot be stored.
    """
    begin = _skip(text, 0)
    if text[begin : begin + 1] != "[":
        read_object(text)
        return None
    try:
        found = _items(text, begin, most)
    except _FAULTS as error:
        raise unreadable() from error
    check_storable(text, [one.values for one in found if one])
    return found


def _items(text: str, begin: int, most: int) -> list[Verbatim | None]:
    found: list[Verbatim | None] = []
    at = _skip(text, begin + 1)
    if text[at] == "]":
        _check_end(text, at + 1)
        return found
    mark = ","
    while mark == "," and len(found) <= most:
        one, end = _value(text, at)
        found.append(one)
        mark, at = _mark(text, end, "]")
    if mark == "]":
        _check_end(text, at)
    return found


def _value(text: str, at: int) -> tuple[Verbatim | None, int]:
    """Return the object that begins there, or None for another value, and where it ends."""
    if text[at] == "{":
        return _members(text, at)
    return None, _SCAN(text, at)[1]


def _members(text: str, begin: int) -> tuple[Verbatim, int]:
    found = Verbatim({}, {})
    at = _skip(text, begin + 1)
    if text[at] == "}":
        return found, at + 1
    mark = ","
    while mark == ",":
        key, at = _key(text, at)
        if key in found.values:
            raise repeated_key()
        found.values[key], end = _SCAN(text, at)
        found.texts[key] = text[at:end]
        mark, at = _mark(text, end, "}")
    return found, at


def _key(text: str, at: int) -> tuple[str, int]:
    """Return the key that begins there, and where its value begins."""
    key, end = _SCAN(text, at)
    colon = _skip(text, end)
    if text[colon] != ":" or not isinstance(key, str):
        raise ValueError("no member")
    return key, _skip(text, colon + 1)


def _mark(text: str, end: int, closing: str) -> tuple[str, int]:
    """Return what follows a value, a comma or the closing bracket, and where the text goes on."""
    at = _skip(text, end)
    if text[at] not in ("," + closing):
        raise ValueError("no end")
    return text[at], _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    """Return where the next thing stands: mostly right there."""
    if text[at : at + 1] not in _WHITE:
        return at
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _check_end(text: str, end: int) -> None:
    if _skip(text, end) != len(text):
        raise unreadable()
