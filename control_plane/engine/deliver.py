"""Deliver: lease a batch, post it with bounded concurrency and commit the outcomes, while the next is leased."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from connectors.contract import Intent, Outcome, OutcomeKind, Target
from connectors.failures import Failure
from control_plane.engine import permits
from control_plane.engine.beforehand import ask_first, not_to_be_sent, told
from control_plane.engine.errands import Errand, Item, load_errands
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.settle import Answered, settle_posts
from control_plane.engine.under_way import Batch, UnderWay
from control_plane.store import connections, queue, timelines
from control_plane.store.transactions import Work
from control_plane.store.troubles import DatabaseTroubleError
from control_plane.telemetry import traces

LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lane:
    """Calls that follow one another: all of one company where the target wants one writer, else a single one."""

    target: str
    company: str
    calls: tuple[tuple[Item, ...], ...]


async def deliver(parts: Parts) -> int:
    """Lease what is due, post it and settle the answers, batch upon batch; return how many transactions were leased.

    While the database is away nothing more is leased; answers are kept as long as others are awaited.
    """
    under_way = UnderWay(parts)
    leased = await _lease_more(parts, under_way)
    while under_way:
        await under_way.news()
        try:
            leased += await _lease_more(parts, under_way)
            await _settle(parts, under_way)
        except DatabaseTroubleError:
            under_way.close()
            if under_way.is_sent:
                raise
    return leased


async def _lease_more(parts: Parts, under_way: UnderWay) -> int:
    """Lease for the targets that have room, and let the documents leave; return how many transactions were leased."""
    names = under_way.with_room()
    if not names:
        return 0
    batch = await parts.write(partial(_lease, parts, names, parts.runtime.now() + parts.settings.lease))
    for name, unsent in under_way.take(batch, names).items():
        permits.expect(parts, name, unsent)
    lanes = [_run(parts, under_way, lane, batch.until) for lane in _lanes(under_way.targets, batch.errands)]
    if batch.errands:
        under_way.begin([parts.runtime.spawn(lane, name="deliver lane") for lane in lanes])
    return len(batch.errands)


def _lease(parts: Parts, names: set[str], until: datetime, unit: Unit) -> Batch:
    flows = sorted(name for name, flow in unit.flows.items() if not flow.is_confirmation)
    works: list[Work] = []
    limits: dict[str, int] = {}
    for share in permits.shares(unit, parts, names - connections.paused(unit.session)):
        for target in share.targets:
            limits[target] = share.limit
            wanted = queue.Wanted(target, flows, share.limit, by_deadline=share.is_scarce)
            works += queue.lease(unit.session, unit.ids, wanted, owner=parts.incarnation, now=unit.now, until=until)
    errands = load_errands(unit.session, works)
    taken_over_at = timelines.meet(unit.session, now=unit.now) if errands else None
    if taken_over_at is not None:
        ask_first(parts, errands, taken_over_at)
    return Batch(errands, limits, until)


def _lanes(targets: Mapping[str, Target], errands: Sequence[Errand]) -> list[Lane]:
    by_company: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for errand in errands:
        for intent in errand.intents:
            by_company[errand.work.target, intent.company].append((errand, intent))
    lanes: list[Lane] = []
    for (name, company), items in by_company.items():
        traits = targets[name].traits
        calls = tuple(_chunks(items, traits.batch))
        lanes += [Lane(name, company, one) for one in ([calls] if traits.is_serial_per_company else zip(calls))]
    return lanes


def _chunks(items: Iterable[T], size: int) -> Iterable[tuple[T, ...]]:
    rest = iter(items)
    while chunk := tuple(islice(rest, size)):
        yield chunk


async def _run(parts: Parts, under_way: UnderWay, lane: Lane, until: datetime) -> None:
    async with under_way.one_writer(lane.target, lane.company):
        for call in lane.calls:
            async with under_way.gates[lane.target]:
                under_way.leaves(lane.target, len(call))
                outcomes = await _traced_call(parts, under_way.targets[lane.target], call, until)
            under_way.hear(call, outcomes)


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
    intents = [intent for _, intent in call if intent.reference not in stopped]
    outcomes = await _post(parts, name, target, intents, latest) if intents else []
    said = {outcome.reference: outcome for outcome in outcomes} | stopped
    return [said.get(one.reference) or told(one, OutcomeKind.UNKNOWN, "answer_lost") for _, one in call]


async def _post(
    parts: Parts, name: str, target: Target, intents: Sequence[Intent], latest: datetime
) -> Sequence[Outcome]:
    if parts.runtime.now() > latest:
        return [told(intent, OutcomeKind.NOT_SENT, "not_sent_in_time") for intent in intents]
    try:
        outcomes = await permits.call(parts, name, partial(target.post, intents), latest=latest)
    except Exception:  # whatever a connector does wrong, what it was given may have been sent
        LOG.exception("connector failed while posting", extra={"documents": len(intents)})
        return [told(intent, OutcomeKind.UNKNOWN, "answer_lost") for intent in intents]
    if isinstance(outcomes, Failure):
        return [Outcome(intent.reference, OutcomeKind.NOT_SENT, failure=outcomes) for intent in intents]
    return outcomes


async def _settle(parts: Parts, under_way: UnderWay) -> None:
    for batch in _chunks(under_way.ripe(), parts.settings.batch):
        answers = [Answered(errand.work, errand.intents, tuple(errand.outcomes)) for errand in batch]
        await parts.write(partial(_record, parts, answers))
        del under_way.answered[: len(batch)]


def _record(parts: Parts, answers: Sequence[Answered], unit: Unit) -> None:
    settle_posts(unit, parts, answers)
