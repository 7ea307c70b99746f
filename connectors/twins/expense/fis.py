"""The financial integration service: what may be said about documents, and what it answers."""

from collections.abc import Sequence
from typing import Any, Final  # words of a JSON body

from connectors.twins.database import unit_of_work
from connectors.twins.expense.books import Books, Version
from connectors.twins.expense.exact import exact_bytes
from connectors.twins.expense.status import DocStatus, Event, after

Words = dict[str, Any]

_DONE: Final = 0
_OTHER_SYSTEM: Final = 99
_INVALID: Final = 198
_REPEATED_PAYMENT: Final = 298
_NOT_POSTED: Final = 299
_ACKNOWLEDGE: Final = {
    101: "This document was previously acknowledged by SystemId: {system}.",
    102: "This document has been recalled.",
    103: "This document is not ready.",
    104: "This document does not exist.",
    105: "This document is not of type {doc_type}.",
}
_POST: Final = {
    _OTHER_SYSTEM: ("FAILURE", "The system id does not match that of the acknowledgement."),
    111: ("NOT_YET_ACKNOWLEDGED", "This document has not been acknowledged."),
    112: ("WAS_RECALLED", "This document has been recalled."),
    113: ("FAILURE", "Confirmation has been posted for this document."),
    115: ("FAILURE", "This document is not of type {doc_type}."),
    116: ("DOCUMENT_NOT_FOUND", "This document does not exist."),
    _INVALID: ("FAILURE", "Invalid request: it will not work if tried again."),
}
_PAY: Final = {
    _OTHER_SYSTEM: ("FAILURE", "The system id does not match that of the acknowledgement."),
    112: ("FAILURE", "This document has been recalled."),
    115: ("FAILURE", "This document is not of type {doc_type}."),
    116: ("DOCUMENT_NOT_FOUND", "This document does not exist."),
    _INVALID: ("FAILURE", "Invalid request: it will not work if tried again."),
    _REPEATED_PAYMENT: ("NOOP", "Payment confirmation already exists: {reference}."),
    _NOT_POSTED: ("NOT_POSTING_CONFIRMED", "The posting of this document is not confirmed."),
}
_NOT_READY: Final = (DocStatus.DELAYED, DocStatus.PENDING_SYSTEM_REFRESH)
_POSTING_EVENTS: Final = {"success": Event.CONFIRM_SUCCESS, "error": Event.CONFIRM_FAILURE}
_PAYMENT_EVENTS: Final = {
    "CP": Event.PAY,
    "PP": Event.PAY_PARTIALLY,
    "RE": Event.REVERSE_PAYMENT,
    "OB": Event.DROP_PAYMENT,
}


def acknowledge(books: Books, doc_type: str, system_id: str, ids: Sequence[str]) -> list[Words]:
    """Take documents out of the queue and answer for each."""
    with unit_of_work(books.connection):
        return [_acknowledge_one(books, doc_type, system_id, document_id) for document_id in ids]


def confirm_postings(books: Books, doc_type: str, system_id: str, items: Sequence[Words]) -> list[Words]:
    """Keep what the ERP booked or refused and answer for each."""
    with unit_of_work(books.connection):
        return [_confirm_posting(books, doc_type, system_id, item) for item in items]


def confirm_payments(books: Books, doc_type: str, system_id: str, items: Sequence[Words]) -> list[Words]:
    """Keep what the ERP paid and answer for each."""
    with unit_of_work(books.connection):
        return [_confirm_payment(books, doc_type, system_id, item) for item in items]


def _acknowledge_one(books: Books, doc_type: str, system_id: str, document_id: str) -> Words:
    version = books.version(document_id)
    code = _acknowledge_code(version, doc_type)
    if version and code == _DONE:
        books.move(version, Event.ACKNOWLEDGE, system_id=system_id)
    owner = version.erp_system_id if version else ""
    message = _ACKNOWLEDGE.get(code, "").format(system=owner or "null", doc_type=doc_type)
    return {
        "code": code,
        "docId": document_id,
        "systemId": system_id,
        "acknowledgeResult": "FAILURE" if code else "SUCCESS",
        "errorMessage": message,
    }


def _acknowledge_code(version: Version | None, doc_type: str) -> int:
    if version is None:
        return 104
    if version.doc_type != doc_type:
        return 105
    if version.status is DocStatus.READY:
        return _DONE
    if version.status in _NOT_READY:
        return 103
    return 102 if version.status is DocStatus.RECALLED else 101


def _confirm_posting(books: Books, doc_type: str, system_id: str, item: Words) -> Words:
    version = books.version(str(item.get("docId")))
    event = _POSTING_EVENTS.get(str(item.get("overallPostingStatusCode")))
    code = _posting_code(version, doc_type, system_id) if event else _INVALID
    if version and event and code == _DONE:
        books.move(version, event)
        books.confirm(version, "posting", str(item["overallPostingStatusCode"]), "", item)
    result, message = _POST.get(code, ("SUCCESS", ""))
    return {
        "code": code,
        "docId": str(item.get("docId", "")),
        "systemId": system_id,
        "postingConfirmationResult": result,
        "errorMessage": message.format(doc_type=doc_type),
        "detailMessage": "",
    }


def _posting_code(version: Version | None, doc_type: str, system_id: str) -> int:
    if version is None:
        return 116
    if version.doc_type != doc_type:
        return 115
    if version.status is DocStatus.RECALLED:
        return 112
    if version.status in (DocStatus.READY, *_NOT_READY):
        return 111
    if version.status is not DocStatus.ACKNOWLEDGED:
        return 113
    return _DONE if version.erp_system_id == system_id else _OTHER_SYSTEM


def _confirm_payment(books: Books, doc_type: str, system_id: str, item: Words) -> Words:
    version = books.version(str(item.get("docId")))
    reference = payment_reference(item)
    code = _payment_code(books, version, doc_type, system_id, item)
    if version and code == _DONE:
        books.move(version, _PAYMENT_EVENTS[str(item["processingStatusCode"])])
        books.confirm(version, "payment", str(item["processingStatusCode"]), _payment_key(item), item)
    result, message = _PAY.get(code, ("SUCCESS", ""))
    return {
        "code": code,
        "docId": str(item.get("docId", "")),
        "systemId": system_id,
        "paymentConfirmationResult": result,
        "errorMessage": message.format(doc_type=doc_type, reference=reference),
        "paymentRef": reference,
        "detailMessage": "",
    }


def _payment_code(books: Books, version: Version | None, doc_type: str, system_id: str, item: Words) -> int:
    event = _PAYMENT_EVENTS.get(str(item.get("processingStatusCode")))
    if version is None or version.doc_type != doc_type:
        return 116 if version is None else 115
    if event is None:
        return _INVALID
    if books.is_confirmed(version, "payment", _payment_key(item)):
        return _REPEATED_PAYMENT
    if version.status is DocStatus.RECALLED:
        return 112
    if version.erp_system_id != system_id:
        return _OTHER_SYSTEM
    return _DONE if after(version.status, event) else _NOT_POSTED


def payment_reference(item: Words) -> str:
    """Return the payment's reference in the ERP, or nothing."""
    details = item.get("clearingDetails")
    first = details[0] if isinstance(details, list) and details else None
    reference = first.get("clearingReference") if isinstance(first, dict) else None
    return str(reference.get("paymentRef") or "") if isinstance(reference, dict) else ""


def _payment_key(item: Words) -> str:
    said = payment_reference(item) or exact_bytes(item).decode()
    return f"{item.get('processingStatusCode')}:{said}"
