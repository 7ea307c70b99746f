"""Exceptions in the store: opened set by set, reopened, released, resolved by evidence."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.failures import Failure
from control_plane.domain import case_ends
from control_plane.domain import exception_case as machine
from control_plane.domain.machine import By
from control_plane.domain.merging import merge
from control_plane.store import exception_cases
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.store.desk import ANNA, Desk, trouble


def states(rows: Sequence[ExceptionCaseRow]) -> list[tuple[str, int]]:
    return [(row.state, row.attempt) for row in rows]


def test_a_trouble_opens_an_exception_that_a_controller_can_read(desk: Desk) -> None:
    row = desk.open(trouble())[0]
    assert row.sentence == ("Project P-12 is inactive in the ERP: document RE-1 over 412.50 EUR cannot be posted.")
    assert row.remedy.endswith("or return it to concur for another one.")
    assert (row.state, row.team, row.kind, row.attempt) == ("new", "finance_operations", "rejected", 1)
    assert row.fingerprint.startswith("v1:")


def test_documents_that_stopped_for_one_reason_share_a_cause(desk: Desk) -> None:
    rows = desk.open(trouble(1), trouble(2, failure=Failure("inactive_master_data", field_path="lines.9.project")))
    assert rows[0].fingerprint == rows[1].fingerprint


def test_many_are_opened_at_once(desk: Desk) -> None:
    assert len({row.id for row in desk.open(*(trouble(number) for number in range(1, 201)))}) == 200


def test_a_document_has_one_exception_at_a_time(desk: Desk) -> None:
    first = desk.open(trouble())[0]
    second = desk.open(trouble(code="closed_period"))[0]
    again = desk.open(trouble(code="closed_period"))[0]
    assert (second.id, second.code, second.revision) == (first.id, "closed_period", 2)
    assert again.revision == 2


def test_a_released_document_that_stops_again_counts_an_attempt(desk: Desk) -> None:
    unclaimed, worked = desk.open(trouble(1), trouble(2))
    desk.claim(worked, work=True)
    desk.release(1, 2)
    assert states([desk.row(unclaimed.id), desk.row(worked.id)]) == [("retrying", 1), ("retrying", 1)]
    again = desk.open(trouble(1), trouble(2))
    assert states(again) == [("new", 2), ("in_progress", 2)]
    assert [row.claimed_by for row in again] == [None, ANNA]


def test_evidence_resolves_whatever_people_were_doing(desk: Desk) -> None:
    rows = desk.open(trouble(1), trouble(2), trouble(3))
    desk.claim(rows[1])
    desk.release(3)
    desk.resolve(t1="posted as 49", t2="posted as 50", t3="posted as 51")
    resolved = [desk.row(row.id) for row in rows]
    assert {row.state for row in resolved} == {"resolved"}
    assert [row.evidence for row in resolved] == ["posted as 49", "posted as 50", "posted as 51"]
    assert {row.claimed_by for row in resolved} == {None}
    assert {row.resolved_at for row in resolved} == {desk.now}


def test_a_resolved_exception_comes_back_when_its_document_stops_again(desk: Desk) -> None:
    first = desk.open(trouble())[0]
    desk.resolve(t1="posted as 49")
    again = desk.open(trouble(code="recalled_after_post"))[0]
    assert (again.id, again.state, again.attempt, again.evidence) == (first.id, "new", 2, "")
    assert again.regression_count == 1
    assert again.resolved_at is None


def test_a_connection_has_one_exception_per_code(desk: Desk) -> None:
    paused = trouble(None, "credentials_refused", connection="erp", flow="", step="")
    first = desk.open(paused)[0]
    assert desk.open(paused)[0].id == first.id
    assert desk.open(replace(paused, connection="concur"))[0].id != first.id
    with desk.database.write() as session:
        exception_cases.resolve_connection(session, "erp", "resumed by ines", now=desk.now)
    assert desk.row(first.id).state == "resolved"
    assert desk.open(paused)[0].id != first.id


def test_what_somebody_else_changed_is_not_changed_on_old_sight(desk: Desk) -> None:
    row = desk.open(trouble())[0]
    desk.claim(row)
    after = machine.claim(exception_cases.case_of(row), 8, now=desk.now)
    with desk.database.write() as session:
        assert not exception_cases.change(session, row, after, now=desk.now)
    assert desk.row(row.id).claimed_by == ANNA


def test_after_a_closed_exception_a_new_one_is_opened_and_linked(desk: Desk) -> None:
    first = desk.open(trouble())[0]
    desk.resolve(t1="posted as 49")
    desk.step(first.id, lambda case: case_ends.close(case, By.SYSTEM))
    second = desk.open(trouble(code="recalled_after_post"))[0]
    assert (second.id != first.id, second.former_id, second.state) == (True, first.id, "new")
    assert desk.row(first.id).state == "closed"
    assert desk.row(first.id).evidence == "posted as 49"


def test_a_team_that_took_an_exception_over_keeps_it_as_long_as_its_cause_stays(desk: Desk) -> None:
    row = desk.claim(desk.open(trouble())[0])
    desk.step(row.id, lambda case: replace(case, team="erp_team"))
    assert desk.open(trouble(amount_minor=7))[0].team == "erp_team"
    assert desk.open(trouble(code="closed_period"))[0].team == "finance_operations"


def test_what_is_told_in_another_one_stays_there_when_it_fails_again_and_is_resolved_by_its_own_evidence(
    desk: Desk,
) -> None:
    row, into = desk.open(trouble(1), trouble(2))
    desk.step(desk.claim(row).id, lambda case: merge(case, exception_cases.case_of(into), ANNA))
    again = desk.open(trouble(code="closed_period"))[0]
    assert (again.id, again.state, again.merged_into, again.code) == (row.id, "merged", into.id, "closed_period")
    desk.resolve(t1="posted as 49")
    done = desk.row(row.id)
    assert (done.state, done.merged_into, done.evidence) == ("resolved", None, "posted as 49")


def test_what_waits_for_approval_is_canceled_when_it_is_no_longer_needed(desk: Desk) -> None:
    row = desk.claim(desk.open(trouble())[0], work=True)
    after = replace(exception_cases.case_of(row), state=machine.CaseState.PENDING_APPROVAL)
    with desk.database.write() as session:
        assert exception_cases.change(session, row, after, now=desk.now)
    desk.resolve(t1="cancelled: recalled by the source")
    assert desk.row(row.id).state == "cancelled"
