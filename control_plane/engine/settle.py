"""Settle: what the target answered becomes transitions, postings and exceptions, in one unit of work."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from connectors.contract import Intent, Outcome, Posting, Traits
from connectors.failures import Failure
from control_plane.domain import delivery, sla
from control_plane.domain.calendar import period_of
from control_plane.domain.delivery import Attempted, Settlement
from control_plane.domain.machine import By
from control_plane.domain.retry import RetryPolicy
from control_plane.domain.transaction import WITHDRAWABLE, Reason, State, transition
from control_plane.engine import recall, recognize, succeed, trouble
from control_plane.engine.intents import lists_behind
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.policy import retry_of
from control_plane.store import holds, lineage, postings, queue, transitions
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change

LOOK_AGAIN_AFTER: Final = timedelta(hours=1)
"""What the target refused may go although no list tells of a change: it was closed and reopened between two reads."""


class Answered(NamedTuple):
    """A transaction, the documents that were asked for, and the target's answer for each."""

    work: Work
    intents: tuple[Intent, ...]
    outcomes: tuple[Outcome, ...]


Decided = tuple[Answered, Settlement]


def settle_posts(unit: Unit, parts: Parts, answers: Sequence[Answered]) -> None:
    """Record what came back from posting. What is no longer ours is kept as evidence and not applied."""
    answers = _recognized(unit, answers)
    patience = {flow: retry_of(unit, flow) for flow in {answer.work.seen.flow for answer in answers}}
    decided = [(answer, _decide_post(unit, parts, answer, patience[answer.work.seen.flow])) for answer in answers]
    apply(unit, _refuse_proofs_of_others(unit, decided), by=By.LEASE)


def settle_finds(unit: Unit, parts: Parts, answers: Sequence[Answered]) -> None:
    """Record what the target says about documents that may be booked; what stays unclear is asked about again."""
    found = [(answer, _decide_find(unit, parts, answer)) for answer in _recognized(unit, answers)]
    decided = _refuse_proofs_of_others(unit, found)
    moving = [one for one in decided if one[1].to is not one[0].work.seen.state]
    staying = [one for one in decided if one[1].to is one[0].work.seen.state]
    apply(unit, moving, by=By.SYSTEM)
    _stay(unit, staying)


def apply(unit: Unit, decided: Sequence[Decided], *, by: By) -> None:
    """Record settlements, with everything that follows from those that still held."""
    recorded = transitions.record(unit.session, [_change(unit, one, by) for one in decided], unit.ids)
    kept = [one for one in decided if one[0].work.id in recorded.applied]
    _keep_as_evidence(unit, [one for one in decided if one[0].work.id not in recorded.applied])
    _book(unit, kept)
    _tell_people(unit, kept)
    _pause(unit, kept)
    recall.settle_recalled(unit, sorted(recorded.applied))
    succeed.give_way(unit, [answer.work.id for answer, settlement in kept if settlement.to in WITHDRAWABLE])
    succeed.hold_successors(unit, recorded.promoted)


def attempted_of(work: Work) -> Attempted:
    """Return what is known of the transaction's attempts."""
    first = work.first_attempt_at or work.received_at
    return Attempted(work.attempt_count, first, work.last_sent_at or first, work.absent_count)


def _recognized(unit: Unit, answers: Sequence[Answered]) -> list[Answered]:
    said = [(answer.work.id, answer.work.target, answer.outcomes) for answer in answers]
    read = recognize.recognize(unit, said)
    return [
        answer if outcomes is answer.outcomes else answer._replace(outcomes=outcomes)
        for answer, outcomes in zip(answers, read, strict=True)
    ]


def _decide_post(unit: Unit, parts: Parts, answer: Answered, policy: RetryPolicy) -> Settlement:
    attempted, traits = attempted_of(answer.work), _traits_of(parts, answer.work)
    jitter = parts.runtime.random()
    return delivery.settle_post(answer.outcomes, attempted, traits, policy, now=unit.now, jitter=jitter)


def _decide_find(unit: Unit, parts: Parts, answer: Answered) -> Settlement:
    attempted, traits = attempted_of(answer.work), _traits_of(parts, answer.work)
    asked = delivery.Asked(answer.intents, answer.outcomes, answer.work.seen.state)
    return delivery.settle_find(asked, attempted, traits, now=unit.now)


def _traits_of(parts: Parts, work: Work) -> Traits:
    target = parts.connectors[work.target].target
    return Traits() if target is None else target.traits


def _stay(unit: Unit, staying: Sequence[Decided]) -> None:
    questions = [queue.Question(answer.work.seen, told.at, told.absent_count) for answer, told in staying]
    queue.ask_again(unit.session, questions)
    lineage.tell(unit.session, [_asked(unit, answer) for answer, _ in staying], unit.ids)
    _tell_people(unit, staying)


def _asked(unit: Unit, answer: Answered) -> lineage.Entry:
    facts = {"answers": sorted({outcome.kind.value for outcome in answer.outcomes})}
    return _entry(unit, answer, "asked", By.SYSTEM, facts)


def _refuse_proofs_of_others(unit: Unit, decided: Sequence[Decided]) -> list[Decided]:
    proofs = [proof for answer, settlement in decided for proof in _proofs(answer, settlement.postings)]
    taken = postings.proofs_of_others(unit.session, proofs)
    return [
        (answer, _conflict(answer, settlement) if answer.work.id in taken else settlement)
        for answer, settlement in decided
    ]


def _conflict(answer: Answered, settlement: Settlement) -> Settlement:
    """Return that a person decides: of what is in doubt two must, so it stays there and is not asked about again."""
    numbers = ", ".join(posting.number for posting in settlement.postings)
    failure = Failure("reference_conflict", {"other": numbers, "problem": "it already proves another document"})
    if answer.work.seen.state is State.IN_FLIGHT:
        return Settlement(State.FAILED, Reason.REJECTED, None, failure)
    return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, None, failure, absent_count=answer.work.absent_count)


def _proofs(answer: Answered, posted: Sequence[Posting]) -> list[postings.Proof]:
    return [postings.Proof(answer.work.id, answer.work.seen.legal_entity_id, posting) for posting in posted]


def _change(unit: Unit, decided: Decided, by: By) -> Change:
    answer, settlement = decided
    taken = transition(answer.work.seen, settlement.to, reason=settlement.reason, by=by, now=unit.now)
    code = "" if settlement.failure is None else settlement.failure.code
    return Change(
        taken,
        name=code or settlement.to.value,
        sets=_sets(unit, answer.work, settlement),
        facts=_facts(answer, settlement),
        failure_code=code,
    )


def _sets(unit: Unit, work: Work, settlement: Settlement) -> Mapping[str, Any]:  # column values
    match settlement.to:
        case State.READY:
            return {"priority_at": settlement.at or unit.now, "inquire_at": None, "absent_count": 0}
        case State.IN_DOUBT | State.AWAITING_ACK:
            return {"inquire_at": settlement.at, "absent_count": settlement.absent_count}
        case State.POSTED:
            return {"inquire_at": None, **posted_columns(unit, work, settlement.postings)}
        case _:
            return {"inquire_at": None}


def posted_columns(unit: Unit, work: Work, posted: Sequence[Posting]) -> Mapping[str, Any]:  # column values
    """Return what a posting settles on the transaction's row: its period in the books, and the promise."""
    arrived = sla.settled(work.due_at, arrived_at=unit.now) if work.due_at else None
    period = {"posting_period": period_of(posted[0].posting_date)} if posted else {}
    return period | {"sla_status": arrived.status.value if arrived else "", "sla_next_at": None}


def _facts(answer: Answered, settlement: Settlement) -> dict[str, Any]:  # JSON values
    facts: dict[str, Any] = {"attempt": answer.work.attempt_count}
    if settlement.postings:
        facts["postings"] = [posting.number for posting in settlement.postings]
    if settlement.at is not None:
        facts["next_at"] = settlement.at.isoformat()
    if settlement.failure is not None:
        facts |= {"values": dict(settlement.failure.values), "detail": settlement.failure.detail[:500]}
    return facts


def _keep_as_evidence(unit: Unit, late: Sequence[Decided]) -> None:
    entries = [
        _entry(unit, answer, "late_result", By.LEASE, _facts(answer, settlement) | {"would_be": settlement.to.value})
        for answer, settlement in late
    ]
    lineage.tell(unit.session, entries, unit.ids)


def _entry(unit: Unit, answer: Answered, name: str, by: By, facts: Mapping[str, Any]) -> lineage.Entry:  # JSON values
    seen = answer.work.seen
    return lineage.Entry(
        transaction_id=seen.id,
        legal_entity_id=seen.legal_entity_id,
        flow=seen.flow,
        kind=lineage.Kind.ATTEMPT,
        at=unit.now,
        by=by.value,
        name=name,
        fence=seen.fence,
        facts=facts,
    )


def _book(unit: Unit, kept: Sequence[Decided]) -> None:
    proofs = [proof for answer, settlement in kept for proof in _proofs(answer, settlement.postings)]
    postings.add(unit.session, unit.ids, proofs, now=unit.now)
    held = {a.work.id: _awaited(a) for a, settlement in kept if settlement.to is State.ON_HOLD}
    holds.replace(unit.session, held, dict.fromkeys(held, unit.now + LOOK_AGAIN_AFTER))
    posted = [answer.work for answer, settlement in kept if settlement.to is State.POSTED]
    holds.wake(unit.session, [succeed.posting_key(work) for work in posted], now=unit.now)


def _awaited(answer: Answered) -> set[holds.HoldKey]:
    """Return what a refused document waits for: any change of what it rests on, its policy, its earlier posting."""
    policy = holds.policy_key(answer.work.seen.flow)
    return {*lists_behind(answer.intents), succeed.posting_key(answer.work), policy}


def _tell_people(unit: Unit, kept: Sequence[Decided]) -> None:
    troubles = [
        trouble.Trouble(answer.work, (settlement.failure,), step="post")
        for answer, settlement in kept
        if settlement.failure is not None and _needs_a_person(settlement)
    ]
    trouble.open_cases(unit, troubles)
    evidence = {
        answer.work.id: "posted as " + ", ".join(posting.number for posting in settlement.postings)
        for answer, settlement in kept
        if settlement.to is State.POSTED
    }
    trouble.resolve_cases(unit, evidence)


def _needs_a_person(settlement: Settlement) -> bool:
    is_past_asking = settlement.to is State.IN_DOUBT and settlement.at is None
    return is_past_asking or settlement.to in {State.FAILED, State.ON_HOLD}


def _pause(unit: Unit, kept: Sequence[Decided]) -> None:
    for answer, settlement in kept:
        if settlement.pauses_connection and settlement.failure is not None:
            trouble.pause_if_hopeless(unit, answer.work.target, settlement.failure)
