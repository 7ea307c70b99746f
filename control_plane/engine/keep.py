"""Envelopes that were sent to us: kept as they came before they are answered, acted on afterwards in their order."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

from connectors.contract import Envelope, Source
from control_plane.engine.acknowledge import acknowledge
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.poison import apart, trial
from control_plane.engine.receive import EventKey, Feed, Read, Reception, act_on, entity_of, sort_out, store
from control_plane.engine.understand import NOT_READ
from control_plane.store import inbox, trials
from control_plane.store.database import advisory_lock
from control_plane.store.inbox import Unread
from control_plane.store.tables import UNRESOLVED
from control_plane.store.troubles import DatabaseTroubleError

LOG: Final = logging.getLogger(__name__)

ACT_ON_KEPT: Final = "act_on_kept"
_ORDER: Final = "inbox.unread"
"""One worker at a time acts on what was kept: a recall must find the document that was sent before it."""

Acted = Counter[str]
"""How many envelopes of each connection were acted on."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of envelopes, by (source, event id)."""

    transactions: Mapping[EventKey, int | None]
    """The transaction that each makes or made, where it makes one."""
    repeated: frozenset[EventKey]


def keep(unit: Unit, feed: Feed, envelopes: Sequence[Envelope]) -> Kept:
    """Keep envelopes durably, whatever they say; a redelivery is only counted."""
    fresh, repeated = sort_out(unit, feed, envelopes)
    arrivals = store(unit, feed, fresh, [UNRESOLVED] * len(fresh), is_unread=True)
    former = {key: one.transaction_id for key, one in repeated.items()}
    latter = {(one.envelope.source, one.envelope.id): one.transaction_id for one in arrivals}
    return Kept(former | latter, frozenset(repeated))


def receive_unread(unit: Unit, feed: Feed, envelopes: Sequence[Envelope]) -> Reception:
    """Take over envelopes as `receive` does, to be acted on afterwards."""
    kept = keep(unit, feed, envelopes)
    return Reception(tuple(kept.transactions.keys() - kept.repeated), kept.repeated)


async def act_on_kept(parts: Parts) -> int:
    """Act on what was kept, a page of it, let its sources hear, and return how much it was."""
    if await parts.read(inbox.unread_since) is None:
        return 0
    acted = await _act(parts)
    for connection in acted:
        if _sources(parts)[connection].streams:
            await acknowledge(parts, connection)
    return acted.total()


async def _act(parts: Parts) -> Acted:
    if parts.care.is_needed_for(ACT_ON_KEPT):
        parts.care.is_over_for(ACT_ON_KEPT)
        return await _act_on_apart(parts)
    try:
        return await parts.write(partial(_act_on_page, parts))
    except DatabaseTroubleError:
        raise
    except Exception:  # our own mistake over one envelope must not hold up the others
        LOG.exception("a page of events failed, they are taken apart")
        return await _act_on_apart(parts)


async def _act_on_apart(parts: Parts) -> Acted:
    waiting = await parts.read(lambda session: inbox.unread(session, _sources(parts), parts.settings.page))
    return await _act_on_groups(parts, await apart(parts, waiting, lambda one: one.arrival.payload_id))


async def _act_on_groups(parts: Parts, groups: Sequence[Sequence[Unread]], after: int = 0) -> Acted:
    """Act on groups in their order, and one by one on those of a group that failed."""
    acted = Acted()
    for group in groups:
        try:
            async with trial(parts, [one.arrival.payload_id for one in group]):
                acted += await parts.write(partial(_act_on_page, parts, after=after, limit=len(group)))
        except DatabaseTroubleError:
            raise
        except Exception:
            LOG.exception("events failed", extra={"events": [one.arrival.envelope.id for one in group]})
            if len(group) > 1:
                acted += await _act_on_groups(parts, [[one] for one in group], after)
        after = group[-1].arrival.inbox_id
    return acted


def _act_on_page(parts: Parts, unit: Unit, *, after: int = 0, limit: int | None = None) -> Acted:
    advisory_lock(unit.session, [_ORDER])
    sources = _sources(parts)
    waiting = inbox.unread(unit.session, sources, limit or parts.settings.page, after=after)
    condemned = trials.condemned(unit.session, [one.arrival.payload_id for one in waiting])
    entities: dict[int, str] = {}
    for connection, some in groupby(waiting, key=lambda one: one.connection):
        read = [_read(unit, sources[connection], one, condemned) for one in some]
        act_on(unit, connection, read)
        entities |= {one.arrival.inbox_id: one.arrival.legal_entity_id for one in read}
    inbox.note_read(unit.session, entities)
    trials.end(unit.session, [one.arrival.payload_id for one in waiting if not _is_put_aside(one, condemned)])
    return Acted(one.connection for one in waiting)


def _read(unit: Unit, source: Source, one: Unread, condemned: Collection[int]) -> Read:
    arrival = one.arrival
    if arrival.payload_id in condemned:
        return Read(arrival, NOT_READ)
    translation = unit.reader.read(one.connection, source, arrival.envelope, arrival.sha256)
    return Read(arrival._replace(legal_entity_id=entity_of(translation)), translation)


def _is_put_aside(one: Unread, condemned: Collection[int]) -> bool:
    """Return whether it is a document that the check is not to read either."""
    return one.arrival.payload_id in condemned and one.arrival.transaction_id is not None


def _sources(parts: Parts) -> dict[str, Source]:
    return {name: one.source for name, one in parts.connectors.items() if one.source is not None}
