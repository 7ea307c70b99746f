"""What time does to exceptions, and what it leaves alone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from control_plane.domain import exception_case as machine
from control_plane.domain.case_ends import CLOSES_AFTER
from control_plane.domain.exception_case import CLAIM_LASTS
from control_plane.domain.hand_over import OFFER_LASTS, Receiver, hand_over
from control_plane.domain.materiality import DEFAULT_MINOR, Materiality
from control_plane.domain.merging import merge
from control_plane.domain.working_hours import Period
from control_plane.store import exception_cases, exception_sweeps, presence
from tests.control_plane.store.desk import ANNA, Desk, trouble


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


def test_where_all_is_small_all_is_closed(desk: Desk) -> None:
    row = desk.open(trouble(1, group_minor=1))[0]
    desk.resolve(t1="posted as 1")
    assert swept(desk, CLOSES_AFTER) == {"closed": [row.id]}


def test_what_nobody_claimed_is_not_looked_at_for_those_who_are_away(desk: Desk) -> None:
    with desk.database.write() as session:
        away = Period(desk.now, desk.now + timedelta(days=1))
        presence.add_absence(session, desk.runtime.ids, ANNA, away, reason="ill", by="anna", now=desk.now)
    row = desk.open(trouble(1))[0]
    assert swept(desk) == {}
    desk.claim(row)  # on her own day off
    assert swept(desk) == {}


def test_the_questions_that_are_asked_every_second_go_by_their_indexes(lite: Desk) -> None:
    now = lite.now
    lite.open(*(trouble(number) for number in range(1, 301)))
    with lite.database.write() as session:
        session.connection().exec_driver_sql("ANALYZE")
    asked: list[tuple[str, Any]] = []  # parameters
    with lite.database.read() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda _c, _u, said, values, *_: asked.append((said, values)))
        exception_sweeps.has_due(session, now=now)
        plans = [
            [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)]
            for said, values in list(asked)
        ]
    scans = [step for plan in plans for step in plan if step.startswith("SCAN exception_case") and "INDEX" not in step]
    assert plans
    assert scans == []


def test_what_was_told_in_a_settled_exception_is_one_of_its_own_again(desk: Desk) -> None:
    row, into = desk.open(trouble(1), trouble(2))
    desk.step(desk.claim(row).id, lambda case: merge(case, exception_cases.case_of(into), ANNA))
    assert swept(desk) == {}
    desk.resolve(t2="posted as 2")
    assert swept(desk) == {"unmerged": [row.id]}
    assert (desk.row(row.id).state, desk.row(row.id).merged_into) == ("new", None)
