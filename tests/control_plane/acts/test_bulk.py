"""Bulk operations over a real database: planned, approved, tried on one, stopped by themselves, run through."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest
from sqlmodel import col, select

from control_plane.acts import approvals, causes, claims
from control_plane.acts import bulk as acts
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import (
    ChangedMeanwhileError,
    NotAllowedError,
    NotPossibleError,
    OwnDocumentError,
    UnknownObjectError,
)
from control_plane.acts.ramp import Ramp
from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.bulk import BulkAct, ItemState
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.store import approvals as proposals
from control_plane.store import people
from control_plane.store.database import Database
from control_plane.store.tables import AuditRow, BulkItemRow, BulkOperationRow
from tests.control_plane.acts.bulk_stand import KEY, BulkStand
from tests.stands.balance import is_balanced
from tests.stands.runtime import StandRuntime

TAX: Final[Mapping[str, Any]] = {"code": "tax_refused"}


@pytest.fixture
def stand(database: Database, runtime: StandRuntime) -> BulkStand:
    return BulkStand(database, runtime)


@pytest.fixture
def lite(sqlite_database: Database, runtime: StandRuntime) -> BulkStand:
    return BulkStand(sqlite_database, runtime)


def counts(stand: BulkStand, row: BulkOperationRow) -> dict[str, int]:
    """Return how many items stand where, after a look that none is missing."""
    tally = stand.tally(row)
    assert tally.total == row.item_count
    return {state.value: count for state, count in tally.by_state.items()}


def decide(stand: BulkStand, actor: Actor, row: BulkOperationRow, *, agrees: bool) -> BulkOperationRow:
    """Let a second person decide on a plan."""
    assert row.approval_id is not None
    with stand.database.read() as session:
        proposal = proposals.row_of(session, row.approval_id)
    assert proposal is not None
    seen: dict[str, Any] = {"revision": proposal.revision, "content_sha256": proposal.content_sha256}
    deed = approvals.approve if agrees else approvals.refuse
    stand.do(actor, lambda hand: deed(hand, proposal.id, consequences=CONSEQUENCES, **seen))
    return stand.operation(row.id)


def test_a_canary_stops_the_operation_after_one_call_and_after_the_fix_it_runs_through(stand: BulkStand) -> None:
    anna = stand.person(Role.ANALYST)
    stand.failed(30)
    stand.refuses = lambda _document: "tax_refused"
    row = stand.started(anna, **TAX)
    stand.run()
    stopped = stand.operation(row.id)
    assert (stopped.state, stopped.stop_reason) == ("stopped", "canary_failed")
    assert stopped.sentence.startswith("The first document failed again.")
    assert len(stand.calls) == 1
    assert counts(stand, row) == {"failed": 1, "waiting": 29}

    stand.refuses = lambda _document: ""
    stand.act(anna, acts.resume, row)
    stand.run()
    assert stand.operation(row.id).state == "finished"
    assert counts(stand, row) == {"succeeded": 30}
    assert len(stand.calls) == 31
    with stand.database.read() as session:
        assert is_balanced(session)


def test_it_grows_by_ten_and_looks_at_each_step_before_the_next(lite: BulkStand) -> None:
    row = lite.started(lite.person(Role.ANALYST), **TAX) if lite.failed(45) else None
    assert row is not None
    sizes = []
    for _ in range(20):
        lite.ramp()
        sizes.append(lite.answer())
    assert [size for size in sizes if size] == [1, 10, 34]
    lite.run()
    assert counts(lite, row) == {"succeeded": 45}
    assert {one.sentence.partition(" ")[0] for one in lite.items(row)} == {"posted"}


def test_one_document_that_comes_back_as_it_was_stops_a_later_step(lite: BulkStand) -> None:
    anna, cases = lite.person(Role.ANALYST), lite.failed(30)
    bad = lite.transaction_row(cases[5].transaction_id).document_number
    lite.refuses = lambda document: "tax_refused" if document == bad else ""
    row = lite.started(anna, **TAX)
    lite.run()
    stopped = lite.operation(row.id)
    assert (stopped.state, stopped.stop_reason) == ("stopped", "same_failure")
    assert counts(lite, row) == {"succeeded": 10, "failed": 1, "waiting": 19}


def test_other_failures_stop_it_above_their_share_of_a_step_only(lite: BulkStand) -> None:
    anna, cases = lite.person(Role.ANALYST), lite.failed(40)
    numbers = [lite.transaction_row(one.transaction_id).document_number for one in cases]
    lite.refuses = lambda document: "rejected_by_target" if document in {numbers[3], *numbers[15:19]} else ""
    row = lite.started(anna, **TAX)
    lite.run()
    stopped = lite.operation(row.id)
    assert (stopped.state, stopped.stop_reason) == ("stopped", "too_many_failed")
    assert stopped.sentence == "4 of the 29 documents of this step failed; 10 % are allowed."
    assert counts(lite, row) == {"succeeded": 35, "failed": 5}


def test_above_the_limit_a_second_person_agrees_first(stand: BulkStand) -> None:
    anna, paul = stand.person(Role.ANALYST), stand.person(Role.APPROVER)
    stand.failed(51)
    row = stand.plan(anna, **TAX)
    assert row.state == "pending_approval"
    with pytest.raises(NotPossibleError):
        stand.act(anna, acts.start, row)
    with pytest.raises(NotAllowedError):
        decide(stand, anna, row, agrees=True)
    assert decide(stand, paul, row, agrees=True).state == "planned"
    assert stand.act(anna, acts.start, row).state == "running"


def test_what_a_second_person_refuses_is_skipped_for_good(lite: BulkStand) -> None:
    anna, paul = lite.person(Role.ANALYST), lite.person(Role.APPROVER)
    lite.failed(2, group_minor=600_000)
    row = lite.plan(anna, **TAX)
    refused = decide(lite, paul, row, agrees=False)
    assert (refused.state, refused.sentence) == ("refused", f"Refused by {paul.login}.")
    assert counts(lite, row) == {"skipped": 2}


def test_nobody_agrees_to_what_pays_them(lite: BulkStand) -> None:
    anna, paul = lite.person(Role.ANALYST), lite.person(Role.APPROVER, employee_ref="E-PAUL")
    lite.failed(2, group_minor=600_000)
    lite.failed(1, counterparty="E-PAUL")
    row = lite.plan(anna, **TAX)
    with pytest.raises(OwnDocumentError):
        decide(lite, paul, row, agrees=True)
    assert lite.operation(row.id).state == "pending_approval"


def test_split_plans_of_one_person_and_cause_add_up(lite: BulkStand) -> None:
    anna, berta = lite.person(Role.ANALYST), lite.person(Role.ANALYST)
    first, second = lite.failed(30), lite.failed(30)
    small = lite.plan(anna, identifiers=[public_id("exc", one.id) for one in first])
    rest = [public_id("exc", one.id) for one in second]
    assert small.state == "planned"
    assert lite.plan(anna, identifiers=rest).state == "pending_approval"
    assert lite.plan(berta, identifiers=rest).state == "planned"
    assert lite.plan(anna, identifiers=[public_id("exc", one.id) for one in first]).state == "pending_approval"


def test_a_plan_that_was_never_run_counts_for_nothing(lite: BulkStand) -> None:
    anna, cases = lite.person(Role.ANALYST), lite.failed(60)
    first = lite.plan(anna, identifiers=[public_id("exc", one.id) for one in cases[:30]])
    lite.act(anna, acts.cancel, first)
    assert lite.plan(anna, identifiers=[public_id("exc", one.id) for one in cases[30:]]).state == "planned"


def test_a_plan_whose_set_changed_is_refused_with_the_difference(stand: BulkStand) -> None:
    anna, berta = stand.person(Role.ANALYST), stand.person(Role.ANALYST)
    cases = stand.failed(3)
    row = stand.plan(anna, **TAX)
    names = [stand.transaction_row(one.transaction_id).document_number for one in cases]
    single = stand.started(berta, identifiers=[names[0]])
    stand.run()
    came = stand.failed(1)[0]
    with pytest.raises(NotPossibleError) as refused:
        stand.act(anna, acts.start, row)
    new = stand.transaction_row(came.transaction_id).document_number
    told = f"The set is no longer the one that was planned: 1 came ({new}), 1 left ({names[0]}). Plan it anew."
    assert str(refused.value) == told
    assert counts(stand, single) == {"succeeded": 1}


def test_a_pasted_list_names_what_is_unknown_and_what_does_not_fit(lite: BulkStand) -> None:
    anna = lite.person(Role.ANALYST)
    known = [lite.transaction_row(one.transaction_id).document_number for one in lite.failed(7)]
    posted = lite.document(State.POSTED).document_number
    row = lite.plan(anna, identifiers=[*known, "NOTHING-1", posted, "NOTHING-2"])
    assert row.item_count == 7
    assert (row.plan["unknown"], row.plan["unfit"]) == (["NOTHING-1", "NOTHING-2"], [posted])


def test_a_cause_brings_along_those_that_are_told_in_it(lite: BulkStand) -> None:
    anna = lite.person(Role.ANALYST)
    (one,), (other,) = lite.failed(1), lite.failed(1, "rejected_by_target")
    assert lite.plan(anna, fingerprint=one.fingerprint).item_count == 1
    merge = partial(causes.merge, fingerprint=other.fingerprint, into=one.fingerprint, revision=1)
    lite.do(anna, merge)
    assert lite.plan(anna, fingerprint=one.fingerprint).item_count == 2


def test_a_document_is_in_one_running_operation(stand: BulkStand) -> None:
    anna, berta = stand.person(Role.ANALYST), stand.person(Role.ANALYST)
    stand.failed(3)
    first = stand.started(anna, **TAX)
    second = stand.plan(berta, **TAX)
    with pytest.raises(NotPossibleError, match="3 of its documents are in another operation"):
        stand.act(berta, acts.start, second)
    stand.act(anna, acts.cancel, first)
    assert counts(stand, first) == {"skipped": 3}
    assert stand.act(berta, acts.start, second).state == "running"


def test_several_operations_run_at_once(lite: BulkStand) -> None:
    anna = lite.person(Role.ANALYST)
    lite.failed(12)
    lite.failed(12, "rejected_by_target")
    rows = [lite.started(anna, **TAX), lite.started(anna, code="rejected_by_target")]
    lite.run()
    assert [counts(lite, row) for row in rows] == [{"succeeded": 12}] * 2


def test_own_documents_and_those_of_others_are_skipped_and_named(lite: BulkStand) -> None:
    anna, berta = lite.person(Role.ANALYST, employee_ref="E-ANNA"), lite.person(Role.ANALYST)
    (own,) = lite.failed(1, counterparty="E-ANNA")
    (taken, free) = lite.failed(2)
    lite.do(berta, lambda hand: claims.claim(hand, taken.id, revision=taken.revision))
    row = lite.started(anna, **TAX)
    lite.run()
    assert row.plan["own_documents"] == [lite.transaction_row(own.transaction_id).document_number]
    found = {one.case_id: (one.state, one.sentence) for one in lite.items(row)}
    assert found[own.id][0] == found[taken.id][0] == "skipped"
    assert found[own.id][1].startswith("The document pays you")
    assert found[taken.id][1] == "Somebody else has claimed it."
    assert found[free.id][0] == "succeeded"
    assert lite.operation(row.id).state == "finished"


def test_what_changed_after_the_start_is_skipped(lite: BulkStand) -> None:
    anna, cases = lite.person(Role.ANALYST), lite.failed(3)
    row = lite.started(anna, **TAX)
    gone = lite.transaction_row(cases[2].transaction_id)
    lite.move(gone, State.CANCELLED, By.SOURCE, Reason.RECALLED)
    lite.run()
    assert counts(lite, row) == {"succeeded": 2, "skipped": 1}


def test_a_pause_begins_nothing_more_and_keeps_what_is_on_its_way(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(20)
    row = lite.started(anna, **TAX)
    lite.ramp()
    lite.act(anna, acts.pause, row)
    assert counts(lite, row) == {"running": 1, "waiting": 19}
    lite.run()
    assert counts(lite, row) == {"succeeded": 1, "waiting": 19}
    lite.act(anna, acts.resume, row)
    lite.ramp()
    assert counts(lite, row) == {"succeeded": 1, "running": 1, "waiting": 18}
    lite.run()
    assert counts(lite, row) == {"succeeded": 20}


def test_what_was_on_its_way_at_a_pause_can_still_stop_it(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(20)
    row = lite.started(anna, **TAX)
    lite.ramp()
    lite.answer()
    lite.ramp()
    lite.act(anna, acts.pause, row)
    lite.act(anna, acts.resume, row)
    lite.ramp()
    assert counts(lite, row) == {"succeeded": 1, "running": 11, "waiting": 8}
    lite.refuses = lambda _document: "tax_refused"
    lite.run()
    assert lite.operation(row.id).state == "stopped"
    assert counts(lite, row) == {"succeeded": 1, "failed": 11, "waiting": 8}


def test_a_cancelled_operation_tells_the_end_of_what_was_on_its_way(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(5)
    row = lite.started(anna, **TAX)
    lite.ramp()
    ended = lite.act(anna, acts.cancel, row)
    lite.run()
    assert (ended.state, ended.sentence) == ("cancelled", f"Cancelled by {anna.login}.")
    assert counts(lite, row) == {"succeeded": 1, "skipped": 4}


def test_it_stops_when_its_maker_is_shut_out(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(5)
    row = lite.started(anna, **TAX)
    with lite.database.write() as session:
        people.deactivate(session, anna.person_id)
    lite.run()
    assert lite.operation(row.id).stop_reason == "maker_gone"
    assert counts(lite, row) == {"waiting": 5}
    assert not lite.calls


def test_held_documents_are_released_claimed_and_returned_together(lite: BulkStand) -> None:
    anna, paul = lite.person(Role.ANALYST), lite.person(Role.APPROVER)
    for code in ("over_limit", "over_limit", "over_budget"):
        lite.case(lite.document(State.ON_HOLD, Reason.APPROVAL), code)
    claimed = lite.started(anna, BulkAct.CLAIM, code="over_budget")
    lite.run()
    assert [one.sentence for one in lite.items(claimed)] == [f"Claimed by {anna.login}."]
    released = lite.started(paul, BulkAct.RELEASE, code="over_limit")
    returned = lite.started(anna, BulkAct.RETURN_TO_SOURCE, code="over_budget")
    lite.run()
    assert counts(lite, released) == {"running": 1, "waiting": 1}  # checked again by the worker, who is not here
    assert [one.sentence for one in lite.items(returned)] == ["returned to concur"]


def test_documents_are_replayed_together(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(3)
    row = lite.started(anna, BulkAct.REPLAY, **TAX)
    lite.run()
    assert counts(lite, row) == {"succeeded": 3}


def test_every_item_and_the_operation_stand_in_the_audit(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(3)
    row = lite.started(anna, **TAX)
    lite.run()
    number = public_id("blk", row.id)
    with lite.database.read() as session:
        entries = session.exec(select(AuditRow).order_by(col(AuditRow.seq))).all()
    of_it = [one.action for one in entries if one.object_id == number]
    assert of_it == ["bulk_operation.plan", "bulk_operation.start", "bulk_operation.finished"]
    retried = [one for one in entries if one.action == "exception.retry"]
    assert [(one.actor, one.request_id) for one in retried] == [(anna.login, number)] * 3


def test_the_plan_says_what_it_would_meet(lite: BulkStand) -> None:
    anna = lite.person(Role.ANALYST)
    lite.failed(2, counterparty="E-1", document_date=lite.runtime.now().date())
    lite.failed(1, amount_minor=-5_000, group_minor=-5_000)
    row = lite.plan(anna, **TAX)
    assert row.plan["amounts"] == [{"currency": "EUR", "count": 3, "minor": 15_000, "group_minor": 15_000}]
    assert row.plan["duplicates_expected"] == 2
    assert [(one["connection"], one["count"]) for one in row.plan["calls"]] == [("erp", 3)]


def test_only_its_maker_lets_it_run_and_nobody_elsewhere_sees_it(lite: BulkStand) -> None:
    anna, berta, vera = lite.person(Role.ANALYST), lite.person(Role.ANALYST), lite.person(Role.VIEWER)
    lite.failed(2)
    row = lite.plan(anna, **TAX)
    with pytest.raises(NotAllowedError):
        lite.act(berta, acts.start, row)
    with pytest.raises(NotAllowedError):
        lite.act(vera, acts.cancel, row)
    with pytest.raises(NotAllowedError):
        lite.plan(vera, **TAX)
    with pytest.raises(UnknownObjectError):
        lite.do(anna, lambda hand: acts.start(hand, 1, revision=1))
    with pytest.raises(ChangedMeanwhileError):
        lite.do(anna, lambda hand: acts.start(hand, row.id, revision=7))


@pytest.mark.parametrize("chosen", [{}, {"code": "no_such_code"}])
def test_nothing_is_no_plan(lite: BulkStand, chosen: Mapping[str, Any]) -> None:
    with pytest.raises(NotPossibleError):
        lite.plan(lite.person(Role.ANALYST), **chosen)


def test_an_item_is_begun_once_whoever_comes_by(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(12)
    row = lite.started(anna, **TAX)
    for _ in range(3):
        lite.ramp(turns=3)
        lite.answer()
    lite.run()
    assert len(lite.calls) == len(set(lite.calls)) == 12
    assert not [one for one in lite.items(row) if one.is_held]


def test_workers_that_come_by_at_once_begin_no_more_than_a_step_allows(stand: BulkStand) -> None:
    anna, _ = stand.person(Role.ANALYST), stand.failed(12)
    row = stand.started(anna, **TAX)

    async def come_by() -> None:
        await asyncio.gather(*(Ramp(KEY)(stand.parts) for _ in range(3)))

    begun = []
    for _ in range(6):
        asyncio.run(come_by())
        begun.append(stand.answer())
    assert [count for count in begun if count] == [1, 10, 1]
    assert len(stand.calls) == len(set(stand.calls)) == 12
    asyncio.run(come_by())
    assert stand.operation(row.id).state == "finished"


def test_who_lost_the_role_meanwhile_does_nothing_more(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(2)
    row = lite.started(anna, **TAX)
    with lite.database.write() as session:
        people.set_grants(session, anna.person_id, [Grant(Role.VIEWER)])
    lite.run()
    assert counts(lite, row) == {"skipped": 2}
    assert {one.sentence for one in lite.items(row)} == {"Claim is not among your roles in DE01."}
    assert not lite.calls


def test_several_legal_entities_at_once_are_for_those_who_act_for_the_group(lite: BulkStand) -> None:
    anna, berta = lite.person(Role.ANALYST), lite.person(Role.ANALYST)
    local = replace(berta, grants=frozenset({Grant(Role.ANALYST, "DE01"), Grant(Role.ANALYST, "FR02")}))
    lite.failed(1)
    lite.failed(1, legal_entity_id="FR02")
    assert lite.plan(anna, **TAX).legal_entity_id == "*"
    with pytest.raises(NotPossibleError):
        lite.plan(local, **TAX)
    assert lite.plan(local, legal_entity_id="FR02", **TAX).item_count == 1


def test_the_states_of_items_are_words_of_the_table(lite: BulkStand) -> None:
    anna, _ = lite.person(Role.ANALYST), lite.failed(2)
    row = lite.plan(anna, **TAX)
    with lite.database.read() as session:
        states = session.exec(select(BulkItemRow.state).where(col(BulkItemRow.operation_id) == row.id)).all()
    assert {ItemState(state) for state in states} == {ItemState.WAITING}
