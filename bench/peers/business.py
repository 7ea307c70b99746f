"""The work between two I/O points, as lean as a team would write it by hand: schema, enrichment, ERP document."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final  # JSON values

import jsonschema_rs
import orjson

from connectors.canonical.events import EventType
from connectors.events.kinds import schema_of
from connectors.twins.erp.master_data import Seed, items

ACCOUNT: Final = "474300"
INPUT_TAX: Final = "154000"
EMPLOYEE: Final = "331000"


class NotValidError(ValueError):
    """An expense does not fit its schema, or names what the ERP does not know."""


@dataclass(frozen=True, slots=True)
class Enriched:
    """An expense with what the lists say about it."""

    group_amount: str
    cost_center: str
    tax_code: str


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(dict(schema_of(EventType.EXPENSE_REPORT_APPROVED)))


@cache
def _lists() -> frozenset[tuple[str, str]]:
    return frozenset((item.domain, item.code) for item in items(Seed()) if item.active)


@cache
def _rates() -> Mapping[tuple[str, str], Decimal]:
    rates = (item.attributes for item in items(Seed()) if item.domain == "rate")
    return {(one["from"], one["period"]): Decimal(one["rate"]) for one in rates}


def read(body: bytes) -> dict[str, Any]:
    """Return an expense as it stands in its bytes. Raises NotValidError: it does not fit its schema."""
    data: dict[str, Any] = orjson.loads(body)
    if not _validator().is_valid(data):
        raise NotValidError("it does not fit its schema")
    return data


def enriched(data: Mapping[str, Any]) -> Enriched:
    """Return what master data and rates say. Raises NotValidError: a code is not known."""
    (line,) = data["lines"]
    (journal,) = line["journals"]
    coding, (tax,) = journal["coding"], journal["taxes"]
    named = (
        ("legal_entity", data["legal_entity_ref"]),
        ("employee", data["employee"]["employee_ref"]),
        ("cost_center", coding["cost_center_ref"]),
        ("project", coding["project_ref"]),
        ("tax_code", tax["tax_code_ref"]),
    )
    unknown = [key for key in named if key not in _lists()]
    if unknown:
        raise NotValidError(f"not known: {unknown}")
    currency, amount = data["total"]["currency"], Decimal(data["total"]["amount"])
    rate = Decimal(1) if currency == "EUR" else _rates()[currency, data["approved_at"][:7]]
    return Enriched(str((amount * rate).quantize(Decimal("0.01"))), coding["cost_center_ref"], tax["tax_code_ref"])


def erp_call(subject: str, data: Mapping[str, Any]) -> bytes:
    """Return the body of the posting call."""
    (line,) = data["lines"]
    (journal,) = line["journals"]
    tax = journal["taxes"][0]
    document = {
        "reference": f"EXR-{subject}",
        "source_document": subject,
        "company": data["legal_entity_ref"],
        "ledger": "main",
        "document_type": "EX",
        "posting_date": data["document_date"],
        "document_date": data["document_date"],
        "currency": data["total"]["currency"],
        "text": data["document_number"],
        "lines": [
            _line(ACCOUNT, debit=journal["net_of_reclaim"], **_coding(journal["coding"])),
            _line(INPUT_TAX, debit=tax["reclaimable"], tax_code=tax["tax_code_ref"]),
            _line(EMPLOYEE, credit=journal["gross"], party=data["employee"]["employee_ref"]),
        ],
    }
    return orjson.dumps({"documents": [document]})


def _coding(coding: Mapping[str, str]) -> dict[str, str]:
    return {"cost_center": coding["cost_center_ref"], "project": coding["project_ref"]}


def _line(account: str, *, debit: str = "0.00", credit: str = "0.00", **keys: str) -> dict[str, str | None]:
    open_keys = dict.fromkeys(("party", "cost_center", "project", "tax_code", "text"))
    return {**open_keys, **keys, "account": account, "debit": debit, "credit": credit}
