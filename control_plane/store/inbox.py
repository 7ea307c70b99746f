"""The inbox: what came, stored before it is understood; a redelivery is counted, never a second transaction."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Table, bindparam, literal_column, update
from sqlalchemy import select as core_select
from sqlmodel import Session

from connectors.contract import Envelope
from control_plane.domain.transaction import State
from control_plane.store.prepared import Prepared, Row, among, given
from control_plane.store.statements import insert_rows, table_of
from control_plane.store.tables import InboxRow, PayloadRow
from control_plane.store.transitions import TRANSACTION

_INBOX: Final[Table] = table_of(InboxRow)
_COLUMNS: Final = (
    *("id", "connection", "stream", "source", "event_id", "generation", "type", "subject", "legal_entity_id"),
    *("occurred_at", "received_at", "last_received_at", "received_count", "payload_id", "content_sha256"),
    *("transaction_id", "acknowledged_at", "needs_acknowledgement", "is_unread"),
)
"""In the order of what `_row` returns."""
_PAYLOAD: Final[Table] = table_of(PayloadRow)
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


class Arrival(NamedTuple):
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
    keys = {(envelope.source, envelope.id) for envelope in envelopes}
    found = _EARLIER.rows(session, keys=sorted(keys)) if keys else []
    return {(source, event_id): Earlier(*told) for source, event_id, *told in found}


def count_again(session: Session, inbox_ids: Sequence[int], *, now: datetime) -> None:
    """Count redeliveries; each wants its acknowledgement again."""
    if inbox_ids:
        _COUNT_AGAIN.run(session, ids=inbox_ids, now=now)


def add(session: Session, arrivals: Sequence[Arrival], *, connection: str, stream: str) -> None:
    """Store new envelopes, beside their payloads."""
    insert_rows(session, InboxRow, _COLUMNS, [_row(arrival, connection, stream) for arrival in arrivals])


def unread_since(session: Session) -> datetime | None:
    """Return when the oldest of what was sent came that nobody has acted on; None: all was acted on."""
    rows = _OLDEST_UNREAD.scalars(session)
    return rows[0] if rows else None


def has_unread(session: Session, connection: str) -> bool:
    """Return whether anything of a connection is kept that nobody has acted on."""
    return bool(_UNREAD_OF.scalars(session, name=connection))


def unread(session: Session, connections: Collection[str], limit: int, *, after: int = 0) -> list[Unread]:
    """Return what these connections sent and nobody has acted on, in the order in which it was kept."""
    rows = _UNREAD_ONES.rows(session, connections=connections, after=after, most=limit)
    return [Unread(connection, _arrival(told)) for connection, *told in rows]


def note_read(session: Session, entities: Mapping[int, str]) -> None:
    """Note whose the envelopes are, by inbox id, now that they were acted on."""
    if entities:
        _NOTE_READ.run(session, read=list(entities.items()))


def follow(session: Session, transaction_id: int, successor_id: int) -> None:
    """Let envelopes live on in a corrected version: what becomes of it tells whether they come again."""
    _FOLLOW.run(session, before=transaction_id, successor=successor_id)


class Untold(NamedTuple):
    """An envelope that is safely ours, and its source does not know yet."""

    id: int
    event_id: str
    source: str
    subject: str


def unacknowledged(session: Session, connection: str, limit: int) -> list[Untold]:
    """Return what is safely ours and acted on, and not yet acknowledged to its source, oldest first."""
    return [Untold(*told) for told in _UNTOLD.rows(session, name=connection, most=limit)]


def acknowledged(session: Session, inbox_ids: Sequence[int], *, now: datetime) -> None:
    """Note that the source knows."""
    if inbox_ids:
        _ACKNOWLEDGE.run(session, ids=inbox_ids, now=now)


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
    return {number: Header(*told) for number, *told in _HEADERS.rows(session, payload_ids=payload_ids)}


def _seeking_earlier() -> Prepared:
    key = given("keys", {"source": _INBOX.c.source.type, "event_id": _INBOX.c.event_id.type})
    joined = _INBOX.outerjoin(TRANSACTION, _INBOX.c.transaction_id == TRANSACTION.c.id)
    return Prepared(
        core_select(
            _INBOX.c.source,
            _INBOX.c.event_id,
            _INBOX.c.id,
            _INBOX.c.generation,
            _INBOX.c.content_sha256,
            TRANSACTION.c.state,
            _INBOX.c.transaction_id,
            TRANSACTION.c.recalled_at.is_not(None),
        )
        .select_from(key.join(joined, (_INBOX.c.source == key.c.source) & (_INBOX.c.event_id == key.c.event_id)))
        .order_by(_INBOX.c.generation)
    )


def _noting_read() -> Prepared:
    one = given("read", {"id": _INBOX.c.id.type, "entity": _INBOX.c.legal_entity_id.type})
    noted = update(_INBOX).where(_INBOX.c.id == one.c.id)
    return Prepared(noted.values(is_unread=False, legal_entity_id=one.c.entity))


_KEPT: Final = (  # in the order of the fields of an arrival and its envelope
    *(_INBOX.c[name] for name in ("id", "event_id", "source", "type", "subject", "occurred_at")),
    *(_PAYLOAD.c[name] for name in ("body", "content_type")),
    *(_INBOX.c[name] for name in ("content_sha256", "generation", "payload_id", "legal_entity_id")),
    *(_INBOX.c[name] for name in ("transaction_id", "needs_acknowledgement", "received_at", "is_unread")),
)
_OLDEST_UNREAD: Final = Prepared(core_select(_INBOX.c.received_at).where(_UNREAD).order_by(_INBOX.c.id).limit(1))
_UNREAD_OF: Final = Prepared(
    core_select(_INBOX.c.id).where(_UNREAD, _INBOX.c.connection == bindparam("name")).order_by(_INBOX.c.id).limit(1)
)
_UNREAD_ONES: Final = Prepared(
    core_select(_INBOX.c.connection, *_KEPT)
    .join(_PAYLOAD, _PAYLOAD.c.id == _INBOX.c.payload_id)
    .where(_UNREAD, among(_INBOX.c.connection, "connections"), _INBOX.c.id > bindparam("after"))
    .order_by(_INBOX.c.id)
    .limit(bindparam("most"))
)
_NOTE_READ: Final = _noting_read()
_FOLLOW: Final = Prepared(
    update(_INBOX).where(_INBOX.c.transaction_id == bindparam("before")).values(transaction_id=bindparam("successor"))
)
_EARLIER: Final = _seeking_earlier()
_COUNT_AGAIN: Final = Prepared(
    update(_INBOX)
    .where(among(_INBOX.c.id, "ids"))
    .values(received_count=_INBOX.c.received_count + 1, last_received_at=bindparam("now"), acknowledged_at=None)
)
_UNTOLD: Final = Prepared(
    core_select(*(_INBOX.c[name] for name in Untold._fields))
    .where(_INBOX.c.connection == bindparam("name"), _UNACKNOWLEDGED, ~_INBOX.c.is_unread)
    .order_by(_INBOX.c.id)
    .limit(bindparam("most"))
)
_ACKNOWLEDGE: Final = Prepared(update(_INBOX).where(among(_INBOX.c.id, "ids")).values(acknowledged_at=bindparam("now")))
_HEADERS: Final = Prepared(
    core_select(_INBOX.c.payload_id, *(_INBOX.c[field.name] for field in fields(Header))).where(
        among(_INBOX.c.payload_id, "payload_ids")
    )
)


def _arrival(told: Sequence[Any]) -> Arrival:  # of _KEPT
    number, event_id, source, kind, subject, time, body, content_type, *received = told
    return Arrival(number, Envelope(event_id, source, kind, subject, time, body or b"", content_type), *received)


def _row(arrival: Arrival, connection: str, stream: str) -> Row:  # of _COLUMNS
    envelope = arrival.envelope
    return (
        arrival.inbox_id,
        connection,
        stream,
        envelope.source,
        envelope.id,
        arrival.generation,
        envelope.type,
        envelope.subject,
        arrival.legal_entity_id,
        envelope.time,
        arrival.received_at,
        arrival.received_at,
        1,
        arrival.payload_id,
        arrival.sha256,
        arrival.transaction_id,
        None,
        arrival.needs_acknowledgement,
        arrival.is_unread,
    )
