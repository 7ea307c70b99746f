"""Documents that the twins take: a posting for the ERP, a report for the expense platform."""

from typing import Any


def line(account: str, debit: str = "0.00", credit: str = "0.00", **more: str) -> dict[str, Any]:
    return {"account": account, "debit": debit, "credit": credit, **more}


def posting(reference: str = "R1", **changes: Any) -> dict[str, Any]:
    """A valid document of 119.00 EUR; the changes replace fields."""
    return {
        "reference": reference,
        "source_document": f"S-{reference}",
        "company": "1000",
        "ledger": "main",
        "document_type": "EX",
        "posting_date": "2026-10-15",
        "document_date": "2026-10-12",
        "currency": "EUR",
        "text": "Trip to Hamburg",
        "lines": [
            line("474120", debit="100.00", cost_center="CC-1001", project="P-05", tax_code="V19"),
            line("154000", debit="19.00", tax_code="V19"),
            line("331000", credit="119.00", party="E-003"),
        ],
        **changes,
    }


def report(report_id: str = "REPORT1", amount: object = 55, **changes: Any) -> dict[str, Any]:
    """An approved expense report of one line."""
    journal = {"journalAccountCode": "474130", "journalPayer": "COMP", "journalPayee": "EMPL", "amountGross": amount}
    return {
        "docType": "expense",
        "document": {
            "employee": {"employeeId": "E-030"},
            "report": {
                "reportId": report_id,
                "totalApprovedAmount": amount,
                "employeeCurrencyAlphaCode": "EUR",
                "isTest": "N",
                "revisionNumber": "1",
            },
            "expenseEntry": [{"entryApprovedAmount": amount, "allocation": [{"journal": [journal], "tax": []}]}],
            "cashAdvanceApplication": [],
        },
        **changes,
    }
