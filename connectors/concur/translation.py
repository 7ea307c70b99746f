"""What an envelope of the platform says in our words. Pure: the same bytes always give the same answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final  # a JSON value may be anything

from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseReport
from connectors.concur.advances import cash_advance_of
from connectors.concur.check import failures_of
from connectors.concur.fields import Fields, first_of
from connectors.concur.handover import document_key_of
from connectors.concur.mapping import expense_report_of
from connectors.concur.wire import DocType, UnreadableDocumentError, member, read_document
from connectors.contract import Document, Envelope, Recall, Translation, Unreadable
from connectors.failures import Failure

MAPPING_VERSION: Final = "concur_fis_v4/1"

_MAPPINGS: Final[Mapping[DocType, Callable[[Mapping[str, Any], str, str, Fields], ExpenseReport]]] = {
    DocType.EXPENSE: expense_report_of,
    DocType.CASH_ADVANCE: cash_advance_of,
}
_NAMING: Final[Mapping[DocType, tuple[str, str]]] = {
    DocType.EXPENSE: ("report", "employee"),
    DocType.CASH_ADVANCE: ("cashAdvanceData", "employeeData"),
}
"""The objects that name a document and its owner."""


def translation_of(envelope: Envelope, fields: Fields) -> Translation:
    """Return the document or the recall that the envelope carries, or every reason why it cannot be read."""
    if envelope.type == EventType.EXPENSE_REPORT_RECALLED:
        return _document(envelope, recall_of(envelope))
    try:
        document = read_document(envelope.payload)
    except UnreadableDocumentError as error:
        return _unreadable(envelope, Failure("unreadable_document", {"problem": str(error)}))
    doc_type = document_key_of(envelope.id).doc_type
    failures = failures_of(document, doc_type)
    if failures:
        return _unreadable(envelope, *failures, document=document, fields=fields)
    return _document(envelope, _MAPPINGS[doc_type](document, envelope.id, envelope.source, fields))


def recall_of(envelope: Envelope) -> Recall:
    """Return what was recalled; the envelope says it all."""
    return Recall(envelope.source, envelope.subject, str(document_key_of(envelope.id)), envelope.time)


def _document(envelope: Envelope, content: ExpenseReport | Recall) -> Document:
    return Document(envelope.type, content, MAPPING_VERSION)


def _unreadable(
    envelope: Envelope, *failures: Failure, document: Mapping[str, Any] | None = None, fields: Fields | None = None
) -> Unreadable:
    """Return the reasons with what could be read all the same, for its place in the ledger."""
    names = fields or Fields()
    scopes = _scopes(document or {}, document_key_of(envelope.id).doc_type)
    return Unreadable(
        failures,
        source_id=envelope.subject,
        source_document_id=envelope.id,
        document_number=first_of(names.document_number, scopes),
        legal_entity_ref=first_of(names.legal_entity, scopes),
    )


def _scopes(document: Mapping[str, Any], doc_type: DocType) -> tuple[Mapping[str, Any], ...]:
    inner = (member(document, "document", name) for name in _NAMING[doc_type])
    return (*(found for found in inner if isinstance(found, Mapping)), document)
