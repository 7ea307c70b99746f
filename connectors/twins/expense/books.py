"""The expense platform's books: every version of every document and all that was said about it."""

import sqlite3
import uuid
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final  # words of a JSON body

from connectors.twins.database import IN_MEMORY, open_books
from connectors.twins.expense.exact import exact_bytes
from connectors.twins.expense.reading import Facts
from connectors.twins.expense.status import DocStatus, Event, after
from connectors.twins.moments import Clock, stamp, system_clock

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS document (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, doc_type TEXT NOT NULL, revision INTEGER NOT NULL,
    status TEXT NOT NULL, erp_system_id TEXT NOT NULL DEFAULT '', business_id TEXT NOT NULL,
    approved_amount TEXT, journal_amount TEXT, currency TEXT, employee_id TEXT, is_test INTEGER NOT NULL,
    submitted_at TEXT NOT NULL, acknowledged_at TEXT, recalled_at TEXT
);
CREATE TABLE IF NOT EXISTS content (
    document_seq INTEGER PRIMARY KEY REFERENCES document (seq), envelope BLOB NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS document_by_status ON document (doc_type, status, seq);
CREATE INDEX IF NOT EXISTS document_by_business_id ON document (doc_type, business_id, revision);
CREATE TABLE IF NOT EXISTS confirmation (
    id INTEGER PRIMARY KEY, document_seq INTEGER NOT NULL REFERENCES document (seq), kind TEXT NOT NULL,
    code TEXT NOT NULL, key TEXT NOT NULL, words BLOB NOT NULL, received_at TEXT NOT NULL,
    UNIQUE (document_seq, kind, key)
);
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY, document_seq INTEGER NOT NULL REFERENCES document (seq), event_type TEXT NOT NULL,
    at TEXT NOT NULL
);
"""
_INSERT: Final = """
INSERT INTO document (id, doc_type, revision, status, business_id, approved_amount, journal_amount, currency,
    employee_id, is_test, submitted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_CONTENT: Final = "INSERT INTO content (document_seq, envelope, body) VALUES (?, ?, ?)"
_CONTENT: Final = "SELECT envelope, body FROM content WHERE document_seq = ?"
_LATEST: Final = "SELECT * FROM document WHERE doc_type = ? AND business_id = ? ORDER BY revision DESC LIMIT 1"
_PAGE: Final = """
SELECT * FROM document WHERE doc_type = ? AND status = 'READY' AND erp_system_id IN ('', ?)
ORDER BY seq LIMIT ? OFFSET ?
"""
_COUNT: Final = """
SELECT count(*) FROM document WHERE doc_type = ? AND status = 'READY' AND erp_system_id IN ('', ?)
"""
_PAGE_OF_ALL: Final = "SELECT * FROM document WHERE doc_type = ? ORDER BY seq LIMIT ? OFFSET ?"
_COUNT_OF_ALL: Final = "SELECT count(*) FROM document WHERE doc_type = ?"
_MOVE: Final = {
    Event.ACKNOWLEDGE: "UPDATE document SET status = ?, acknowledged_at = ?, erp_system_id = ? WHERE seq = ?",
    Event.RECALL: "UPDATE document SET status = ?, recalled_at = ?, erp_system_id = ? WHERE seq = ?",
}
_EVENTS: Final = """
SELECT event.id AS id, event_type, at, document.id AS doc_id, doc_type, business_id, revision
FROM event JOIN document ON seq = document_seq WHERE event.id > ? AND ? IN ('', event_type) ORDER BY event.id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document on the platform."""

    seq: int
    id: str
    doc_type: str
    revision: int
    status: DocStatus
    erp_system_id: str
    business_id: str


class Books:
    """The file of the expense platform."""

    def __init__(
        self,
        path: Path = IN_MEMORY,
        *,
        clock: Clock = system_clock,
        is_durable: bool = True,
    ) -> None:
        self.connection = open_books(path, _SCHEMA, is_durable=is_durable)
        self.clock = clock

    def add(
        self,
        envelope: dict[str, Any],
        document: dict[str, Any],
        facts: Facts,
        *,
        revision: int,
        status: DocStatus,
    ) -> Version:
        """Write a new version of a document."""
        document_id = str(envelope.get("id") or uuid.uuid4().hex)
        kept = {key: envelope[key] for key in ("companyId", "entityId", "companyUuid") if envelope.get(key)}
        business_id, *rest = astuple(facts)
        row = self.connection.execute(
            _INSERT,
            (
                document_id,
                envelope["docType"],
                revision,
                status,
                business_id or document_id,
                *rest,
                stamp(self.clock()),
            ),
        )
        self.connection.execute(_INSERT_CONTENT, (row.lastrowid, exact_bytes(kept), exact_bytes(document)))
        version = self.version(document_id)
        assert version is not None  # noqa: S101 - it was just written
        self.tell(version, "submitted")
        return version

    def move(self, version: Version, event: Event, *, system_id: str | None = None) -> DocStatus | None:
        """Apply an event; return the new status, or None and nothing is changed: it cannot happen now."""
        status = after(version.status, event)
        if status is None:
            return None
        owner = version.erp_system_id if system_id is None else system_id
        if event in _MOVE:
            self.connection.execute(_MOVE[event], (status, stamp(self.clock()), owner, version.seq))
        else:
            self.connection.execute("UPDATE document SET status = ? WHERE seq = ?", (status, version.seq))
        self.tell(version, _PAST[event])
        return status

    def tell(self, version: Version, event_type: str) -> None:
        """Write an event for those who follow the feed."""
        self.connection.execute(
            "INSERT INTO event (document_seq, event_type, at) VALUES (?, ?, ?)",
            (version.seq, event_type, stamp(self.clock())),
        )

    def version(self, document_id: str) -> Version | None:
        """Return a version by the id of its document."""
        return _version(self.connection.execute("SELECT * FROM document WHERE id = ?", (document_id,)).fetchone())

    def latest(self, doc_type: str, business_id: str) -> Version | None:
        """Return the newest version of a report or cash advance."""
        return _version(self.connection.execute(_LATEST, (doc_type, business_id)).fetchone())

    def page(
        self,
        doc_type: str,
        *,
        is_any_status: bool,
        system_id: str,
        limit: int,
        offset: int,
    ) -> tuple[list[Version], int]:
        """Return a page of documents in the order of their submission, and how many there are in all."""
        scope: tuple[str, ...] = (doc_type,) if is_any_status else (doc_type, system_id)
        page, count = (_PAGE_OF_ALL, _COUNT_OF_ALL) if is_any_status else (_PAGE, _COUNT)
        rows = self.connection.execute(page, (*scope, limit, offset)).fetchall()
        total: int = self.connection.execute(count, scope).fetchone()[0]
        return [version for row in rows if (version := _version(row))], total

    def content(self, version: Version) -> tuple[bytes, bytes]:
        """Return a version's envelope and document as JSON text."""
        row = self.connection.execute(_CONTENT, (version.seq,)).fetchone()
        return row["envelope"], row["body"]

    def confirm(self, version: Version, kind: str, code: str, key: str, words: object) -> None:
        """Keep what the ERP's side said about a document."""
        self.connection.execute(
            "INSERT INTO confirmation (document_seq, kind, code, key, words, received_at) VALUES (?, ?, ?, ?, ?, ?)",
            (version.seq, kind, code, key, exact_bytes(words), stamp(self.clock())),
        )

    def is_confirmed(self, version: Version, kind: str, key: str) -> bool:
        """Return whether this was said before."""
        query = "SELECT 1 FROM confirmation WHERE document_seq = ? AND kind = ? AND key = ?"
        return self.connection.execute(query, (version.seq, kind, key)).fetchone() is not None

    def events_after(self, last: int, event_type: str, limit: int) -> list[dict[str, Any]]:
        """Return the events after one, of one type or of all, oldest first."""
        return [dict(row) for row in self.connection.execute(_EVENTS, (last, event_type, limit))]

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


_PAST: Final = {
    Event.RELEASE: "released",
    Event.ACKNOWLEDGE: "acknowledged",
    Event.CONFIRM_SUCCESS: "posting_confirmed",
    Event.CONFIRM_FAILURE: "posting_failed",
    Event.PAY: "paid",
    Event.PAY_PARTIALLY: "partially_paid",
    Event.REVERSE_PAYMENT: "payment_reversed",
    Event.DROP_PAYMENT: "payment_obsolete",
    Event.RECALL: "recalled",
}


def _version(row: sqlite3.Row | None) -> Version | None:
    if row is None:
        return None
    return Version(
        seq=row["seq"],
        id=row["id"],
        doc_type=row["doc_type"],
        revision=row["revision"],
        status=DocStatus(row["status"]),
        erp_system_id=row["erp_system_id"],
        business_id=row["business_id"],
    )
