"""Check: a received document walks through its flow's steps and becomes ready, held, failed or withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import Domain
from connectors.contract import Document, Translation, Unreadable
from connectors.failures import Failure, FailureKind
from control_plane.domain.calendar import period_of
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.domain.verdict import Case, Verdict
from control_plane.engine import facts, succeed, trouble
from control_plane.engine import intents as intents_json
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.poison import apart, trial
from control_plane.engine.understand import NOT_READ, as_corrected, envelope_of
from control_plane.flows.flow import Flow, StepRecord, StepResult, destination, run
from control_plane.store import (
    budgets,
    corrections,
    holds,
    inbox,
    lineage,
    payloads,
    queue,
    transactions,
    transitions,
    trials,
)
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change

WITHDRAWN: Final = frozenset({State.CANCELLED, State.DUPLICATE})

_CHECK: Final = "check"


@dataclass(frozen=True, slots=True)
class Examined:
    """A document with what its flow says about it."""

    work: Work
    verdict: Verdict | None
    """None where it could not be read."""
    records: tuple[StepRecord, ...]
    failures: tuple[Failure, ...]
    to: State
    reason: Reason
    awaited: tuple[holds.HoldKey, ...] = ()
    wakes_at: datetime | None = None
    """When its reason goes by itself: a posting window opens."""
    policy_version: int = 0
    master_data_version: int = 0

    @property
    def moves(self) -> bool:
        """Return whether it changes its line in the ledger."""
        return (self.to, self.reason) != (self.work.seen.state, self.work.seen.reason)


async def check(parts: Parts) -> int:
    """Check what was received; return how many documents were looked at."""
    if parts.care.is_needed_for(_CHECK):
        return await _check_apart(parts)
    return await parts.write(lambda unit: _check(unit, parts, _next(unit, parts)))


async def _check_apart(parts: Parts) -> int:
    """Check the first batch after a process was lost apart: what nobody comes back from is put aside."""
    works = await parts.write(lambda unit: _next(unit, parts))
    done = 0
    for group in await apart(parts, works, lambda work: work.payload_id):
        async with trial(parts, [work.payload_id for work in group]):
            done += await parts.write(partial(_check_still, parts, group))
    if works:
        parts.care.is_over_for(_CHECK)
    return done


def _next(unit: Unit, parts: Parts) -> Sequence[Work]:
    """Return what is first in line; nothing without the ERP's lists: every document would be held."""
    if not any(key[0] is Domain.LEGAL_ENTITY for key in parts.lists.at(unit.session)):
        return []
    return queue.to_check(unit.session, parts.settings.batch)


def _check_still(parts: Parts, group: Sequence[Work], unit: Unit) -> int:
    """Check those that no other worker has checked meanwhile; the trial is over for all."""
    done = _check(unit, parts, transactions.standing(unit.session, State.RECEIVED, [work.id for work in group]))
    trials.end(unit.session, [work.payload_id for work in group])
    return done


def _check(unit: Unit, parts: Parts, works: Sequence[Work]) -> int:
    if works:
        holds.watch(unit.session, [succeed.posting_key(work) for work in works if work.version > 1])
        judge(unit, examine(unit, parts, works))
        trials.end(unit.session, [work.payload_id for work in works])
    return len(works)


def examine(unit: Unit, parts: Parts, works: Sequence[Work]) -> list[Examined]:
    """Return what their flows say about documents, with the mapping, the master data and the policy of now."""
    translations = translations_of(unit, parts, works)
    blocked = succeed.changed_after_post(unit, succeed.posted_before(unit, works))
    known = facts.gather(unit, parts.lists, works)
    return [
        _held_behind(work, blocked[work.id])
        if work.id in blocked
        else _examined(unit.flows[work.seen.flow], work, translations[work.id], known)
        for work in works
    ]


def judge(unit: Unit, examined: Sequence[Examined]) -> None:
    """Record what was found: transitions, steps, intents, what is waited for, and exceptions."""
    moving = [one for one in examined if one.moves]
    intents = _keep_intents(unit, moving)
    lineage.tell(unit.session, [entry for one in moving for entry in _steps(unit, one)], unit.ids)
    recorded = transitions.record(unit.session, [_change(unit, one, intents) for one in moving], unit.ids)
    kept = [one for one in moving if one.work.id in recorded.applied]
    staying = [one for one in examined if not one.moves]
    judged = (*kept, *staying)
    opens = {one.work.id: one.wakes_at for one in judged if one.wakes_at is not None}
    holds.replace(unit.session, {one.work.id: one.awaited for one in judged}, opens)
    budgets.replace(unit.session, [_using(one) for one in kept if one.to is State.READY], now=unit.now)
    stopped = {one.work.id: one for one in judged if one.to in {State.ON_HOLD, State.FAILED}}
    placed = transactions.by_ids(unit.session, sorted(stopped))  # under the entity and with the amount found meanwhile
    trouble.open_cases(unit, [_trouble(work, stopped[work.id]) for work in placed])
    trouble.release_cases(unit, [one.work.id for one in kept if one.to is State.READY])
    trouble.resolve_cases(unit, {one.work.id: f"withdrawn: {one.reason}" for one in kept if one.to in WITHDRAWN})


def translations_of(unit: Unit, parts: Parts, works: Sequence[Work]) -> Mapping[int, Translation]:
    """Return what the transactions' envelopes say, with the mapping of now and what was corrected here."""
    wanted = [work.payload_id for work in works]
    headers, bodies = inbox.headers_of(unit.session, wanted), payloads.bodies(unit.session, wanted)
    condemned = trials.condemned(unit.session, wanted)
    said = {
        work.id: NOT_READ
        if work.payload_id in condemned
        else _translated(parts, work, headers.get(work.payload_id), bodies.get(work.payload_id))
        for work in works
    }
    kept = corrections.of(unit.session, [work.id for work in works if work.version > 1])
    return said | {number: as_corrected(said[number], one.every) for number, one in kept.items()}


def _translated(parts: Parts, work: Work, header: inbox.Header | None, body: bytes | None) -> Translation:
    connector = parts.connectors.get(work.connection)
    if connector is None or connector.source is None:
        problem = f"no connection {work.connection} is configured to read it"
        return Unreadable((Failure("unreadable_document", {"problem": problem}),))
    if header is None or body is None:
        return Unreadable((Failure("unreadable_document", {"problem": "its payload was erased"}),))
    envelope = envelope_of(header, body)
    return parts.reader.read(work.connection, connector.source, envelope, header.content_sha256)


def _examined(flow: Flow, work: Work, translation: Translation, known: facts.Gathered) -> Examined:
    match translation:
        case Document(content=ExpenseReport() as report):
            return _run(flow, work, report, known)
        case Unreadable(failures=failures):
            record = StepRecord("translate", StepResult.FAILED, failures)
            reason = Reason.POISON if failures[0].kind is FailureKind.POISON else Reason.CONTRACT
            return Examined(work, None, (record,), failures, State.FAILED, reason)
        case _:
            failure = Failure("unreadable_document", {"problem": "it is no document of this flow"})
            return Examined(work, None, (), (failure,), State.FAILED, Reason.CONTRACT)


def _run(flow: Flow, work: Work, report: ExpenseReport, known: facts.Gathered) -> Examined:
    overrides = frozenset(Reason(name) for name in work.overrides.split())
    case = Case(work.id, work.version, work.business_reference, report, overrides=overrides, received=report)
    verdict, records = run(flow, case, known.of(work))
    to, reason = _destination(work, verdict)
    if to is State.READY:
        known.spent.use(work.id, verdict.case.budget_uses)  # the next one finds what this one leaves
    opens_at = verdict.facts.get("window_opens_at") if reason is Reason.CUTOFF else None
    awaited = [(str(one.domain), one.legal_entity, one.code) for one in verdict.awaited]
    if to is State.ON_HOLD:
        awaited += [holds.policy_key(flow.name), *_money(verdict)]
    return Examined(
        work,
        verdict,
        records,
        verdict.failures,
        to,
        reason,
        tuple([*awaited, (holds.CLOCK, "", reason.value)] if opens_at else awaited),
        datetime.fromisoformat(opens_at) if opens_at else None,
        known.policy_version[flow.name],
        known.master_data_version,
    )


def _money(verdict: Verdict) -> list[holds.HoldKey]:
    """Return what a document waits for that exceeds a budget: any of those that it would use may be the one."""
    if not any(failure.code == "budget_exceeded" for failure in verdict.failures):
        return []
    return [holds.budget_key(budget) for budget in verdict.case.budget_uses]


def _destination(work: Work, verdict: Verdict) -> tuple[State, Reason]:
    """Return where a document goes; one that was held goes on or stays: only a person withdraws it."""
    to, reason = destination(verdict)
    if work.seen.state is not State.ON_HOLD:
        return to, reason
    if to is State.READY:
        return to, Reason.RELEASED
    return (State.ON_HOLD, work.seen.reason) if to in WITHDRAWN else (to, reason)


def _held_behind(work: Work, failure: Failure) -> Examined:
    record = StepRecord("order", StepResult.HELD, (failure,))
    awaited = (succeed.posting_key(work),)
    return Examined(work, None, (record,), (failure,), State.ON_HOLD, Reason.CHANGED_AFTER_POST, awaited)


def _keep_intents(unit: Unit, examined: Sequence[Examined]) -> Mapping[int, int]:
    ready = [one for one in examined if one.to is State.READY and one.verdict is not None]
    bodies = [
        payloads.Payload("intents", "application/json", intents_json.encode(one.verdict.intents), _entity(one))
        for one in ready
        if one.verdict is not None
    ]
    numbers = payloads.put(unit.session, unit.ids, bodies, now=unit.now)
    return {one.work.id: number for one, number in zip(ready, numbers, strict=True)}


def _change(unit: Unit, one: Examined, intents: Mapping[int, int]) -> Change:
    taken = transition(one.work.seen, one.to, reason=one.reason, by=By.SYSTEM, now=unit.now)
    code = one.failures[0].code if one.failures else ""
    return Change(taken, name="check", sets=_sets(unit, one, intents), facts=_facts(one), failure_code=code)


def _sets(unit: Unit, one: Examined, intents: Mapping[int, int]) -> Mapping[str, Any]:  # column values
    sets: dict[str, Any] = {}
    if one.verdict is not None:
        case = one.verdict.case
        sets = {
            "legal_entity_id": _entity(one),
            "group_minor": case.group_minor,
            "target": one.verdict.target,
            "policy_version": one.policy_version,
            "master_data_version": one.master_data_version,
        }
        if case.posting_date is not None:
            sets["posting_period"] = period_of(case.posting_date)
        if one.verdict.duplicate_of is not None:
            sets["linked_id"] = one.verdict.duplicate_of
    if one.to is State.READY:
        sets |= {"priority_at": unit.now, "intents_payload_id": intents[one.work.id]}
    if one.to in WITHDRAWN:
        sets["sla_next_at"] = None
    return sets


def _entity(one: Examined) -> str:
    return one.work.seen.legal_entity_id if one.verdict is None else one.verdict.case.legal_entity


def _facts(one: Examined) -> Mapping[str, Any]:  # JSON values
    return {"failures": [failure.code for failure in one.failures]} if one.failures else {}


def _using(one: Examined) -> budgets.Using:
    return budgets.Using(one.work.id, _entity(one), one.verdict.case.budget_uses if one.verdict else {})


def _steps(unit: Unit, one: Examined) -> list[lineage.Entry]:
    work, entity, by = one.work, _entity(one), By.SYSTEM.value
    return [
        lineage.Entry(
            work.id,
            entity,
            work.seen.flow,
            lineage.Kind.STEP,
            unit.now,
            by,
            record.name,
            reason=record.result.value,
            failure_code=record.failures[0].code if record.failures else "",
            facts=_step_facts(record),
        )
        for record in one.records
    ]


def _step_facts(record: StepRecord) -> Mapping[str, Any]:  # JSON values
    if not (record.failures or record.warnings):
        return record.facts
    told: dict[str, Any] = dict(record.facts)
    for name, failures in (("failures", record.failures), ("warnings", record.warnings)):
        if failures:
            told[name] = [{"code": one.code, "field": one.field_path, "values": dict(one.values)} for one in failures]
    return told


def _trouble(work: Work, one: Examined) -> trouble.Trouble:
    return trouble.Trouble(work, one.failures, step=_stopped_by(one))


def _stopped_by(one: Examined) -> str:
    stopping = (record.name for record in one.records if one.failures and one.failures[0] in record.failures)
    return next(stopping, "check")
