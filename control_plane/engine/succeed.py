"""Succeed: a later version never goes out while an earlier one stands in the target's books."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from connectors.failures import Failure
from control_plane.domain.machine import By
from control_plane.domain.transaction import MAY_BE_BOOKED, WITHDRAWABLE, Reason, State, transition
from control_plane.engine import trouble
from control_plane.engine.parts import Unit
from control_plane.engine.policy import policy_of
from control_plane.engine.recall import booked_of
from control_plane.store import holds, postings, transactions, transitions
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change


def posting_key(work: Work) -> holds.HoldKey:
    """Return what waits for this business object's posting, or for its reversal."""
    return holds.POSTING, "", work.source_id


def posted_before(unit: Unit, works: Sequence[Work]) -> Mapping[int, Work]:
    """Return, for each later version, the earlier one that stands in the target's books."""
    later = [work for work in works if work.version > 1]
    known = [one for one in _versions(unit, later) if one.seen.state not in MAY_BE_BOOKED]
    booked = booked_of(unit, known)
    posted = {_object(one): one for one in known if one.id in booked}
    found = ((work, posted.get(_object(work))) for work in later)
    return {work.id: before for work, before in found if before is not None and before.version < work.version}


def changed_after_post(unit: Unit, befores: Mapping[int, Work]) -> Mapping[int, Failure]:
    """Return why each later version must wait; by policy the earlier posting is taken back."""
    numbers = postings.numbers_of(unit.session, [before.id for before in befores.values()])
    replaced = [work.id for work in befores.values() if _rebooks(unit, work)]
    transactions.want_reversal(unit.session, replaced, now=unit.now)
    return {
        later: Failure("changed_after_post", {"other": numbers.get(before.id, before.business_reference)})
        for later, before in befores.items()
    }


def supersede(unit: Unit, works: Sequence[Work]) -> None:
    """Withdraw what a later version replaces; of what is booked in part the posting is taken back first, by policy."""
    replaced = [work for work in works if work.seen.state in WITHDRAWABLE]
    booked = booked_of(unit, replaced)
    free = [work for work in replaced if work.id not in booked]
    recorded = transitions.record(unit.session, [_superseded(unit, work) for work in free], unit.ids)
    holds.replace(unit.session, dict.fromkeys(recorded.applied, ()))
    trouble.resolve_cases(unit, dict.fromkeys(recorded.applied, "superseded by a later version"))
    in_part = [work.id for work in replaced if work.id in booked and _rebooks(unit, work)]
    transactions.want_reversal(unit.session, in_part, now=unit.now)
    hold_successors(unit, recorded.promoted)


def give_way(unit: Unit, transaction_ids: Sequence[int]) -> None:
    """Withdraw what was sent without being booked, if a later version came while its answer was not known."""
    works = [work for work in transactions.by_ids(unit.session, transaction_ids) if work.seen.state in WITHDRAWABLE]
    counting = (one for one in _versions(unit, works) if one.seen.state is not State.SUPERSEDED)
    newest = {_object(one): one.version for one in counting}
    supersede(unit, [work for work in works if newest[_object(work)] > work.version])


def hold_successors(unit: Unit, promoted: Sequence[int]) -> None:
    """Hold later versions that have come to the head of their order key behind a posting."""
    if not promoted:
        return
    works = [work for work in transactions.by_ids(unit.session, promoted) if work.seen.state is State.READY]
    befores = posted_before(unit, works)
    failures = changed_after_post(unit, befores)
    held = [work for work in works if work.id in befores]
    changes = [_held(unit, work, failures[work.id]) for work in held]
    recorded = transitions.record(unit.session, changes, unit.ids)
    holds.replace(unit.session, {work.id: [posting_key(work)] for work in held if work.id in recorded.applied})
    trouble.open_cases(unit, [trouble.Trouble(work, (failures[work.id],), step="order") for work in held])


def _held(unit: Unit, work: Work, failure: Failure) -> Change:
    taken = transition(work.seen, State.ON_HOLD, reason=Reason.CHANGED_AFTER_POST, by=By.SYSTEM, now=unit.now)
    return Change(taken, name="order", failure_code=failure.code, facts={"values": dict(failure.values)})


def _rebooks(unit: Unit, work: Work) -> bool:
    return bool(policy_of(unit, work.seen.flow)["after_post"]["changed"] == "reverse")


def _superseded(unit: Unit, work: Work) -> Change:
    taken = transition(work.seen, State.SUPERSEDED, reason=Reason.NEW_VERSION, by=By.SOURCE, now=unit.now)
    return Change(taken, name="new_version", sets={"sla_next_at": None})


def _versions(unit: Unit, works: Sequence[Work]) -> list[Work]:
    """Return every version of the works' business objects, oldest first."""
    by_flow: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for work in works:
        by_flow[work.seen.flow].append((work.source_system, work.source_id))
    return [one for flow, objects in by_flow.items() for one in transactions.versions_of(unit.session, flow, objects)]


def _object(work: Work) -> tuple[str, str, str]:
    return work.seen.flow, work.source_system, work.source_id
