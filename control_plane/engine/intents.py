"""Committed intents as bytes and back."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson

from connectors.contract import Intent, PostingLine


def encode(intents: Sequence[Intent]) -> bytes:
    """Return the intents as JSON; amounts are integers in minor units."""
    return orjson.dumps(list(intents))


def decode(body: bytes) -> tuple[Intent, ...]:
    """Return the intents that `encode` was given."""
    return tuple(_intent(item) for item in orjson.loads(body))


def _intent(item: dict[str, Any]) -> Intent:  # JSON as `encode` wrote it
    dates = {name: date.fromisoformat(item[name]) for name in ("posting_date", "document_date")}
    lines = tuple(PostingLine(**line) for line in item["lines"])
    return Intent(**(item | dates | {"lines": lines}))
