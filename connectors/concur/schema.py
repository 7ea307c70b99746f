"""What we expect of a document: our own schema, tolerant of every field that we do not read."""

from collections.abc import Mapping
from typing import Any, Final  # a JSON schema, and what it judges, may be any JSON value

import jsonschema_rs

from connectors.concur.wire import DocType
from connectors.failures import Failure

_MOST_FAILURES: Final = 10
"""More violations of one document say nothing new."""

_Schema = Mapping[str, Any]  # a JSON schema

_NAME: Final[_Schema] = {"type": ["string", "number"], "pattern": r"\S"}
_TEXT: Final[_Schema] = {"type": ["string", "null"]}
_CODE: Final[_Schema] = {"type": ["string", "number", "null"]}
"""A name or code may come as a number."""
_AMOUNT: Final[_Schema] = {"type": "number"}
_OPEN_AMOUNT: Final[_Schema] = {"type": ["number", "null"]}
_YES_NO: Final[_Schema] = {"enum": ["Y", "N", "", None]}
_SIDE: Final[_Schema] = {"enum": ["COMP", "EMPL", "IBIP", "CBCP", "IBCP", "COPD"]}


def _object(required: Mapping[str, _Schema], known: Mapping[str, _Schema]) -> _Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **known}}


def _list(of: _Schema, *, may_be_null: bool = True) -> _Schema:
    return {"type": ["array", "null"] if may_be_null else "array", "items": of}


_TAX: Final = _object({}, {"amountTax": _OPEN_AMOUNT, "amountReclaim": _OPEN_AMOUNT, "taxGuid": _TEXT})
_JOURNAL: Final = _object(
    {"journalPayer": _SIDE, "journalPayee": _SIDE, "amountGross": _AMOUNT},
    {
        "amountNetOfReclaim": _OPEN_AMOUNT,
        "amountNetOfTax": _OPEN_AMOUNT,
        "journalAccountCode": _CODE,
        "taxGuid": _list(_TEXT),
    },
)
_ALLOCATION: Final = _object({"journal": _list(_JOURNAL, may_be_null=False)}, {"tax": _list(_TAX)})
_ENTRY: Final = _object(
    {
        "entryId": _NAME,
        "entryApprovedAmount": _AMOUNT,
        "allocation": _list(_ALLOCATION, may_be_null=False),
    },
    {
        "expenseTypeCode": _CODE,
        "entryDate": _TEXT,
        "entryDescription": _TEXT,
        "entryVendorDescription": _TEXT,
        "entryCurrAlphaCode": _TEXT,
        "entryExchangeRate": _OPEN_AMOUNT,
        "entryExchangeRateDirection": {"enum": ["M", "D", "", None]},
        "entryIsPersonal": _YES_NO,
        "reportEntryTransactionAmount": _OPEN_AMOUNT,
        "clearingAccountCode": _CODE,
    },
)
_APPLICATION: Final = _object(
    {"cashAdvanceId": _NAME, "cashAdvanceApplicationAmount": _AMOUNT},
    {"cashAdvanceClearingAccountCode": _CODE},
)
_EMPLOYEE: Final = _object({"employeeId": _NAME}, {"employeeFirstName": _TEXT, "employeeLastName": _TEXT})
_REPORT: Final = _object(
    {"reportId": _NAME, "employeeCurrencyAlphaCode": _NAME},
    {
        "totalApprovedAmount": _OPEN_AMOUNT,
        "isTest": _YES_NO,
        "reportName": _TEXT,
        "homeCountryCode": _TEXT,
        "reportPaymentProcessingDate": _TEXT,
        "reportUserDefinedDate": _TEXT,
        "reportSubmitDate": _TEXT,
        "reportStartDate": _TEXT,
        "reportEndDate": _TEXT,
    },
)
_CASH_ADVANCE: Final = _object(
    {"cashAdvanceId": _NAME, "employeeCurrencyAlphaCode": _NAME},
    {
        "isTest": _YES_NO,
        "name": _TEXT,
        "requestAmount": _OPEN_AMOUNT,
        "currencyAlphaCode": _TEXT,
        "exchangeRate": _OPEN_AMOUNT,
        "issuedDate": _TEXT,
        "requestDate": _TEXT,
        "travelStartDate": _TEXT,
        "travelEndDate": _TEXT,
    },
)
_ADVANCE_JOURNAL: Final = _object({"payer": _SIDE, "payee": _SIDE, "amount": _AMOUNT}, {"accountCode": _CODE})


def _document(doc_type: DocType, content: _Schema) -> _Schema:
    return _object({"id": _NAME, "document": content}, {"docType": {"const": doc_type.value}, "docStatus": _TEXT})


_SCHEMAS: Final[Mapping[DocType, _Schema]] = {
    DocType.EXPENSE: _document(
        DocType.EXPENSE,
        _object(
            {"employee": _EMPLOYEE, "report": _REPORT, "expenseEntry": _list(_ENTRY, may_be_null=False)},
            {"cashAdvanceApplication": _list(_APPLICATION)},
        ),
    ),
    DocType.CASH_ADVANCE: _document(
        DocType.CASH_ADVANCE,
        _object(
            {
                "employeeData": _EMPLOYEE,
                "cashAdvanceData": _CASH_ADVANCE,
                "journalData": _list(_ADVANCE_JOURNAL, may_be_null=False),
            },
            {},
        ),
    ),
}
_VALIDATORS: Final = {
    doc_type: jsonschema_rs.validator_for(dict(schema), mask="a value") for doc_type, schema in _SCHEMAS.items()
}
"""Messages name what is wrong and never the value: it may be personal."""


def violations_of(document: Mapping[str, Any], doc_type: DocType) -> tuple[Failure, ...]:
    """Return where the document does not fit, the first ten."""
    failures = []
    for error in _VALIDATORS[doc_type].iter_errors(dict(document)):
        path = ".".join(str(step) for step in error.instance_path)
        problem = f"{path}: {error.message}" if path else error.message
        failures.append(Failure("schema_violation", {"problem": problem, "field": path}, field_path=path))
        if len(failures) == _MOST_FAILURES:
            break
    return tuple(failures)
