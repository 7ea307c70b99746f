"""What the expense platform itself reads of a document; nothing that it finds may stop it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final  # a document is JSON, right or wrong

_BUSINESS_KEYS: Final = (("report", "reportId"), ("cashAdvanceData", "cashAdvanceId"), ("requestHeader", "requestId"))
_AMOUNTS: Final = (
    ("report", "totalApprovedAmount"),
    ("cashAdvanceData", "requestAmount"),
    ("requestHeader", "requestTotal"),
)
_CURRENCIES: Final = (
    ("report", "employeeCurrencyAlphaCode"),
    ("cashAdvanceData", "currencyAlphaCode"),
    ("requestHeader", "currencyAlphaCode"),
)
_EMPLOYEES: Final = (
    ("employee", "employeeId"),
    ("employeeData", "employeeId"),
    ("ownerEmployee", "employeeId"),
)
_TESTS: Final = (("report", "isTest"), ("cashAdvanceData", "isTest"), ("requestHeader", "isTest"))

Path = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the books keep beside the document."""

    business_id: str | None
    approved_amount: str | None
    journal_amount: str | None
    currency: str | None
    employee_id: str | None
    is_test: bool


def facts_of(document: Mapping[str, Any]) -> Facts:
    """Return what can be read of a document."""
    amount = _first(document, _AMOUNTS)
    return Facts(
        business_id=_text(_first(document, _BUSINESS_KEYS)),
        approved_amount=str(amount) if _is_number(amount) else None,
        journal_amount=_journal_amount(document),
        currency=_text(_first(document, _CURRENCIES)),
        employee_id=_text(_first(document, _EMPLOYEES)),
        is_test=_first(document, _TESTS) == "Y",
    )


def with_revision(document: dict[str, Any], revision: int) -> dict[str, Any]:
    """Return an expense document that says which revision it is; other kinds have no place for it."""
    report = document.get("report")
    if not isinstance(report, dict):
        return document
    return {**document, "report": {**report, "revisionNumber": str(revision)}}


def _journal_amount(document: Mapping[str, Any]) -> str | None:
    amounts = [*_amounts(document, "amountGross"), *_amounts(document, "amount")]
    return str(sum(amounts, Decimal(0))) if amounts else None


def _amounts(document: Mapping[str, Any], key: str) -> Iterator[Decimal]:
    journals = _expense_journals(document) if key == "amountGross" else _dicts(document.get("journalData"))
    for journal in journals:
        amount = journal.get(key)
        if amount is not None and _is_number(amount):
            yield Decimal(amount)


def _expense_journals(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in _dicts(document.get("expenseEntry")):
        for allocation in _dicts(entry.get("allocation")):
            yield from _dicts(allocation.get("journal"))


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _first(document: Mapping[str, Any], paths: Path) -> Any:
    for part, key in paths:
        section = document.get(part)
        if isinstance(section, dict) and section.get(key) is not None:
            return section[key]
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
