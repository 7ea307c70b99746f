from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from control_plane.store import runs
from control_plane.store.database import Database
from control_plane.store.runs import RunState, Schedule, Trigger
from control_plane.store.tables import ScheduleRow, SyncRunRow
from tests.stands.runtime import MORNING, CountingIds

MINUTE = timedelta(minutes=1)
PROJECTS = Schedule("erp", "project", 5 * MINUTE)
REPORTS = Schedule("concur", "expense_reports", MINUTE)


def plan(database: Database, ids: CountingIds, schedule: Schedule = PROJECTS, *, at: datetime = MORNING) -> bool:
    with database.write() as session:
        return runs.plan(session, ids, schedule.connection, schedule.stream, at=at, trigger=Trigger.SCHEDULE)


def lease(database: Database, owner: int = 1, *, now: datetime = MORNING) -> SyncRunRow | None:
    with database.write() as session:
        return runs.lease_next(session, owner=owner, now=now, until=now + 2 * MINUTE)


def finish(database: Database, run_id: int, owner: int = 1, *, failure: str = "") -> bool:
    with database.write() as session:
        return runs.finish(session, run_id, owner=owner, received=3, repeated=1, failure=failure, now=MORNING)


def test_several_schedulers_plan_a_due_run_once(database: Database, ids: CountingIds) -> None:
    with ThreadPoolExecutor(4) as pool:
        planned = list(pool.map(lambda _: plan(database, ids), range(4)))

    assert sorted(planned) == [False, False, False, True]


def test_a_run_that_was_executed_is_not_planned_for_the_same_moment_again(database: Database, ids: CountingIds) -> None:
    plan(database, ids)
    run = lease(database)
    assert run is not None
    assert finish(database, run.id)

    assert not plan(database, ids)
    assert plan(database, ids, at=MORNING + MINUTE)


def test_a_second_run_does_not_wait_beside_the_first(database: Database, ids: CountingIds) -> None:
    assert plan(database, ids)
    assert not plan(database, ids, at=MORNING + MINUTE)
    assert plan(database, ids, REPORTS, at=MORNING + MINUTE)


def test_the_run_that_waits_longest_is_leased_first_and_only_once(database: Database, ids: CountingIds) -> None:
    plan(database, ids, REPORTS, at=MORNING)
    plan(database, ids, PROJECTS, at=MORNING - MINUTE)

    with ThreadPoolExecutor(4) as pool:
        leased = [run for run in pool.map(lambda owner: lease(database, owner), range(4)) if run is not None]

    assert sorted(run.stream for run in leased) == ["expense_reports", "project"]
    assert {(run.state, run.started_at) for run in leased} == {(RunState.RUNNING, MORNING)}


def test_a_stream_is_pulled_by_one_worker_at_a_time(database: Database, ids: CountingIds) -> None:
    plan(database, ids)
    assert lease(database) is not None
    plan(database, ids, at=MORNING + MINUTE)

    assert lease(database, owner=2) is None


def test_the_run_of_a_worker_that_is_gone_is_taken_over_and_the_late_one_is_refused(
    database: Database, ids: CountingIds
) -> None:
    plan(database, ids)
    first = lease(database, owner=1)
    assert first is not None

    taken = lease(database, owner=2, now=MORNING + 3 * MINUTE)

    assert taken is not None
    assert taken.id == first.id
    assert not finish(database, first.id, owner=1)
    with database.write() as session:
        assert not runs.renew(session, first.id, owner=1, until=MORNING + 9 * MINUTE)
        assert runs.renew(session, first.id, owner=2, until=MORNING + 9 * MINUTE)
    assert finish(database, first.id, owner=2)


def test_the_runs_of_processes_known_to_be_gone_are_taken_over_at_once(database: Database, ids: CountingIds) -> None:
    plan(database, ids)
    lease(database, owner=1)
    with database.write() as session:
        assert runs.give_up_leases(session, [1, 7], now=MORNING) == 1

    assert lease(database, owner=2, now=MORNING + timedelta(milliseconds=1)) is not None


@pytest.mark.parametrize(("failure", "state"), [("", RunState.SUCCEEDED), ("The ERP is away.", RunState.FAILED)])
def test_a_run_ends_well_or_with_its_failure(
    database: Database, ids: CountingIds, failure: str, state: RunState
) -> None:
    plan(database, ids)
    run = lease(database)
    assert run is not None
    finish(database, run.id, failure=failure)

    with database.read() as session:
        ended = session.get_one(SyncRunRow, run.id)
    assert (ended.state, ended.failure, ended.ended_at) == (state, failure, MORNING)
    assert (ended.received_count, ended.repeated_count, ended.lease_owner) == (3, 1, None)


def test_schedules_follow_the_configuration_and_remember_when_they_ran(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        runs.set_schedules(session, [PROJECTS, REPORTS])
    plan(database, ids)
    with database.write() as session:
        runs.set_schedules(session, [Schedule("erp", "project", 10 * MINUTE)])
        active = runs.schedules(session)

    assert [(row.stream, row.interval_seconds, row.last_scheduled_for) for row in active] == [("project", 600, MORNING)]


def test_without_configured_schedules_none_is_active(database: Database) -> None:
    with database.write() as session:
        runs.set_schedules(session, [PROJECTS])
        runs.set_schedules(session, [])
        assert runs.schedules(session) == []


def test_what_was_due_while_nothing_ran_is_planned_once_each(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        runs.set_schedules(session, [PROJECTS, REPORTS])
        assert runs.catch_up(session, ids, now=MORNING) == 2
        assert runs.catch_up(session, ids, now=MORNING + timedelta(seconds=59)) == 0
    for _ in range(2):
        run = lease(database)
        assert run is not None
        finish(database, run.id)

    with database.write() as session:
        assert runs.catch_up(session, ids, now=MORNING + timedelta(hours=3)) == 2
        waiting = session.exec(select(SyncRunRow).where(SyncRunRow.state == RunState.WAITING)).all()

    assert {run.scheduled_for for run in waiting} == {MORNING + timedelta(hours=3)}
    assert {run.trigger for run in waiting} == {Trigger.CATCH_UP}


def test_a_run_that_a_person_asked_for_leaves_the_schedule_alone(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        runs.set_schedules(session, [PROJECTS])
        assert runs.plan(session, ids, "erp", "project", at=MORNING, trigger=Trigger.PERSON)
        assert session.exec(select(ScheduleRow.last_scheduled_for)).one() is None


@pytest.mark.parametrize(
    ("interval", "due"),
    [
        (timedelta(minutes=5), datetime(2026, 3, 16, 9, 5, tzinfo=UTC)),
        (timedelta(seconds=1), datetime(2026, 3, 16, 9, 7, 41, tzinfo=UTC)),
        (timedelta(days=1), datetime(2026, 3, 16, tzinfo=UTC)),
    ],
)
def test_every_process_names_the_same_due_moment(interval: timedelta, due: datetime) -> None:
    assert runs.due_moment(interval, datetime(2026, 3, 16, 9, 7, 41, 500, tzinfo=UTC)) == due


def test_a_cursor_is_where_it_was_moved_to(database: Database) -> None:
    with database.write() as session:
        assert runs.cursor(session, "erp", "project") == ""
        runs.move_cursor(session, "erp", "project", "page-1", now=MORNING)
        runs.move_cursor(session, "erp", "project", "page-2", now=MORNING + MINUTE)

    with database.read() as session:
        assert runs.cursor(session, "erp", "project") == "page-2"
        assert runs.cursor(session, "erp", "employee") == ""
