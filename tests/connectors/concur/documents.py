"""Documents of the platform for the tests: invented people, exact amounts, any part changed by name."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseReport
from connectors.concur.fields import Fields
from connectors.concur.translation import translation_of
from connectors.concur.wire import DocType, DocumentKey
from connectors.contract import Document, Envelope, Translation, Unreadable
from connectors.twins.expense.exact import exact_bytes

Words = dict[str, Any]
_NUMBERS = count(1)
AT = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)


def a_journal(gross: object = Decimal("119.00"), payer: str = "COMP", payee: str = "EMPL", **changed: object) -> Words:
    return {
        "journalPayer": payer,
        "journalPayee": payee,
        "amountGross": gross,
        "amountNetOfReclaim": gross,
        "amountNetOfTax": gross,
        "journalAccountCode": "474120",
        "taxGuid": [],
        **changed,
    }


def a_tax(amount: object, reclaim: object, guid: str | None = "T1", code: str = "V19") -> Words:
    return {"taxGuid": guid, "taxCode": code, "taxReclaimCode": code, "amountTax": amount, "amountReclaim": reclaim}


def an_allocation(*journals: Words, taxes: Sequence[Words] = (), **changed: object) -> Words:
    codes = {"allocationCustom2Code": "1000", "allocationCustom4Code": "CC-1001", "allocationCustom5Code": "P-05"}
    return {**codes, "journal": list(journals or (a_journal(),)), "tax": list(taxes), **changed}


def an_entry(*allocations: Words, approved: object = Decimal("119.00"), **changed: object) -> Words:
    return {
        "entryId": f"ENTRY{next(_NUMBERS):05}",
        "expenseTypeCode": "LODNG",
        "entryDate": "2026-10-12T00:00:00.000Z",
        "entryDescription": "Two nights",
        "entryVendorDescription": "Lindenhof Inn",
        "entryApprovedAmount": approved,
        "reportEntryTransactionAmount": Decimal("119.00"),
        "entryCurrAlphaCode": "EUR",
        "entryExchangeRate": 1,
        "entryExchangeRateDirection": "M",
        "entryIsPersonal": "N",
        "allocation": list(allocations or (an_allocation(),)),
        **changed,
    }


def an_expense(
    *entries: Words,
    total: object = Decimal("119.00"),
    report: Mapping[str, object] | None = None,
    employee: Mapping[str, object] | None = None,
    **changed: object,
) -> Words:
    number = next(_NUMBERS)
    return {
        "id": f"{number:032x}",
        "docType": "expense",
        "companyId": "100200",
        "docStatus": "READY",
        "document": {
            "employee": {
                "employeeId": "E-031",
                "employeeFirstName": "Bente",
                "employeeMI": "K",
                "employeeLastName": "Alder",
                "employeeOrgUnit2Code": "1000",
                **(employee or {}),
            },
            "report": {
                "reportId": f"REPORT{number:014}",
                "reportKey": number,
                "reportName": "Hamburg",
                "employeeCurrencyAlphaCode": "EUR",
                "totalApprovedAmount": total,
                "isTest": "N",
                "homeCountryCode": "DE",
                "reportPaymentProcessingDate": "2026-10-14T16:20:00.500Z",
                "reportUserDefinedDate": "2026-10-13T00:00:00.000Z",
                "lastApproverId": "E-007",
                "reportCustom1Code": "2",
                "reportCustom2Code": "WITHIN_POLICY",
                **(report or {}),
            },
            "expenseEntry": list(entries or (an_entry(),)),
            "cashAdvanceApplication": [],
            **changed,
        },
    }


def a_cash_advance(amount: object = Decimal("300.00"), **changed: object) -> Words:
    number = next(_NUMBERS)
    return {
        "id": f"{number:032x}",
        "docType": "cashadvance",
        "companyId": "100200",
        "docStatus": "READY",
        "document": {
            "employeeData": {"employeeId": "E-031", "employeeFirstName": "Bente", "employeeOrgUnit2Code": "1000"},
            "cashAdvanceData": {
                "cashAdvanceId": f"ADVANCE{number:013}",
                "name": "Trip to Basel",
                "purpose": "Fair",
                "requestAmount": amount,
                "currencyAlphaCode": "EUR",
                "employeeCurrencyAlphaCode": "EUR",
                "exchangeRate": 1,
                "requestDate": "2026-10-01T08:00:00.000Z",
                "issuedDate": "2026-10-02T08:00:00.000Z",
                "travelStartDate": "2026-10-05T00:00:00.000Z",
                "isTest": "N",
                "countryCode": "DE",
                **changed,
            },
            "journalData": [{"accountCode": "182000", "amount": amount, "payer": "COMP", "payee": "EMPL"}],
        },
    }


def envelope_with(payload: bytes, doc_id: str = "d1", doc_type: DocType = DocType.EXPENSE) -> Envelope:
    key = str(DocumentKey(doc_type, doc_id))
    return Envelope(key, "concur", EventType.EXPENSE_REPORT_APPROVED, "subject", AT, payload)


def translated(document: Words, fields: Fields | None = None) -> Translation:
    envelope = envelope_with(exact_bytes(document), str(document["id"]), DocType(document["docType"]))
    return translation_of(envelope, fields or Fields())


def report_of(document: Words, fields: Fields | None = None) -> ExpenseReport:
    said = translated(document, fields)
    assert isinstance(said, Document), said
    assert isinstance(said.content, ExpenseReport)
    return said.content


def refused(document: Words) -> Unreadable:
    said = translated(document)
    assert isinstance(said, Unreadable), said
    return said


def codes_of(said: Translation) -> list[tuple[str, str]]:
    assert isinstance(said, Unreadable), said
    return [(failure.code, failure.field_path) for failure in said.failures]


def exactly(payload: bytes) -> Any:
    """Return JSON with exact decimals, read past the connector."""
    return json.loads(payload, parse_float=Decimal, parse_int=Decimal)
