"""What employees and processors do on the expense platform: submit, correct, recall."""

from collections.abc import Sequence
from typing import Any, Final  # words of a JSON body

from connectors.twins.database import unit_of_work
from connectors.twins.expense.books import Books, Version
from connectors.twins.expense.reading import facts_of, with_revision
from connectors.twins.expense.status import DocStatus, Event

DOC_TYPES: Final = (
    "expense",
    "invoice",
    "cashadvance",
    "payroll",
    "obligation",
    "requestobligation",
    "reportobligation",
)

Words = dict[str, Any]


def submit(books: Books, envelopes: Sequence[object]) -> list[Words]:
    """Approve documents; a living former version of the same report is recalled first."""
    with unit_of_work(books.connection):
        return [_submit_one(books, envelope) for envelope in envelopes]


def recall(books: Books, keys: Sequence[object]) -> list[Words]:
    """Take documents back, named by document id or by report id."""
    with unit_of_work(books.connection):
        return [_recall_one(books, str(key)) for key in keys]


def release(books: Books, keys: Sequence[object]) -> list[Words]:
    """Make delayed documents ready."""
    with unit_of_work(books.connection):
        return [_act(books, str(key), Event.RELEASE) for key in keys]


def named(books: Books, key: str) -> Version | None:
    """Return the version that a document id, report id or cash advance id means."""
    found = (books.latest(doc_type, key) for doc_type in DOC_TYPES)
    return books.version(key) or next((version for version in found if version), None)


def _submit_one(books: Books, envelope: object) -> Words:
    problem = _problem(books, envelope)
    if problem or not isinstance(envelope, dict):
        return {"result": "refused", "message": problem or "Not an object"}
    document: Words = envelope["document"]
    facts = facts_of(document)
    former = books.latest(envelope["docType"], facts.business_id) if facts.business_id else None
    if former and former.status is not DocStatus.RECALLED and books.move(former, Event.RECALL) is None:
        return {"result": "refused", "message": f"{former.id} is {former.status} and cannot be recalled"}
    revision = former.revision + 1 if former else 1
    kept = with_revision(document, revision) if former else document
    status = DocStatus(envelope.get("docStatus") or DocStatus.READY)
    return told(books.add(envelope, kept, facts, revision=revision, status=status))


def _problem(books: Books, envelope: object) -> str | None:
    if not isinstance(envelope, dict) or not isinstance(envelope.get("document"), dict):
        return "`document` must be an object"
    if envelope.get("docType") not in DOC_TYPES:
        return f"`docType` must be one of {', '.join(DOC_TYPES)}"
    if envelope.get("docStatus") not in (None, *DocStatus):
        return "`docStatus` is unknown"
    if envelope.get("id") and books.version(str(envelope["id"])):
        return f"{envelope['id']} exists"
    return None


def _recall_one(books: Books, key: str) -> Words:
    version = named(books, key)
    if version and version.status is DocStatus.RECALLED:
        return told(version)
    return _act(books, key, Event.RECALL)


def _act(books: Books, key: str, event: Event) -> Words:
    version = named(books, key)
    if version is None:
        return {"result": "refused", "message": f"{key} is unknown"}
    if books.move(version, event) is None:
        return {"result": "refused", "message": f"{version.id} is {version.status}: no {event} now"}
    return told(named(books, version.id) or version)


def told(version: Version) -> Words:
    """Return what the admin paths say about a version."""
    return {
        "result": "done",
        "id": version.id,
        "businessId": version.business_id,
        "revision": version.revision,
        "docStatus": version.status,
    }
