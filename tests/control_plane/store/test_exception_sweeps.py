"""What time does to exceptions, and what it leaves alone."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from control_plane.domain import exception_case as machine
from control_plane.domain.case_ends import CLOSES_AFTER
from control_plane.domain.exception_case import CLAIM_LASTS
from control_plane.domain.hand_over import OFFER_LASTS, Receiver, hand_over
from control_plane.domain.materiality import DEFAULT_MINOR, Materiality
from control_plane.domain.merging import merge
from control_plane.store import exception_cases, exception_sweeps
from control_plane.store.database import Database
from tests.control_plane.store.test_exception_cases import ANNA, Desk, trouble
from tests.stands.runtime import StandRuntime


@pytest.fixture
def desk(database: Database, runtime: StandRuntime) -> Desk:
    return Desk(database, runtime)


def swept(desk: Desk, after: timedelta = timedelta(0)) -> Mapping[str, list[int]]:
    """Return what the next sweep does; it is asked for only where something is due."""
    desk.runtime.advance(after)
    with desk.database.write() as session:
        is_due = exception_sweeps.has_due(session, now=desk.now)
        done = exception_sweeps.sweep(session, Materiality, now=desk.now)
        assert not exception_sweeps.has_due(session, now=desk.now)
    found = {name: [row.id for row in rows] for name, rows in done.items() if rows}
    assert is_due or not found
    return found


def test_a_claim_runs_out_unless_it_is_worked(desk: Desk) -> None:
    idle, worked = desk.open(trouble(1), trouble(2))
    desk.claim(idle)
    desk.claim(worked, work=True)
    assert swept(desk) == {}
    assert swept(desk, CLAIM_LASTS) == {"claim_expired": [idle.id]}
    assert (desk.row(idle.id).state, desk.row(idle.id).claimed_by) == ("new", None)
    assert desk.row(worked.id).state == "in_progress"


def test_a_deferred_exception_wakes(desk: Desk) -> None:
    row = desk.claim(desk.open(trouble())[0], work=True)
    wake_at = desk.now + timedelta(hours=1)
    desk.step(row.id, lambda case: machine.defer(case, ANNA, wake_at=wake_at, reason="Mail sent", now=desk.now))
    assert desk.row(row.id).defer_reason == "Mail sent"
    assert swept(desk) == {}
    assert swept(desk, timedelta(hours=1)) == {"woken": [row.id]}
    woken = desk.row(row.id)
    assert (woken.state, woken.wake_at, woken.defer_reason) == ("in_progress", None, "")


def test_what_nobody_accepts_in_time_is_back_with_its_owner(desk: Desk) -> None:
    row = desk.claim(desk.open(trouble())[0])
    until = desk.now + OFFER_LASTS
    desk.step(row.id, lambda case: hand_over(case, ANNA, Receiver(team="erp_team"), until=until))
    assert swept(desk, CLAIM_LASTS) == {}
    assert swept(desk, OFFER_LASTS) == {"hand_over_expired": [row.id]}
    back = desk.row(row.id)
    assert (back.claimed_by, back.offered_team, back.team) == (ANNA, "", "finance_operations")
    assert back.claim_expires_at == desk.now + CLAIM_LASTS


def test_what_is_resolved_is_closed_after_a_window_and_above_materiality_only_by_a_controller(desk: Desk) -> None:
    small, big, unrated = desk.open(
        trouble(1, group_minor=DEFAULT_MINOR - 1), trouble(2, group_minor=-DEFAULT_MINOR), trouble(3)
    )
    desk.resolve(t1="posted as 1", t2="posted as 2", t3="posted as 3")
    assert swept(desk, CLOSES_AFTER - timedelta(seconds=1)) == {}
    assert swept(desk, timedelta(seconds=1)) == {"closed": [small.id]}
    assert [desk.row(one.id).state for one in (small, big, unrated)] == ["closed", "resolved", "resolved"]
    assert desk.row(small.id).resolved_at is not None
    assert swept(desk, CLOSES_AFTER) == {}


def test_what_was_told_in_a_settled_exception_is_one_of_its_own_again(desk: Desk) -> None:
    row, into = desk.open(trouble(1), trouble(2))
    desk.step(desk.claim(row).id, lambda case: merge(case, exception_cases.case_of(into), ANNA))
    assert swept(desk) == {}
    desk.resolve(t2="posted as 2")
    assert swept(desk) == {"unmerged": [row.id]}
    assert (desk.row(row.id).state, desk.row(row.id).merged_into) == ("new", None)
