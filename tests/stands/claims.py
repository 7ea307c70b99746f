"""Expense documents made to measure: one line, paid by the employee, everything else as the sample set has it."""

from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any

from connectors.twins.expense.sample_set import sample_set


@cache
def _pattern() -> dict[str, Any]:
    simple = (one.envelope for one in sample_set() if one.case == "employee_paid")
    return next(one for one in simple if _is_simple(one["document"]))


def _is_simple(document: dict[str, Any]) -> bool:
    entries = document["expenseEntry"]
    journals = [journal for entry in entries for part in entry["allocation"] for journal in part["journal"]]
    return len(entries) == 1 and len(journals) == 1 and document["report"]["employeeCurrencyAlphaCode"] == "EUR"


def claim(
    report: str,
    *,
    amount: str = "100.00",
    document: str | None = None,
    project: str | None = None,
    employee: str | None = None,
    day: str | None = None,
) -> dict[str, Any]:
    """Return an approved claim; `document` is the platform's id of this version."""
    envelope = deepcopy(_pattern())
    words = envelope["document"]
    entry = words["expenseEntry"][0]
    part = entry["allocation"][0]
    envelope["id"] = document or f"{report}-1"
    words["report"] |= {"reportId": report, "reportKey": report, "totalApprovedAmount": Decimal(amount)}
    entry |= {"entryApprovedAmount": Decimal(amount), "reportEntryTransactionAmount": Decimal(amount)}
    entry |= {"entryId": f"{report}-entry", "entryVendorDescription": f"Merchant of {report}"}
    part["journal"][0] |= dict.fromkeys(("amountGross", "amountNetOfReclaim", "amountNetOfTax"), Decimal(amount))
    part |= {"tax": []} if "tax" in part else {}
    if project is not None:
        part["allocationCustom5Code"] = project
    if employee is not None:
        words["employee"]["employeeId"] = employee
    if day is not None:
        words["report"]["reportUserDefinedDate"] = f"{day}T00:00:00.000Z"
    return envelope
