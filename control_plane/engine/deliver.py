"""Deliver: lease a batch, post it with bounded concurrency, commit the outcomes as they come."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from connectors.contract import Intent, Outcome, OutcomeKind, Target
from connectors.failures import Failure
from control_plane.engine import permits
from control_plane.engine.beforehand import ask_first, not_to_be_sent, told
from control_plane.engine.errands import Errand, Item, load_errands
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.settle import Answered, settle_posts
from control_plane.store import connections, queue, timelines
from control_plane.store.transactions import Work
from control_plane.telemetry import traces

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lane:
    """Calls that follow one another: all of one company where the target wants one writer, else a single one."""

    target: Target
    calls: tuple[tuple[Item, ...], ...]


async def deliver(parts: Parts) -> int:
    """Lease what is due, post it and settle the answers; return how many transactions were leased."""
    until = parts.runtime.now() + parts.settings.lease
    errands = await parts.write(lambda unit: _lease(unit, parts, until))
    if not errands:
        return 0
    answered: list[Errand] = [errand for errand in errands if errand.is_answered]
    gates = {id(target): asyncio.Semaphore(_at_once(parts, target)) for target in parts.targets.values()}
    lanes = [
        parts.runtime.spawn(_run(parts, lane, gates[id(lane.target)], until, answered), name="deliver lane")
        for lane in _lanes(parts.targets, errands)
    ]
    everything = asyncio.ensure_future(_all(lanes))
    while not everything.done():
        tick = asyncio.ensure_future(parts.runtime.sleep(parts.settings.settle_every))
        await asyncio.wait({everything, tick}, return_when=asyncio.FIRST_COMPLETED)
        tick.cancel()
        await _settle(parts, answered)
    await everything
    await _settle(parts, answered)
    return len(errands)


def _at_once(parts: Parts, target: Target) -> int:
    return min(target.traits.concurrency, parts.settings.concurrency or target.traits.concurrency)


def _lease(unit: Unit, parts: Parts, until: datetime) -> list[Errand]:
    flows = sorted(name for name, flow in unit.flows.items() if not flow.is_confirmation)
    works: list[Work] = []
    for share in permits.shares(unit, parts, parts.targets.keys() - connections.paused(unit.session)):
        leased = [
            work
            for target in share.targets
            for work in queue.lease(
                unit.session,
                unit.ids,
                queue.Wanted(target, flows, share.limit, by_deadline=share.is_scarce),
                owner=parts.incarnation,
                now=unit.now,
                until=until,
            )
        ]
        permits.expect(parts, share, len(leased))
        works += leased
    errands = load_errands(unit.session, works)
    taken_over_at = timelines.meet(unit.session, now=unit.now) if errands else None
    if taken_over_at is not None:
        ask_first(parts, errands, taken_over_at)
    return errands


def _lanes(targets: Mapping[str, Target], errands: Sequence[Errand]) -> list[Lane]:
    by_company: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for errand in errands:
        for intent in errand.intents:
            by_company[errand.work.target, intent.company].append((errand, intent))
    lanes: list[Lane] = []
    for (name, _), items in by_company.items():
        target = targets[name]
        calls = tuple(_chunks(items, target.traits.batch))
        lanes += (
            [Lane(target, calls)] if target.traits.is_serial_per_company else [Lane(target, (call,)) for call in calls]
        )
    return lanes


def _chunks(items: Iterable[Item], size: int) -> Iterable[tuple[Item, ...]]:
    rest = iter(items)
    while chunk := tuple(islice(rest, size)):
        yield chunk


async def _run(parts: Parts, lane: Lane, gate: asyncio.Semaphore, until: datetime, answered: list[Errand]) -> None:
    for call in lane.calls:
        async with gate:
            outcomes = await _traced_call(parts, lane.target, call, until)
        for (errand, _), outcome in zip(call, outcomes, strict=True):
            errand.outcomes.append(outcome)
            if errand.is_answered:
                answered.append(errand)


async def _traced_call(parts: Parts, target: Target, call: Sequence[Item], until: datetime) -> list[Outcome]:
    works = {errand.work.id: errand.work for errand, _ in call}
    with traces.act("post", call[0][0].work.target, list(works.values())) as span:
        outcomes = await _post_call(parts, target, call, until)
        traces.tell_outcomes(span, [outcome.kind for outcome in outcomes])
    return outcomes


async def _post_call(parts: Parts, target: Target, call: Sequence[Item], until: datetime) -> list[Outcome]:
    """Post the documents, but for those that stand in the target's books already, or whose business object does."""
    name, latest = call[0][0].work.target, until - target.traits.deadline
    stopped = await not_to_be_sent(parts, name, call, latest)
    outcomes = await _post(parts, name, [intent for _, intent in call if intent.reference not in stopped], latest)
    said = stopped | {outcome.reference: outcome for outcome in outcomes}
    return [said[intent.reference] for _, intent in call]


async def _post(parts: Parts, name: str, intents: Sequence[Intent], latest: datetime) -> list[Outcome]:
    if not intents:
        return []
    if parts.runtime.now() > latest:
        return [told(intent, OutcomeKind.NOT_SENT, "not_sent_in_time") for intent in intents]
    try:
        outcomes = await permits.call(parts, name, partial(parts.targets[name].post, intents), latest=latest)
    except Exception:  # whatever a connector does wrong, what it was given may have been sent
        LOG.exception("connector failed while posting", extra={"documents": len(intents)})
        return [told(intent, OutcomeKind.UNKNOWN, "answer_lost") for intent in intents]
    if isinstance(outcomes, Failure):
        return [Outcome(intent.reference, OutcomeKind.NOT_SENT, failure=outcomes) for intent in intents]
    by_reference = {outcome.reference: outcome for outcome in outcomes}
    unanswered = {i.reference: told(i, OutcomeKind.UNKNOWN, "answer_lost") for i in intents}
    return [by_reference.get(intent.reference, unanswered[intent.reference]) for intent in intents]


async def _all(lanes: Sequence[Awaitable[None]]) -> None:
    for lane in lanes:
        await lane


async def _settle(parts: Parts, answered: list[Errand]) -> None:
    while answered:
        batch, answered[:] = answered[: parts.settings.batch], answered[parts.settings.batch :]
        answers = [Answered(errand.work, errand.intents, tuple(errand.outcomes)) for errand in batch]
        await parts.write(partial(_record, parts, answers))


def _record(parts: Parts, answers: Sequence[Answered], unit: Unit) -> None:
    settle_posts(unit, parts, answers)
