"""Inquire: ask the target about what may have been booked, before anything else is done with it."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final

from connectors.contract import Outcome, OutcomeKind
from connectors.failures import Failure
from control_plane.engine import permits, poison
from control_plane.engine.errands import Errand, load_errands
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.settle import Answered, settle_finds
from control_plane.store import queue
from control_plane.telemetry import traces

LOG: Final = logging.getLogger(__name__)


async def inquire(parts: Parts) -> int:
    """Ask about what is due; return how many transactions were asked about."""
    errands = await parts.write(lambda unit: _pick(unit, parts))
    by_target: dict[str, list[Errand]] = defaultdict(list)
    for errand in errands:
        by_target[errand.work.target].append(errand)
    for name, asked in by_target.items():
        with traces.act("find", name, [errand.work for errand in asked]) as span:
            kinds = await _ask(parts, name, asked)
            traces.tell_outcomes(span, kinds)
    return len(errands)


def _pick(unit: Unit, parts: Parts) -> list[Errand]:
    targets = permits.open_now(unit, parts, parts.targets)
    works = queue.to_inquire(unit.session, targets=targets, now=unit.now, limit=parts.settings.batch)
    until = unit.now + parts.settings.lease  # meanwhile nobody else asks; after a crash somebody does
    held = [queue.Question(work.seen, until, work.absent_count, parts.incarnation) for work in works]
    queue.ask_again(unit.session, held)
    return load_errands(unit.session, works)


async def _ask(parts: Parts, name: str, errands: Sequence[Errand]) -> set[OutcomeKind]:
    """Ask about the documents, settle the answers and return what kinds of them came."""
    references = [intent.reference for errand in errands for intent in errand.intents]
    found = {outcome.reference: outcome for outcome in await _find(parts, name, references)}
    answers = [
        Answered(errand.work, errand.intents, tuple(_answer(found, intent.reference) for intent in errand.intents))
        for errand in errands
    ]
    await parts.write(partial(_settle, parts, answers))
    return {outcome.kind for answer in answers for outcome in answer.outcomes}


def _settle(parts: Parts, answers: Sequence[Answered], unit: Unit) -> None:
    settle_finds(unit, parts, answers)
    poison.quarantine(unit, [answer.work.id for answer in answers])


async def _find(parts: Parts, name: str, references: Sequence[str]) -> list[Outcome]:
    target, latest = parts.targets[name], parts.runtime.now() + parts.settings.lease
    try:
        found = await permits.call(
            parts, name, partial(target.find, references), latest=latest - target.traits.deadline
        )
    except Exception:  # a connector's mistake leaves the documents in doubt
        LOG.exception("connector failed while asking", extra={"references": len(references)})
        return []
    return [] if isinstance(found, Failure) else found


def _answer(found: dict[str, Outcome], reference: str) -> Outcome:
    return found.get(reference) or Outcome(reference, OutcomeKind.UNKNOWN, failure=Failure("answer_lost"))
