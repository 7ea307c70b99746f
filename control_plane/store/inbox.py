"""The inbox: what came, stored before it is understood; a redelivery is counted, never a second transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, literal_column, outerjoin, tuple_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from connectors.contract import Envelope
from control_plane.domain.transaction import State
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import InboxRow
from control_plane.store.transitions import TRANSACTION

_INBOX: Final[Table] = table_of(InboxRow)
_UNACKNOWLEDGED: Final[ColumnElement[bool]] = literal_column("needs_acknowledgement AND acknowledged_at IS NULL")
"""As the partial index says it: SQLite uses it for no other form."""
_WITHDRAWN: Final = frozenset({State.CANCELLED.value, State.RETURNED_TO_SOURCE.value})
"""A superseded version is not among them: its late redelivery must not take the place of its successor."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The newest receipt of an event id."""

    inbox_id: int
    generation: int
    content_sha256: str
    state: str | None
    """The state of its transaction; None where it made none."""
    transaction_id: int | None
    is_recalled: bool = False

    def is_repeated_by(self, sha256: str, *, is_pulled: bool) -> bool:
        """Return whether the same event comes again.

        A source that is pulled shows a document again under its id: while its version lives that is a repetition,
        once it was taken back an approval anew. What is sent to us has an id of its own for every event.
        """
        is_living = not self.is_recalled and self.state not in _WITHDRAWN
        return sha256 == self.content_sha256 and (is_living or not is_pulled)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new envelope on its way into the inbox."""

    inbox_id: int
    envelope: Envelope
    sha256: str
    generation: int
    payload_id: int
    legal_entity_id: str
    transaction_id: int | None
    needs_acknowledgement: bool


def digest(envelope: Envelope) -> str:
    """Return what tells one content from another."""
    return hashlib.sha256(envelope.payload).hexdigest()


def earlier(session: Session, envelopes: Sequence[Envelope]) -> Mapping[tuple[str, str], Earlier]:
    """Return the newest receipt of each event that came before, by (source, event id)."""
    keys = {(envelope.source, envelope.id) for envelope in envelopes}
    joined = outerjoin(_INBOX, TRANSACTION, _INBOX.c.transaction_id == TRANSACTION.c.id)
    query = (
        core_select(
            _INBOX.c.source,
            _INBOX.c.event_id,
            _INBOX.c.id,
            _INBOX.c.generation,
            _INBOX.c.content_sha256,
            _INBOX.c.transaction_id,
            TRANSACTION.c.state,
            TRANSACTION.c.recalled_at.is_not(None).label("is_recalled"),
        )
        .select_from(joined)
        .where(tuple_(_INBOX.c.source, _INBOX.c.event_id).in_(sorted(keys)))
        .order_by(_INBOX.c.generation)
    )
    return {
        (row.source, row.event_id): Earlier(
            row.id, row.generation, row.content_sha256, row.state, row.transaction_id, is_recalled=row.is_recalled
        )
        for row in session.connection().execute(query)
    }


def count_again(session: Session, inbox_ids: Sequence[int], *, now: datetime) -> None:
    """Count redeliveries; each wants its acknowledgement again."""
    if not inbox_ids:
        return
    session.connection().execute(
        update(_INBOX)
        .where(_INBOX.c.id.in_(inbox_ids))
        .values(received_count=_INBOX.c.received_count + 1, last_received_at=now, acknowledged_at=None)
    )


def add(session: Session, arrivals: Sequence[Arrival], *, connection: str, stream: str, now: datetime) -> None:
    """Store new envelopes, beside their payloads."""
    insert_many(session, InboxRow, [_row(arrival, connection, stream, now) for arrival in arrivals])


def unacknowledged(session: Session, connection: str, limit: int) -> list[InboxRow]:
    """Return what is safely ours and not yet acknowledged to its source, oldest first."""
    query = (
        select(InboxRow)
        .where(InboxRow.connection == connection, _UNACKNOWLEDGED)
        .order_by(col(InboxRow.id))
        .limit(limit)
    )
    return list(session.exec(query).all())


def acknowledged(session: Session, inbox_ids: Sequence[int], *, now: datetime) -> None:
    """Note that the source knows."""
    session.connection().execute(update(_INBOX).where(_INBOX.c.id.in_(inbox_ids)).values(acknowledged_at=now))


@dataclass(frozen=True, slots=True)
class Header:
    """What an envelope said about itself when it came."""

    event_id: str
    source: str
    type: str
    subject: str
    occurred_at: datetime
    content_sha256: str


def headers_of(session: Session, payload_ids: Sequence[int]) -> Mapping[int, Header]:
    """Return what the envelopes that brought the payloads said, by payload."""
    names = [field.name for field in fields(Header)]
    query = core_select(_INBOX.c.payload_id, *(_INBOX.c[name] for name in names))
    found = session.connection().execute(query.where(_INBOX.c.payload_id.in_(payload_ids)))
    return {payload_id: Header(*told) for payload_id, *told in found}


def _row(arrival: Arrival, connection: str, stream: str, now: datetime) -> dict[str, Any]:  # column values
    envelope = arrival.envelope
    return {
        "id": arrival.inbox_id,
        "connection": connection,
        "stream": stream,
        "source": envelope.source,
        "event_id": envelope.id,
        "generation": arrival.generation,
        "type": envelope.type,
        "subject": envelope.subject,
        "legal_entity_id": arrival.legal_entity_id,
        "occurred_at": envelope.time,
        "received_at": now,
        "last_received_at": now,
        "received_count": 1,
        "payload_id": arrival.payload_id,
        "content_sha256": arrival.sha256,
        "transaction_id": arrival.transaction_id,
        "acknowledged_at": None,
        "needs_acknowledgement": arrival.needs_acknowledgement,
    }
