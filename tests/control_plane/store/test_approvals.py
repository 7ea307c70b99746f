"""Proposals on record: one open per kind and subject, decided once, and what the database itself refuses."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from control_plane.domain.access import EVERYWHERE, Actor, Grant, Role, Scope
from control_plane.domain.approval import ApprovalState, Proposal, Subject
from control_plane.store import approvals
from control_plane.store.approvals import Decision, Wanted
from control_plane.store.database import Database
from control_plane.store.statements import table_of
from control_plane.store.tables import ApprovalRow
from tests.stands.runtime import MORNING, CountingIds

APPROVAL = table_of(ApprovalRow)
ANNA = Actor(1, "anna", frozenset({Grant(Role.ANALYST)}), employee_ref="E1")
PAUL = Actor(2, "paul", frozenset({Grant(Role.APPROVER)}), employee_ref="E2")
PROPOSAL = Proposal(
    "correction",
    Subject("exception", 17),
    {"project": {"before": "P1", "after": "P2"}},
    "DE01",
    "EUR",
    41_250,
    41_250,
    beneficiary="E7",
)
AGREED = Decision(ApprovalState.APPROVED, MORNING, "It is right so", PAUL)


def proposed(database: Database, ids: CountingIds, proposal: Proposal = PROPOSAL, **how: Any) -> ApprovalRow:
    with database.write() as session:
        number = approvals.add(session, ids, proposal, ANNA, reason="Closed", now=MORNING, **how)
        assert number is not None
        row = approvals.row_of(session, number)
        assert row is not None
        return row


def decide(database: Database, row: ApprovalRow, decision: Decision = AGREED) -> bool:
    with database.write() as session:
        return approvals.decide(session, row, decision)


def found(database: Database, row: ApprovalRow) -> ApprovalRow:
    with database.read() as session:
        again = approvals.row_of(session, row.id)
        assert again is not None
        return again


def test_a_proposal_is_kept_as_it_was_made(database: Database, ids: CountingIds) -> None:
    row = found(database, proposed(database, ids))
    assert (row.state, row.maker, row.checker_id, row.content) == ("open", "anna", None, PROPOSAL.content)
    assert row.content_sha256 == approvals.digest(row.content)


def test_one_of_a_kind_is_open_about_a_subject(database: Database, ids: CountingIds) -> None:
    first = proposed(database, ids)
    with database.write() as session:
        assert approvals.add(session, ids, PROPOSAL, PAUL, reason="", now=MORNING) is None
    assert decide(database, first)
    assert proposed(database, ids).id != first.id


def test_of_many_who_decide_at_once_one_does(database: Database, ids: CountingIds) -> None:
    row = proposed(database, ids)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: decide(database, row), range(16)))
    assert answers.count(True) == 1
    assert found(database, row).checker == "paul"


def test_what_was_edited_meanwhile_is_not_decided(database: Database, ids: CountingIds) -> None:
    row = proposed(database, ids)
    assert not decide(database, row.model_copy(update={"content_sha256": "0" * 64}))
    assert not decide(database, row.model_copy(update={"revision": 7}))


def test_a_subject_that_went_on_outdates_what_is_open_about_it(database: Database, ids: CountingIds) -> None:
    row = proposed(database, ids)
    with database.write() as session:
        assert approvals.outdate(session, "exception", [17], now=MORNING) == 1
        assert approvals.outdate(session, "exception", [17], now=MORNING) == 0
    assert found(database, row).state == "outdated"
    assert not decide(database, row)


def test_what_waits_for_an_approver_is_in_scope_and_not_their_own(database: Database, ids: CountingIds) -> None:
    mine = proposed(database, ids)
    other = proposed(database, ids, replace(PROPOSAL, subject=Subject("exception", 18)))
    third = proposed(database, ids, replace(PROPOSAL, subject=Subject("exception", 19), legal_entity="FR02"))

    def listed(scope: Scope, wanted: Wanted) -> list[int]:
        with database.read() as session:
            return [row.id for row in approvals.listed(session, scope, wanted, after=None, limit=9)]

    is_open = {"state": "open"}
    assert listed(EVERYWHERE, Wanted(is_open)) == [mine.id, other.id, third.id]
    assert listed(Scope(frozenset({"FR02"})), Wanted(is_open)) == [third.id]
    assert listed(EVERYWHERE, Wanted(is_open, not_by=frozenset({1}))) == []
    assert listed(EVERYWHERE, Wanted({}, maker_id=1, subject=Subject("exception", 18))) == [other.id]
    with database.read() as session:
        rest = approvals.listed(session, EVERYWHERE, Wanted(is_open), after=(MORNING, mine.id), limit=9)
    assert [row.id for row in rest] == [other.id, third.id]


def test_what_was_done_alone_is_added_up_per_person_and_day(database: Database, ids: CountingIds) -> None:
    for number, worth in enumerate((10_000, -5_000)):
        small = replace(PROPOSAL, subject=Subject("exception", number), group_minor=worth)
        proposed(database, ids, small, state=ApprovalState.WAIVED)
    proposed(database, ids)
    with database.write() as session:
        assert approvals.waived_minor(session, "correction", 1, since=MORNING) == 15_000
        assert approvals.waived_minor(session, "correction", 2, since=MORNING) == 0
        assert approvals.waived_minor(session, "correction", 1, since=MORNING + timedelta(seconds=1)) == 0


@pytest.mark.parametrize(
    ("checker", "constraint"),
    [
        ({"checker_id": 1, "checker_employee_ref": ""}, "four_eyes"),
        ({"checker_id": 3, "checker_employee_ref": "E1"}, "two_persons"),
        ({"checker_id": 3, "checker_employee_ref": "E7"}, "not_for_oneself"),
        ({"checker_id": None}, "decided_by_somebody"),
    ],
)
def test_nobody_is_both_pairs_of_eyes_not_even_by_sql(
    database: Database, ids: CountingIds, checker: dict[str, Any], constraint: str
) -> None:
    proposed(database, ids)
    with pytest.raises(IntegrityError, match=constraint), database.write() as session:
        session.connection().execute(update(APPROVAL).values(state="approved", **checker))


@pytest.mark.parametrize(
    "edit",
    [
        {"content": {"project": {"after": "P9"}}},
        {"content_sha256": "0" * 64},
        {"amount_minor": 1},
        {"maker_id": 9},
        {"maker_employee_ref": "E9"},
        {"beneficiary": ""},
        {"subject_id": 18},
    ],
)
def test_a_proposal_is_not_rewritten_not_even_by_sql(
    database: Database, ids: CountingIds, edit: dict[str, Any]
) -> None:
    proposed(database, ids)
    with pytest.raises(IntegrityError, match=r"only.decided"), database.write() as session:
        session.connection().execute(update(APPROVAL).values(**edit))


def test_a_decision_is_not_taken_back_nor_forgotten(database: Database, ids: CountingIds) -> None:
    row = proposed(database, ids)
    assert decide(database, row)
    with pytest.raises(IntegrityError, match=r"only.decided"), database.write() as session:
        session.connection().execute(update(APPROVAL).values(state="open", checker_id=None))
    with pytest.raises(IntegrityError, match=r"never.deleted"), database.write() as session:
        session.connection().execute(delete(APPROVAL))
    again = insert(APPROVAL).values(found(database, row).model_dump())
    with pytest.raises(IntegrityError), database.write() as session:
        session.connection().execute(again.prefix_with("OR REPLACE", dialect="sqlite"))
