"""How documents are handed over: streams, their cursors, and an envelope for each document and each recall."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from connectors.canonical.events import EventType
from connectors.concur.listing import Handed, Listing
from connectors.concur.values import moment_of
from connectors.concur.wire import RECALLED, DocType, DocumentKey, member, storable
from connectors.contract import Envelope

_RECALL: Final = "recall/"
"""Marks the envelope that tells of a recall; the rest of its id is the document's."""

_CURSOR: Final = re.compile(r"(?P<queue>[0-9])\.(?P<page>[0-9]{1,9})\.(?P<held>[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Stream:
    """What one stream reads: these queues, one after the other."""

    queues: tuple[DocType, ...]
    is_of_recalls: bool = False


STREAMS: Final[Mapping[str, Stream]] = {
    "expense_reports": Stream((DocType.EXPENSE,)),
    "cash_advances": Stream((DocType.CASH_ADVANCE,)),
    "recalls": Stream((DocType.EXPENSE, DocType.CASH_ADVANCE), is_of_recalls=True),
}

_SUBJECTS: Final[Mapping[DocType, tuple[str, str]]] = {
    DocType.EXPENSE: ("report", "reportId"),
    DocType.CASH_ADVANCE: ("cashAdvanceData", "cashAdvanceId"),
}
_APPROVED: Final[Mapping[DocType, tuple[str, str]]] = {
    DocType.EXPENSE: ("report", "reportPaymentProcessingDate"),
    DocType.CASH_ADVANCE: ("cashAdvanceData", "issuedDate"),
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a stream goes on: a queue, a page of it, and what that page held when it was read last.

    What we acknowledge leaves the queue, and the next documents move up. So a page is read again until it holds
    what it held before: only documents that cannot be acknowledged are still on it, and the next page follows.
    """

    queue: int = 0
    page: int = 0
    held: str = ""

    def __str__(self) -> str:
        """Return the cursor as text; the beginning is empty."""
        return "" if self == Cursor() else f"{self.queue}.{self.page}.{self.held}"

    @classmethod
    def parse(cls, text: str, stream: Stream) -> Self:
        """Return the cursor that `str` wrote; anything else is the beginning, which costs nothing but redeliveries."""
        found = _CURSOR.fullmatch(text)
        if found is None or int(found["queue"]) >= len(stream.queues):
            return cls()
        return cls(int(found["queue"]), int(found["page"]), found["held"])

    def after(self, stream: Stream, listing: Listing) -> Self | None:
        """Return where to go on behind a page, None at the end of the stream."""
        held = _digest_of(listing.items)
        if _names_next(listing):
            is_done = stream.is_of_recalls or held == self.held
            return replace(self, page=self.page + 1, held="") if is_done else replace(self, held=held)
        is_last = self.queue + 1 >= len(stream.queues)
        return None if is_last else replace(self, queue=self.queue + 1, page=0, held="")


def envelopes_of(
    items: Iterable[Handed], stream: Stream, doc_type: DocType, *, source: str, sent_at: datetime
) -> tuple[Envelope, ...]:
    """Return what a page brings to the stream; a document that stands twice on it counts once."""
    if not stream.is_of_recalls:
        return tuple(dict.fromkeys(_approved(each, doc_type, source, sent_at) for each in items))
    recalled = [each for each in items if member(each.content, "docStatus") == RECALLED]
    return tuple(dict.fromkeys(_recalled(each, doc_type, source, sent_at) for each in recalled))


def recalls_of(events: Iterable[Handed], *, source: str, sent_at: datetime) -> tuple[Envelope, ...]:
    """Return the recalls that events tell of; an event of another kind of document is none of ours."""
    ours = [each for each in events if member(each.content, "facts", "docType") in list(DocType)]
    return tuple(dict.fromkeys(_told(each, source, sent_at) for each in ours))


def is_recall(envelope_id: str) -> bool:
    """Return whether an envelope tells of a recall: the platform expects no acknowledgement of it."""
    return envelope_id.startswith(_RECALL)


def document_key_of(envelope_id: str) -> DocumentKey:
    """Return the document that an envelope carries or takes back."""
    return DocumentKey.parse(envelope_id.removeprefix(_RECALL))


def _approved(handed: Handed, doc_type: DocType, source: str, sent_at: datetime) -> Envelope:
    key = DocumentKey(doc_type, _name_of(handed, "id"))
    return Envelope(
        id=str(key),
        source=source,
        type=EventType.EXPENSE_REPORT_APPROVED,
        subject=storable(member(handed.content, "document", *_SUBJECTS[doc_type])) or str(key),
        time=_moment_in(member(handed.content, "document", *_APPROVED[doc_type])) or sent_at,
        payload=handed.payload,
    )


def _recalled(handed: Handed, doc_type: DocType, source: str, sent_at: datetime) -> Envelope:
    approved = _approved(handed, doc_type, source, sent_at)
    recall = EventType.EXPENSE_REPORT_RECALLED
    return replace(approved, id=f"{_RECALL}{approved.id}", type=recall, time=sent_at)


def _told(event: Handed, source: str, sent_at: datetime) -> Envelope:
    doc_type = DocType(str(member(event.content, "facts", "docType")))
    key = DocumentKey(doc_type, _name_of(event, "facts", "docId"))
    return Envelope(
        id=f"{_RECALL}{key}",
        source=source,
        type=EventType.EXPENSE_REPORT_RECALLED,
        subject=storable(member(event.content, "facts", _SUBJECTS[doc_type][1])) or str(key),
        time=_moment_in(member(event.content, "timeStamp")) or sent_at,
        payload=event.payload,
    )


def _name_of(handed: Handed, *path: str) -> str:
    """Return the platform's id of a document, or one made of its bytes where it has none that can be kept."""
    return storable(member(handed.content, *path)) or f"sha256-{hashlib.sha256(handed.payload).hexdigest()}"


def _moment_in(value: object) -> datetime | None:
    try:
        return moment_of(value)
    except ValueError:
        return None


def _digest_of(items: Iterable[Handed]) -> str:
    """Return a short text that is the same exactly while a page holds the same documents."""
    ids = "\n".join(_name_of(each, "id") for each in items)
    return hashlib.sha256(ids.encode()).hexdigest()[:16]


def _names_next(listing: Listing) -> bool:
    links = listing.beside.get("links")
    return isinstance(links, list) and any(member(link, "rel") == "next" for link in links)
