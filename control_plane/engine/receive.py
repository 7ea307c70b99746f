"""Envelopes into the inbox, and what they say to those who act on it, in one unit of work."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import MasterRecord
from connectors.contract import Document, Envelope, Payment, Recall, Source, Translation, Unreadable
from connectors.failures import Failure
from control_plane.engine import accept, learn, pay, recall, trouble
from control_plane.engine.parts import Unit
from control_plane.flows.flow import Flow
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


class Fresh(NamedTuple):
    """An envelope that did not come before."""

    envelope: Envelope
    sha256: str
    generation: int


@dataclass(frozen=True, slots=True)
class Read:
    """An envelope in the inbox, and what it says."""

    arrival: inbox.Arrival
    translation: Translation


def receive(unit: Unit, feed: Feed, envelopes: Sequence[Envelope]) -> Reception:
    """Take over envelopes durably: nothing is lost, a redelivery of what lives is only counted."""
    fresh, repeated = sort_out(unit, feed, envelopes)
    said = [unit.reader.read(feed.connection, feed.source, one.envelope, one.sha256) for one in fresh]
    arrivals = store(unit, feed, fresh, [entity_of(translation) for translation in said])
    act_on(unit, feed.connection, [Read(*pair) for pair in zip(arrivals, said, strict=True)])
    return Reception(tuple((one.envelope.source, one.envelope.id) for one in fresh), frozenset(repeated))


def sort_out(
    unit: Unit, feed: Feed, envelopes: Sequence[Envelope]
) -> tuple[list[Fresh], dict[EventKey, inbox.Earlier]]:
    """Return what is new, and what came before: that is counted again."""
    earlier, is_pulled = inbox.earlier(unit.session, envelopes), feed.is_pulled
    fresh: dict[tuple[str, str, str], Fresh] = {}
    repeated: dict[EventKey, inbox.Earlier] = {}
    generations = Counter({key: one.generation + 1 for key, one in earlier.items()})
    for envelope in envelopes:
        key, sha256 = (envelope.source, envelope.id), inbox.digest(envelope)
        before = earlier.get(key)
        if before is not None and before.is_repeated_by(sha256, is_pulled=is_pulled):
            repeated[key] = before
        elif (*key, sha256) not in fresh:
            fresh[*key, sha256] = Fresh(envelope, sha256, generations[key])
            generations[key] += 1
    inbox.count_again(unit.session, [one.inbox_id for one in repeated.values()], now=unit.now)
    return list(fresh.values()), repeated


def store(
    unit: Unit, feed: Feed, fresh: Sequence[Fresh], entities: Sequence[str], *, is_unread: bool = False
) -> list[inbox.Arrival]:
    """Put new envelopes into the inbox, beside their payloads; what is a document gets its transaction's id."""
    bodies = [
        payloads.Payload("envelope", one.envelope.content_type, one.envelope.payload, entity, one.sha256)
        for one, entity in zip(fresh, entities, strict=True)
    ]
    payload_ids = payloads.put(unit.session, unit.ids, bodies, now=unit.now)
    inbox_ids, transaction_ids = unit.ids.draw_many(len(fresh)), unit.ids.draw_many(len(fresh))
    documents, is_pulled = _flows(unit).keys(), feed.is_pulled
    arrivals = [
        inbox.Arrival(
            inbox_id=inbox_id,
            envelope=one.envelope,
            sha256=one.sha256,
            generation=one.generation,
            payload_id=payload_id,
            legal_entity_id=entity,
            transaction_id=transaction_id if one.envelope.type in documents else None,
            needs_acknowledgement=one.envelope.type in documents and is_pulled,
            received_at=unit.now,
            is_unread=is_unread,
        )
        for one, entity, payload_id, inbox_id, transaction_id in zip(
            fresh, entities, payload_ids, inbox_ids, transaction_ids, strict=True
        )
    ]
    inbox.add(unit.session, arrivals, connection=feed.connection, stream=feed.stream)
    return arrivals


def act_on(unit: Unit, connection: str, read: Sequence[Read]) -> None:
    """Do what the envelopes of one connection say."""
    flows = _flows(unit)
    documents = [
        accept.Arrived(one.arrival, one.translation, flows[one.arrival.envelope.type])
        for one in read
        if one.arrival.transaction_id is not None
    ]
    contents = [one.translation.content for one in read if isinstance(one.translation, Document)]
    learn.learn(unit, connection, [one for one in contents if isinstance(one, MasterRecord)])
    accept.accept(unit, connection, documents)
    recall.recall(unit, [one for one in contents if isinstance(one, Recall)])
    pay.pay(unit, connection, _payments(read))
    trouble.tell_unread(unit, connection, _unread(read))


def entity_of(translation: Translation) -> str:
    """Return the legal entity that an envelope names."""
    match translation:
        case Document(content=ExpenseReport(legal_entity_ref=entity)) | Unreadable(legal_entity_ref=entity):
            return entity or UNRESOLVED
        case _:
            return UNRESOLVED


def _flows(unit: Unit) -> dict[str, Flow]:
    """Return the flows by the event that begins them."""
    return {flow.starts_with: flow for flow in unit.flows.values() if flow.starts_with}


def _payments(read: Sequence[Read]) -> list[pay.Paid]:
    return [
        pay.Paid(one.translation.content, one.arrival.payload_id, one.arrival.envelope.id)
        for one in read
        if isinstance(one.translation, Document) and isinstance(one.translation.content, Payment)
    ]


def _unread(read: Sequence[Read]) -> list[tuple[str, Failure]]:
    """Return what could not be read and is no document with an exception of its own, by event."""
    return [
        (one.arrival.envelope.subject or one.arrival.envelope.id, one.translation.failures[0])
        for one in read
        if isinstance(one.translation, Unreadable) and one.arrival.transaction_id is None
    ]
