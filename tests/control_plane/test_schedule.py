import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import col, select

from control_plane import schedule
from control_plane.schedule import Leadership, Ticker, Watch
from control_plane.store import runs
from control_plane.store.database import Database
from control_plane.store.runs import Schedule
from control_plane.store.tables import ScheduleRow, SyncRunRow
from tests.stands.real_time import RealTimeRuntime

SOON = Watch(look_every=timedelta(milliseconds=50), stalled_after=timedelta(seconds=2))


@pytest.fixture
def clock() -> RealTimeRuntime:
    return RealTimeRuntime()


def _schedule(database: Database, seconds: float, stream: str = "expense_reports") -> None:
    with database.write() as session:
        runs.set_schedules(session, [Schedule("concur", stream, timedelta(seconds=seconds))])


def _planned(database: Database) -> list[tuple[str, datetime]]:
    with database.read() as session:
        rows = session.exec(select(SyncRunRow).order_by(col(SyncRunRow.id))).all()
    return [(row.trigger, row.scheduled_for) for row in rows]


def _execute(database: Database, clock: RealTimeRuntime) -> int:
    """Take and finish whatever waits, as a worker does, and return how much it was."""
    count = 0
    with database.write() as session:
        while run := runs.lease_next(session, owner=1, now=clock.now(), until=clock.now() + timedelta(minutes=1)):
            runs.finish(session, run.id, owner=1, received=0, repeated=0, failure="", now=clock.now())
            count += 1
    return count


@asynccontextmanager
async def _running(database: Database, clock: RealTimeRuntime, watch: Watch = SOON) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(schedule.run(database, clock, stop, watch))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


async def _until(database: Database, count: int) -> list[tuple[str, datetime]]:
    for _ in range(200):
        if len(_planned(database)) >= count:
            break
        await asyncio.sleep(0.05)
    return _planned(database)


async def _executed(database: Database, clock: RealTimeRuntime, *, ticks: int) -> list[datetime]:
    """Let so many runs be planned and executed one after the other, and return their moments."""
    for count in range(1, ticks + 1):
        await _until(database, count)
        _execute(database, clock)
    return [at for _, at in _planned(database)]


async def test_a_schedule_that_was_missed_is_made_up_for_once(database: Database, clock: RealTimeRuntime) -> None:
    _schedule(database, 3600)
    async with _running(database, clock):
        first = await _until(database, 1)
    _execute(database, clock)
    clock.advance(timedelta(hours=5))  # nothing runs while five runs fall due
    async with _running(database, clock):
        both = await _until(database, 2)
        await asyncio.sleep(0.3)
        assert _planned(database) == both

    assert [trigger for trigger, _ in both] == ["catch_up", "catch_up"]
    assert both[1][1] - first[0][1] == timedelta(hours=5)


async def test_a_schedule_that_was_not_missed_waits_for_its_time(database: Database, clock: RealTimeRuntime) -> None:
    _schedule(database, 3600)
    async with _running(database, clock):
        await _until(database, 1)
    _execute(database, clock)
    async with _running(database, clock):
        await asyncio.sleep(0.3)

    assert len(_planned(database)) == 1


async def test_every_tick_plans_one_run_on_the_same_moments_for_everybody(
    database: Database, clock: RealTimeRuntime
) -> None:
    _schedule(database, 1)
    async with _running(database, clock):
        moments = await _executed(database, clock, ticks=3)

    assert len(set(moments)) == len(moments) >= 3
    assert all(at.microsecond == 0 for at in moments)


async def test_a_run_that_waits_is_enough(database: Database, clock: RealTimeRuntime) -> None:
    _schedule(database, 1)
    async with _running(database, clock):
        await asyncio.sleep(2.5)

    assert len(_planned(database)) == 1


async def test_two_schedulers_plan_one_run_for_each_tick(database: Database, clock: RealTimeRuntime) -> None:
    _schedule(database, 1)
    async with _running(database, clock), _running(database, clock):
        moments = await _executed(database, clock, ticks=3)

    assert len(set(moments)) == len(moments)
    assert max(later - earlier for earlier, later in pairwise(moments)) <= timedelta(seconds=2)


async def test_a_schedule_that_changes_takes_effect_without_a_restart(
    database: Database, clock: RealTimeRuntime
) -> None:
    _schedule(database, 3600)
    async with _running(database, clock):
        await _until(database, 1)
        _schedule(database, 1, stream="recalls")
        planned = await _until(database, 2)

    assert len(planned) == 2


async def test_a_scheduler_that_slept_through_a_step_of_the_clock_is_begun_anew(
    database: Database, clock: RealTimeRuntime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _schedule(database, 1)
    begin = Ticker.begin

    def begin_asleep(self: Ticker, rows: Sequence[ScheduleRow]) -> None:
        begin(self, rows)
        assert self._scheduler is not None
        self._scheduler.pause()  # as after a step back by an hour: the next tick is an hour away

    monkeypatch.setattr(Ticker, "begin", begin_asleep)
    async with _running(database, clock, Watch(timedelta(milliseconds=50), timedelta(milliseconds=300))):
        await asyncio.sleep(2)

    assert caplog.messages.count("the scheduler stood still and is begun anew") >= 1


@pytest.mark.postgres
def test_one_of_two_leads_and_the_other_takes_over(postgres_server: object, database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("on SQLite there is one process")
    one, other = Leadership(database), Leadership(database)

    assert one()
    assert not other()
    one.give_up()
    assert other()
    other.give_up()


def test_moments_fall_on_multiples_of_the_interval() -> None:
    now = datetime(2026, 3, 29, 1, 59, 59, tzinfo=UTC)

    assert runs.due_moment(timedelta(hours=1), now) == datetime(2026, 3, 29, 1, tzinfo=UTC)
