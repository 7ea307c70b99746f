"""Reverse: take postings back that were recalled, or that a later version replaces."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from connectors.contract import Outcome, OutcomeKind, Reversal
from connectors.failures import Failure
from control_plane.domain.machine import By
from control_plane.domain.transaction import WITHDRAWABLE, Reason, State, transition
from control_plane.engine import permits, trouble
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.recall import POSTED_STATES
from control_plane.engine.succeed import posting_key
from control_plane.store import holds, postings, queue, transactions, transitions
from control_plane.store.tables import PostingRow
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A transaction with the postings to reverse, and the target's answers."""

    work: Work
    reversals: tuple[Reversal, ...]
    outcomes: tuple[Outcome, ...] = ()

    @property
    def is_done(self) -> bool:
        """Return whether every posting has its reversal."""
        return all(outcome.kind is OutcomeKind.POSTED for outcome in self.outcomes)

    @property
    def refusal(self) -> Failure | None:
        """Return why the target will not reverse one of them."""
        refused = (outcome.failure for outcome in self.outcomes if outcome.kind is OutcomeKind.REJECTED)
        return next(refused, None)


async def reverse(parts: Parts) -> int:
    """Reverse what is to be taken back; what stays unclear is tried again, and the target asked first."""
    wanted = await parts.write(lambda unit: _pick(unit, parts))
    by_target: dict[str, list[TakenBack]] = defaultdict(list)
    for one in wanted:
        by_target[one.work.target].append(one)
    for name, group in by_target.items():
        answers = await _send(parts, name, group)
        await parts.write(partial(_settle, answers))
    return len(wanted)


def _pick(unit: Unit, parts: Parts) -> list[TakenBack]:
    until = unit.now + parts.settings.lease
    targets = permits.open_now(unit, parts, parts.targets)
    works = [
        work
        for work in queue.to_reverse(unit.session, now=unit.now, until=until, limit=parts.settings.batch)
        if work.seen.state in POSTED_STATES | WITHDRAWABLE and work.target in targets
    ]
    booked = postings.standing(unit.session, [work.id for work in works])
    return [TakenBack(work, tuple(_reversal(unit, work, row) for row in booked.get(work.id, ()))) for work in works]


def _reversal(unit: Unit, work: Work, row: PostingRow) -> Reversal:
    return Reversal(row.reference, postings.posting_of(row), _day(unit), _why(work))


def _day(unit: Unit) -> date:
    return unit.now.date()


def _why(work: Work) -> str:
    return "recalled by the source" if work.recalled_at else "replaced by a later version"


async def _send(parts: Parts, name: str, group: Sequence[TakenBack]) -> list[TakenBack]:
    target, latest = parts.targets[name], parts.runtime.now() + parts.settings.lease
    reversals = [reversal for one in group for reversal in one.reversals]
    try:
        reversed_ = partial(target.reverse, reversals)
        outcomes = await permits.call(parts, name, reversed_, latest=latest - target.traits.deadline)
    except Exception:  # a connector's mistake: tried again later, and the target is asked first
        LOG.exception("connector failed while reversing", extra={"documents": len(reversals)})
        outcomes = []
    answered = [] if isinstance(outcomes, Failure) else outcomes
    said: Mapping[str, Outcome] = {outcome.reference: outcome for outcome in answered}
    return [TakenBack(one.work, one.reversals, _answers(one, said)) for one in group]


def _answers(one: TakenBack, said: Mapping[str, Outcome]) -> tuple[Outcome, ...]:
    lost = Failure("answer_lost")
    return tuple(
        said.get(reversal.reference) or Outcome(reversal.reference, OutcomeKind.UNKNOWN, failure=lost)
        for reversal in one.reversals
    )


def _settle(answers: Sequence[TakenBack], unit: Unit) -> None:
    proofs = [
        postings.Proof(one.work.id, one.work.seen.legal_entity_id, outcome.posting)
        for one in answers
        for outcome in one.outcomes
        if outcome.posting is not None
    ]
    holds.watch(unit.session, [posting_key(one.work) for one in answers])
    postings.add(unit.session, unit.ids, proofs, now=unit.now)
    done = [one for one in answers if one.is_done]
    recorded = transitions.record(unit.session, [_reversed(unit, one) for one in done], unit.ids)
    holds.replace(unit.session, dict.fromkeys(recorded.applied, ()))
    refused = [trouble.Trouble(one.work, (one.refusal,), step="reverse") for one in answers if one.refusal is not None]
    transactions.want_reversal(unit.session, [one.work.id for one in refused], now=None)
    trouble.open_cases(unit, refused)
    trouble.resolve_cases(unit, dict.fromkeys(recorded.applied, "reversed in the target"))
    keys = [posting_key(one.work) for one in done if one.work.id in recorded.applied]
    holds.wake(unit.session, keys, now=unit.now)


def _reversed(unit: Unit, one: TakenBack) -> Change:
    work = one.work
    to, by = (State.REVERSED, By.SYSTEM) if work.seen.state in POSTED_STATES else (_withdrawn(work), By.SOURCE)
    reason = Reason.RECALLED if work.recalled_at else Reason.NEW_VERSION
    return Change(
        transition(work.seen, to, reason=reason, by=by, now=unit.now),
        name="reversed",
        sets={"reversal_wanted_at": None, "sla_next_at": None},
        facts={"reversals": [outcome.posting.number for outcome in one.outcomes if outcome.posting is not None]},
    )


def _withdrawn(work: Work) -> State:
    """Return where a document ends that was booked in part only, once no part of it stands any more."""
    return State.CANCELLED if work.recalled_at else State.SUPERSEDED
