"""Envelopes into the inbox, and what they say to those who act on it, in one unit of work."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import MasterRecord
from connectors.contract import Document, Envelope, Payment, Recall, Source, Translation, Unreadable
from connectors.failures import Failure
from control_plane.engine import accept, learn, pay, recall, trouble
from control_plane.engine.parts import Unit
from control_plane.runtime import Ids
from control_plane.store import inbox, payloads
from control_plane.store.tables import UNRESOLVED

EventKey = tuple[str, str]
"""Source and event id."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Where envelopes come from, and who understands them."""

    connection: str
    stream: str
    source: Source

    @property
    def is_pulled(self) -> bool:
        """Return whether we fetch it, and so tell its source what is safely ours; what is sent to us got its 202."""
        return self.stream in self.source.streams


@dataclass(frozen=True, slots=True)
class Reception:
    """What became of a page's envelopes, by (source, event id)."""

    taken: tuple[EventKey, ...]
    repeated: frozenset[EventKey]


@dataclass(frozen=True, slots=True)
class _Fresh:
    envelope: Envelope
    sha256: str
    generation: int
    translation: Translation


def receive(unit: Unit, feed: Feed, envelopes: Sequence[Envelope]) -> Reception:
    """Take over envelopes durably: nothing is lost, a redelivery of what lives is only counted."""
    earlier = inbox.earlier(unit.session, envelopes)
    fresh: dict[tuple[str, str, str], _Fresh] = {}
    repeated: set[EventKey] = set()
    generations = Counter({key: one.generation + 1 for key, one in earlier.items()})
    for envelope in envelopes:
        key, sha256 = (envelope.source, envelope.id), inbox.digest(envelope)
        before = earlier.get(key)
        if before is not None and before.is_repeated_by(sha256, is_pulled=feed.is_pulled):
            repeated.add(key)
        elif (*key, sha256) not in fresh:
            translation = unit.reader.read(feed.connection, feed.source, envelope, sha256)
            fresh[*key, sha256] = _Fresh(envelope, sha256, generations[key], translation)
            generations[key] += 1
    inbox.count_again(unit.session, [earlier[key].inbox_id for key in repeated], now=unit.now)
    _take(unit, feed, list(fresh.values()))
    return Reception(tuple((one.envelope.source, one.envelope.id) for one in fresh.values()), frozenset(repeated))


def _take(unit: Unit, feed: Feed, fresh: Sequence[_Fresh]) -> None:
    flows = {flow.starts_with: flow for flow in unit.flows.values() if flow.starts_with}
    bodies = [_payload(one) for one in fresh]
    payload_ids = payloads.put(unit.session, unit.ids, bodies, now=unit.now)
    arrivals = [
        _arrival(unit.ids, feed, one, payload_id, is_document=one.envelope.type in flows)
        for one, payload_id in zip(fresh, payload_ids, strict=True)
    ]
    inbox.add(unit.session, arrivals, connection=feed.connection, stream=feed.stream, now=unit.now)
    documents = [
        accept.Arrived(arrival, one.translation, flows[one.envelope.type])
        for arrival, one in zip(arrivals, fresh, strict=True)
        if arrival.transaction_id is not None
    ]
    contents = [one.translation.content for one in fresh if isinstance(one.translation, Document)]
    learn.learn(unit, feed.connection, [one for one in contents if isinstance(one, MasterRecord)])
    accept.accept(unit, feed.connection, documents)
    recall.recall(unit, [one for one in contents if isinstance(one, Recall)])
    pay.pay(unit, feed.connection, _payments(arrivals, fresh))
    trouble.tell_unread(unit, feed.connection, _unread(arrivals, fresh))


def _payload(one: _Fresh) -> payloads.Payload:
    return payloads.Payload("envelope", one.envelope.content_type, one.envelope.payload, _entity_of(one.translation))


def _arrival(ids: Ids, feed: Feed, one: _Fresh, payload_id: int, *, is_document: bool) -> inbox.Arrival:
    return inbox.Arrival(
        inbox_id=ids.draw(),
        envelope=one.envelope,
        sha256=one.sha256,
        generation=one.generation,
        payload_id=payload_id,
        legal_entity_id=_entity_of(one.translation),
        transaction_id=ids.draw() if is_document else None,
        needs_acknowledgement=is_document and feed.is_pulled,
    )


def _payments(arrivals: Sequence[inbox.Arrival], fresh: Sequence[_Fresh]) -> list[pay.Paid]:
    return [
        pay.Paid(one.translation.content, arrival.payload_id, one.envelope.id)
        for arrival, one in zip(arrivals, fresh, strict=True)
        if isinstance(one.translation, Document) and isinstance(one.translation.content, Payment)
    ]


def _unread(arrivals: Sequence[inbox.Arrival], fresh: Sequence[_Fresh]) -> list[tuple[str, Failure]]:
    """Return what could not be read and is no document with an exception of its own, by event."""
    return [
        (one.envelope.subject or one.envelope.id, one.translation.failures[0])
        for arrival, one in zip(arrivals, fresh, strict=True)
        if isinstance(one.translation, Unreadable) and arrival.transaction_id is None
    ]


def _entity_of(translation: Translation) -> str:
    match translation:
        case Document(content=ExpenseReport(legal_entity_ref=entity)) | Unreadable(legal_entity_ref=entity):
            return entity or UNRESOLVED
        case _:
            return UNRESOLVED
