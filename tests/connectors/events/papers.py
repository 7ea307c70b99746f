"""Events made to measure, and an own way from our facts to their JSON."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any

from connectors.canonical.events import EventType
from connectors.canonical.money import Money, format_minor
from connectors.contract import Envelope

AT = datetime(2026, 10, 15, 8, 30, tzinfo=UTC)
SAID = {"source_system", "source_id", "source_document_id"}
"""What an approved document's attributes say."""


def report(**changes: Any) -> dict[str, Any]:
    """Return the data of an approved report over 119.00 EUR; None takes a field away."""
    journal = {
        "payer": "company",
        "payee": "employee",
        "gross": "119.00",
        "net_of_reclaim": "100.00",
        "net_of_tax": "100.00",
        "coding": {"cost_center_ref": "CC-1001", "project_ref": "P-05"},
        "taxes": [{"tax_code_ref": "V19", "amount": "19.00", "reclaimable": "19.00"}],
    }
    line = {
        "line_number": 1,
        "line_ref": "L1",
        "expense_type": "LODNG",
        "transaction_date": "2026-10-12",
        "merchant": "Hotel Elbe",
        "approved": "119.00",
        "journals": [journal],
    }
    data = {
        "document_number": "TR-4711",
        "legal_entity_ref": "1000",
        "employee": {"employee_ref": "E-003"},
        "total": {"amount": "119.00", "currency": "EUR"},
        "approved_at": "2026-10-15T10:30:00+02:00",
        "lines": [line],
    }
    return _without_none({**data, **changes})


def payment(**changes: Any) -> dict[str, Any]:
    data = {
        "reference": "EXR-1000-travel-TR-4711-1",
        "source_document": "TR-4711",
        "erp_document_number": "0000000017",
        "status": "paid",
        "amount": {"amount": "119.00", "currency": "EUR"},
        "paid_on": "2026-10-31",
    }
    return _without_none({**data, **changes})


def record(domain: str, code: str, *, attributes: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    data = {"domain": domain, "code": code, "name": code, "active": True, "attributes": dict(attributes or {})}
    return _without_none({**data, **changes})


def event(
    data: object, type_: str = EventType.EXPENSE_REPORT_APPROVED, *, subject: str = "TR-4711", id_: str = "TR-4711-2"
) -> Envelope:
    """Return an event with this data; bytes are taken as they are."""
    payload = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Envelope(id_, "travel", type_, subject, AT, payload)


def wire_of(fact: Any, currency: str = "", without: frozenset[str] = frozenset()) -> Any:
    """Return a canonical fact as its event has it, by rules of our own."""
    match fact:
        case Money(minor=minor, currency=own):
            return {"amount": format_minor(minor, own), "currency": own}
        case datetime() | date():
            return fact.isoformat()
        case tuple():
            return [wire_of(each, currency) for each in fact]
        case Mapping():
            return dict(fact)
    if not is_dataclass(fact):
        return fact
    named = {one.name: getattr(fact, one.name) for one in fields(fact) if one.name not in without}
    return {
        name.removesuffix("_minor"): format_minor(value, currency)
        if name.endswith("_minor") and value is not None
        else wire_of(value, currency)
        for name, value in named.items()
    }


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
