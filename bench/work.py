"""The work W(n): n approved expenses as CloudEvents carry them, and what must become of each."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final  # a JSON value

import orjson

from connectors.canonical.events import EventType
from connectors.contract import Envelope

SOURCE: Final = "travel"
"""The connection that sends the expenses."""

REPEATS_EVERY: Final = 50
_REPEATED_AFTER: Final = 25
_AMOUNTS: Final = 15_013
"""So many expenses later an amount comes again: a fourth of 20,000 has one to be compared with."""
_APPROVED_AT: Final = datetime(2026, 10, 15, 8, 30, tzinfo=UTC)
_COMPANIES: Final = (("1000", "EUR", "V19", 19, "CC-1001", "DE"), ("2000", "CHF", "C81", 8, "CC-2001", "CH"))


class Fate(StrEnum):
    """What the ERP does with an expense."""

    BOOKED = "booked"
    AWAY_ONCE = "away_once"
    """Answered 503 once, booked afterwards."""
    REFUSED = "refused"
    """Answered 422, never booked."""


def key_of(number: int) -> int:
    """Return the business key of the nth expense: its own number, or that of the one that it repeats."""
    return number - _REPEATED_AFTER if number % REPEATS_EVERY == REPEATS_EVERY - 1 else number


def fate_of(key: int) -> Fate:
    """Return what the ERP does with a key: 2 % are away once, 1 % is refused."""
    if key % 100 == 13:  # noqa: PLR2004  (one of a hundred)
        return Fate.REFUSED
    return Fate.AWAY_ONCE if key % 50 == 7 else Fate.BOOKED  # noqa: PLR2004  (one of fifty)


def expected(count: int, *, has_fates: bool = True) -> set[int]:
    """Return the keys that the ERP's books must hold once each after W(count)."""
    keys = {key_of(number) for number in range(count)}
    return {key for key in keys if fate_of(key) is not Fate.REFUSED} if has_fates else keys


def subject_of(number: int) -> str:
    """Return the source's own id of the nth expense; a repeated one comes under an id of its own."""
    key = key_of(number)
    return f"R-{key:08d}" if key == number else f"R-{key:08d}-again"


def key_in(subject: str) -> int:
    """Return the business key behind a source's id."""
    return int(subject[2:10])


def envelope(number: int) -> Envelope:
    """Return the nth expense as the intake takes it over."""
    return Envelope(
        id=f"{subject_of(number)}-1",
        source=SOURCE,
        type=EventType.EXPENSE_REPORT_APPROVED,
        subject=subject_of(number),
        time=_APPROVED_AT,
        payload=document(number),
    )


def envelopes(numbers: Iterable[int]) -> list[Envelope]:
    """Return these expenses as the intake takes them over."""
    return [envelope(number) for number in numbers]


def document(number: int) -> bytes:
    """Return the nth expense's data, about 1.2 kB of JSON; a repeated one says the same again."""
    return orjson.dumps(report(key_of(number)))


def report(key: int) -> dict[str, Any]:
    """Return the data of the expense with this key."""
    company, currency, tax_code, percent, cost_center, country = _COMPANIES[key % 4 == 0]
    employee = f"E-{(key * 3 + (key % 4 == 0)) % 480:03d}"
    gross = 1000 + key * 7919 % _AMOUNTS
    tax = gross * percent // (100 + percent)
    return {
        "document_number": f"TR-{key:08d}",
        "legal_entity_ref": company,
        "title": f"Visit to a customer, trip number {key}",
        "employee": {"employee_ref": employee, "country_code": country},
        "total": {"amount": _text(gross), "currency": currency},
        "approved_at": "2026-10-15T08:30:00Z",
        "document_date": "2026-10-14",
        "approvers": [
            {"employee_ref": "E-033", "level": 1, "approved_at": "2026-10-14T16:05:00Z"},
            {"employee_ref": "E-003", "level": 2, "approved_at": "2026-10-15T08:30:00Z"},
        ],
        "policy_status": "compliant",
        "travel_permit_ref": f"TP-{key:08d}",
        "service_from": "2026-10-11",
        "service_to": "2026-10-13",
        "lines": [
            {
                "line_number": 1,
                "line_ref": f"L-{key:08d}-1",
                "expense_type": "LODNG",
                "transaction_date": "2026-10-12",
                "description": "Two nights near the customer's plant, breakfast included",
                "merchant": f"Hotel number {key % 400}",
                "approved": _text(gross),
                "transaction_amount": _text(gross),
                "transaction_currency": currency,
                "receipt_ref": f"receipt-{key:08d}",
                "card_transaction_ref": f"card-{key:08d}",
                "journals": [
                    {
                        "payer": "company",
                        "payee": "employee",
                        "gross": _text(gross),
                        "net_of_reclaim": _text(gross - tax),
                        "net_of_tax": _text(gross - tax),
                        "coding": {"cost_center_ref": cost_center, "project_ref": f"P-{key % 10:02d}"},
                        "taxes": [{"tax_code_ref": tax_code, "amount": _text(tax), "reclaimable": _text(tax)}],
                    }
                ],
            }
        ],
    }


def _text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
