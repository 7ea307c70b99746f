"""The inbox: what came, stored before it is understood; a redelivery is counted, never a second transaction."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, String, Table, literal_column, update
from sqlalchemy import select as core_select
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, col, select

from connectors.contract import Envelope
from control_plane.domain.transaction import State
from control_plane.store.statements import insert_many, listed, table_of
from control_plane.store.tables import InboxRow, PayloadRow
from control_plane.store.transitions import TRANSACTION

_INBOX: Final[Table] = table_of(InboxRow)
_PAYLOAD: Final[Table] = table_of(PayloadRow)
_KEY: Final[Mapping[str, TypeEngine[Any]]] = {"source": String(), "event_id": String()}
_UNREAD: Final[ColumnElement[bool]] = literal_column("is_unread")
_UNACKNOWLEDGED: Final[ColumnElement[bool]] = literal_column("needs_acknowledgement AND acknowledged_at IS NULL")
"""These two as their partial indexes say it: SQLite uses them for no other form."""
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
    received_at: datetime
    is_unread: bool = False
    """It is kept now and acted on later."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A kept envelope that nobody has acted on."""

    connection: str
    arrival: Arrival


def digest(envelope: Envelope) -> str:
    """Return what tells one content from another."""
    return hashlib.sha256(envelope.payload).hexdigest()


def earlier(session: Session, envelopes: Sequence[Envelope]) -> Mapping[tuple[str, str], Earlier]:
    """Return the newest receipt of each event that came before, by (source, event id)."""
    keys = sorted({(envelope.source, envelope.id) for envelope in envelopes})
    came = listed(session, _KEY, keys)
    joined = came.join(_INBOX, (_INBOX.c.source == came.c.source) & (_INBOX.c.event_id == came.c.event_id))
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
        .select_from(joined.outerjoin(TRANSACTION, _INBOX.c.transaction_id == TRANSACTION.c.id))
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


def add(session: Session, arrivals: Sequence[Arrival], *, connection: str, stream: str) -> None:
    """Store new envelopes, beside their payloads."""
    insert_many(session, InboxRow, [_row(arrival, connection, stream) for arrival in arrivals])


def has_unread(session: Session) -> bool:
    """Return whether something was kept that nobody has acted on."""
    return session.connection().execute(core_select(_INBOX.c.id).where(_UNREAD).limit(1)).first() is not None


def unread(session: Session, connections: Collection[str], limit: int, *, after: int = 0) -> list[Unread]:
    """Return what these connections sent and nobody has acted on, in the order in which it was kept."""
    query = (
        core_select(_INBOX, _PAYLOAD.c.body, _PAYLOAD.c.content_type)
        .join(_PAYLOAD, _PAYLOAD.c.id == _INBOX.c.payload_id)
        .where(_UNREAD, _INBOX.c.connection.in_(sorted(connections)), _INBOX.c.id > after)
        .order_by(_INBOX.c.id)
        .limit(limit)
    )
    return [Unread(row.connection, _arrival(row)) for row in session.connection().execute(query)]


def note_read(session: Session, entities: Mapping[int, str]) -> None:
    """Note whose the envelopes are, by inbox id, now that they were acted on."""
    for entity in sorted(set(entities.values())):
        numbers = [number for number, theirs in entities.items() if theirs == entity]
        read = update(_INBOX).where(_INBOX.c.id.in_(numbers)).values(is_unread=False, legal_entity_id=entity)
        session.connection().execute(read)


def follow(session: Session, transaction_id: int, successor_id: int) -> None:
    """Let envelopes live on in a corrected version: what becomes of it tells whether they come again."""
    statement = update(_INBOX).where(_INBOX.c.transaction_id == transaction_id).values(transaction_id=successor_id)
    session.connection().execute(statement)


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


def _arrival(row: Row[Any]) -> Arrival:
    envelope = Envelope(
        id=row.event_id,
        source=row.source,
        type=row.type,
        subject=row.subject,
        time=row.occurred_at,
        payload=bytes(row.body or b""),
        content_type=row.content_type,
    )
    return Arrival(
        inbox_id=row.id,
        envelope=envelope,
        sha256=row.content_sha256,
        generation=row.generation,
        payload_id=row.payload_id,
        legal_entity_id=row.legal_entity_id,
        transaction_id=row.transaction_id,
        needs_acknowledgement=row.needs_acknowledgement,
        received_at=row.received_at,
        is_unread=True,
    )


def _row(arrival: Arrival, connection: str, stream: str) -> dict[str, Any]:  # column values
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
        "received_at": arrival.received_at,
        "last_received_at": arrival.received_at,
        "received_count": 1,
        "payload_id": arrival.payload_id,
        "content_sha256": arrival.sha256,
        "transaction_id": arrival.transaction_id,
        "acknowledged_at": None,
        "needs_acknowledgement": arrival.needs_acknowledgement,
        "is_unread": arrival.is_unread,
    }
