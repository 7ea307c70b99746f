"""A list from the platform, cut into its items without changing a byte of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final  # a JSON value may be anything

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_LENIENT: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
"""Only finds where a value ends; what a document says is read strictly by `wire.read_document`."""


class MalformedListingError(ValueError):
    """The answer is not a JSON object: cut off on the way, or not from the platform."""


class DriftedListingError(ValueError):
    """The answer is JSON, but has no list where the contract has one."""


@dataclass(frozen=True, slots=True)
class Handed:
    """An item as it was handed over: its own bytes, and its content for a first look."""

    payload: bytes
    content: Any  # as the bytes say, which nobody has judged yet


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of a list in order, and what stands beside it."""

    items: tuple[Handed, ...]
    beside: Mapping[str, Any]  # JSON values; numbers as they were written


def listing_of(body: bytes, name: str) -> Listing:
    """Return the list that stands under a name in the object that the body is.

    Raises:
        MalformedListingError: the body is not a JSON object.
        DriftedListingError: no list stands under the name.
    """
    try:
        text = body.decode()
        members = _members_of(text)
        found = members.get(name)
        items = tuple(_elements_of(text, found.start)) if found and isinstance(found.value, list) else None
    except (ValueError, IndexError, RecursionError) as error:
        raise MalformedListingError("the answer is not a JSON object") from error
    if items is None:
        raise DriftedListingError(f"the answer has no list {name!r}")
    return Listing(items, {key: member.value for key, member in members.items() if key != name})


@dataclass(frozen=True, slots=True)
class _Member:
    start: int
    value: Any  # any JSON value


def _members_of(text: str) -> dict[str, _Member]:
    """Return the members of the object that the text is, each with its place."""
    at = _behind("{", text, _skip(text, 0))
    members = {}
    while text[at] != "}":
        name, end = _LENIENT.raw_decode(text, at)
        start = _behind(":", text, _skip(text, end))
        value, end = _LENIENT.raw_decode(text, start)
        members[str(name)] = _Member(start, value)
        at = _next(text, end)
    if _skip(text, at + 1) != len(text):
        raise MalformedListingError("something follows the object")
    return members


def _elements_of(text: str, start: int) -> Iterator[Handed]:
    """Yield the elements of the array at `start`, each with the bytes it stands in."""
    at = _behind("[", text, start)
    while text[at] != "]":
        value, end = _LENIENT.raw_decode(text, at)
        yield Handed(text[at:end].encode(), value)
        at = _next(text, end)


def _next(text: str, end: int) -> int:
    """Return the place behind the comma that follows a value, or of what closes its object or array."""
    at = _skip(text, end)
    return _behind(",", text, at) if text[at] == "," else at


def _behind(mark: str, text: str, at: int) -> int:
    """Return the place of the next value behind the mark that must stand at `at`."""
    if text[at] != mark:
        raise MalformedListingError(f"{mark} is missing at {at}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    """Return the place of the first character at or after `at` that is no white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at
