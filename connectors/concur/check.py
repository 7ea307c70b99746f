"""Whether a document can be translated exactly: every reason against it at once."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final  # a JSON value may be anything

from connectors.canonical.money import NO_CURRENCY, InexactAmountError, UnknownCurrencyError, exponent_of
from connectors.concur.schema import violations_of
from connectors.concur.values import minor_of, moment_of, plain_of
from connectors.concur.wire import DocType, leaves_of, member, text_of
from connectors.failures import Failure

_CURRENCY: Final[Mapping[DocType, tuple[str, ...]]] = {
    DocType.EXPENSE: ("document", "report", "employeeCurrencyAlphaCode"),
    DocType.CASH_ADVANCE: ("document", "cashAdvanceData", "employeeCurrencyAlphaCode"),
}
_AMOUNTS: Final = re.compile(
    r"document\.(report\.totalApprovedAmount"
    r"|expenseEntry\.\d+\.(entryApprovedAmount"
    r"|allocation\.\d+\.(journal\.\d+\.amount(Gross|NetOfReclaim|NetOfTax)|tax\.\d+\.amount(Tax|Reclaim)))"
    r"|cashAdvanceApplication\.\d+\.cashAdvanceApplicationAmount"
    r"|journalData\.\d+\.amount)"
)
"""What stands in the document's currency."""

_OTHER_NUMBERS: Final = re.compile(
    r"document\.(expenseEntry\.\d+\.(entryExchangeRate|reportEntryTransactionAmount)"
    r"|cashAdvanceData\.(exchangeRate|requestAmount))"
)
_MOMENTS: Final = re.compile(
    r"document\.(report\.report(PaymentProcessing|UserDefined|Submit|Start|End)Date"
    r"|expenseEntry\.\d+\.entryDate|cashAdvanceData\.(issued|request|travelStart|travelEnd)Date)"
)


def currency_of(document: Mapping[str, Any], doc_type: DocType) -> str:
    """Return the currency that the document is in, as its code."""
    return text_of(member(document, *_CURRENCY[doc_type]))


def failures_of(document: Mapping[str, Any], doc_type: DocType) -> tuple[Failure, ...]:
    """Return why the document cannot be translated; empty: it can."""
    violations = violations_of(document, doc_type)
    return violations or tuple(_inexact_values(document, currency_of(document, doc_type)))


def _inexact_values(document: Mapping[str, Any], currency: str) -> Iterator[Failure]:
    if not _is_known(currency):
        yield Failure("unknown_currency", {"currency": currency})
        return
    for path, value in leaves_of(document):
        failure = _failure_of(path, value, currency) if value is not None else None
        if failure is not None:
            yield failure


def _is_known(currency: str) -> bool:
    try:
        exponent_of(currency)
    except UnknownCurrencyError:
        return False
    return currency != NO_CURRENCY


def _failure_of(path: str, value: object, currency: str) -> Failure | None:
    try:
        if _AMOUNTS.fullmatch(path):
            minor_of(value, currency)
        elif _OTHER_NUMBERS.fullmatch(path):
            plain_of(value)
        elif _MOMENTS.fullmatch(path):
            moment_of(value)
    except InexactAmountError:
        return Failure("inexact_amount", {"value": text_of(value)[:40], "currency": currency}, field_path=path)
    except ValueError:
        return Failure("schema_violation", {"problem": f"{path}: a value is no moment", "field": path}, field_path=path)
    return None
