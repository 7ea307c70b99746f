"""JSON whose numbers keep every digit."""

import json
from decimal import Decimal
from typing import Any, Final  # JSON

import orjson

from connectors.twins.answers import MalformedBodyError

_MOST_DIGITS: Final = 18
"""What a 64-bit number surely holds."""


def exact_object(body: bytes) -> dict[str, Any]:
    """Return a JSON object with its decimals as they were written. Raises MalformedBodyError: it is none."""
    try:
        orjson.loads(body)  # stricter: no NaN, no half of a character
        content = json.loads(body, parse_float=Decimal, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise MalformedBodyError(f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise MalformedBodyError("The body is not a JSON object")
    return content


def exact_bytes(content: object) -> bytes:
    """Return JSON text in which decimals keep their digits."""
    return orjson.dumps(content, default=_digits)


def _digits(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is no JSON")


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MOST_DIGITS else Decimal(digits)
