"""Committed intents: as bytes and back, and what they rest on."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import orjson

from connectors.canonical.master_data import Domain
from connectors.contract import Intent, PostingLine
from control_plane.domain.calendar import period_of


def encode(intents: Sequence[Intent]) -> bytes:
    """Return the intents as JSON; amounts are integers in minor units."""
    return orjson.dumps(list(intents))


def decode(body: bytes) -> tuple[Intent, ...]:
    """Return the intents that `encode` was given."""
    return tuple(_intent(item) for item in orjson.loads(body))


def lists_behind(intents: Iterable[Intent]) -> set[tuple[str, str, str]]:
    """Return every record of the ERP's lists that the documents rest on, as (domain, legal entity, code)."""
    return {key for intent in intents for key in _keys(intent) if key[2]}


def _keys(intent: Intent) -> Iterator[tuple[str, str, str]]:
    yield Domain.PERIOD.value, intent.company, period_of(intent.posting_date)
    for line in intent.lines:
        yield Domain.GL_ACCOUNT.value, intent.company, line.account
        yield Domain.COST_CENTER.value, intent.company, line.cost_center
        yield Domain.PROJECT.value, intent.company, line.project
        yield Domain.TAX_CODE.value, intent.company, line.tax_code
        yield Domain.EMPLOYEE.value, intent.company, line.party


def _intent(item: dict[str, Any]) -> Intent:  # JSON as `encode` wrote it
    dates = {name: date.fromisoformat(item[name]) for name in ("posting_date", "document_date")}
    lines = tuple(PostingLine(**line) for line in item["lines"])
    return Intent(**(item | dates | {"lines": lines}))
