"""What the platform's answers about one document mean: one table per question, chosen by code before text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final  # a JSON value may be anything

from connectors.concur.wire import text_of
from connectors.contract import Receipt, ReceiptStatus
from connectors.failures import Failure

_S = ReceiptStatus

NOT_YET_ACKNOWLEDGED: Final = "NOT_YET_ACKNOWLEDGED"


@dataclass(frozen=True, slots=True)
class Question:
    """How the answers to one kind of call are read."""

    result_field: str
    by_code: Mapping[int, ReceiptStatus]
    """The service codes that decide by themselves; 0 and the others leave it to the result."""
    by_result: Mapping[str, ReceiptStatus]


ACKNOWLEDGEMENT: Final = Question(
    result_field="acknowledgeResult",
    by_code={
        101: _S.DONE,  # acknowledged before: our own earlier call, whose answer was lost
        102: _S.RECALLED,
        103: _S.LATER,  # not ready
        104: _S.REFUSED,  # does not exist
        105: _S.REFUSED,  # not of this type
        199: _S.LATER,  # unknown error, try again later
    },
    by_result={"SUCCESS": _S.DONE, "FAILURE": _S.REFUSED},
)
POSTING: Final = Question(
    result_field="postingConfirmationResult",
    by_code={
        111: _S.LATER,  # not acknowledged
        112: _S.RECALLED,
        113: _S.DONE,  # confirmed before
        116: _S.REFUSED,  # does not exist
        199: _S.LATER,
    },
    by_result={
        "SUCCESS": _S.DONE,
        "SYSTEM_ERROR_OCCURRED": _S.LATER,
        NOT_YET_ACKNOWLEDGED: _S.LATER,
        "DOCUMENT_NOT_FOUND": _S.REFUSED,
        "FAILURE": _S.REFUSED,
        "WAS_RECALLED": _S.RECALLED,
    },
)
PAYMENT: Final = Question(
    result_field="paymentConfirmationResult",
    by_code={
        112: _S.RECALLED,
        116: _S.REFUSED,
        199: _S.LATER,
        213: _S.DONE,  # confirmed before
    },
    by_result={
        "SUCCESS": _S.DONE,
        "NOOP": _S.DONE,  # this payment reference was confirmed before
        "SYSTEM_ERROR_OCCURRED": _S.LATER,
        "NOT_POSTING_CONFIRMED": _S.LATER,  # the posting's own confirmation comes first
        "DOCUMENT_NOT_FOUND": _S.REFUSED,
        "FAILURE": _S.REFUSED,
    },
)


def receipt_of(source_document_id: str, item: Mapping[str, Any] | None, question: Question) -> Receipt:
    """Return what the answer says about one document; None where the platform said nothing about it."""
    if item is None:
        silence = Failure("answer_lost", detail="the answer does not name the document")
        return Receipt(source_document_id, _S.LATER, silence)
    code, result = item.get("code"), text_of(item.get(question.result_field))
    status = question.by_code.get(code) if isinstance(code, int) else None
    status = status or question.by_result.get(result, _S.LATER)
    return Receipt(source_document_id, status, _failure_of(status, item, result))


def later(source_document_id: str, failure: Failure) -> Receipt:
    """Return the receipt for a call that brought no answer; all calls may be repeated."""
    return Receipt(source_document_id, _S.LATER, failure)


def is_unacknowledged(item: Mapping[str, Any] | None) -> bool:
    """Return whether a confirmation came before its acknowledgement."""
    return item is not None and text_of(item.get(POSTING.result_field)) == NOT_YET_ACKNOWLEDGED


def _failure_of(status: ReceiptStatus, item: Mapping[str, Any], result: str) -> Failure | None:
    detail = f"{text_of(item.get('code'))} {result} {text_of(item.get('errorMessage'))[:300]}".strip()
    match status:
        case ReceiptStatus.DONE | ReceiptStatus.RECALLED:
            return None
        case ReceiptStatus.LATER:
            return Failure("temporarily_unavailable", {"target": "SAP Concur"}, detail=detail)
        case ReceiptStatus.REFUSED:
            problem = f"{result or 'refused'}, code {text_of(item.get('code')) or 'none'}"
            return Failure("confirmation_refused", {"source": "SAP Concur", "problem": problem}, detail=detail)
