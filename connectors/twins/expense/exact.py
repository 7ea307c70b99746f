"""JSON whose numbers keep every digit."""

import json
from decimal import Decimal
from typing import Any  # JSON

import orjson

from connectors.twins.answers import MalformedBodyError


def exact_object(body: bytes) -> dict[str, Any]:
    """Return a JSON object with its decimals as they were written. Raises MalformedBodyError: it is none."""
    try:
        content = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
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
    if isinstance(value, int):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is no JSON")


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
