"""When streams are pulled: a trigger inserts a sync run, and that is all it does."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from control_plane.runtime import Runtime
from control_plane.store import runs
from control_plane.store.database import Database
from control_plane.store.runs import Trigger
from control_plane.store.tables import ScheduleRow
from control_plane.store.troubles import DatabaseTroubleError

LOG: Final = logging.getLogger(__name__)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_EVERY: Final = timedelta(seconds=5)
"""How often the schedules are read anew, the leader's lock is tried and the ticks are watched."""
STALLED_AFTER: Final = timedelta(seconds=30)
"""A scheduler that gave no tick for so long slept through a step of the clock: it is begun anew."""
_LEADER: Final = 0x7469656F
"""The key of the leader's lock: the letters `tieo`."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How closely the scheduler looks after itself."""

    look_every: timedelta = LOOK_EVERY
    stalled_after: timedelta = STALLED_AFTER


class Ticker:
    """APScheduler with one job per schedule and one that only says that it ticks."""

    def __init__(self, database: Database, runtime: Runtime, watch: Watch) -> None:
        self._database = database
        self._runtime = runtime
        self._watch = watch
        self._scheduler: AsyncIOScheduler | None = None
        self._ticked_at = 0.0

    @property
    def is_stalled(self) -> bool:
        """Return whether it runs but has not ticked for too long, by a clock that knows no steps."""
        silence = timedelta(seconds=time.monotonic() - self._ticked_at)
        return self._scheduler is not None and silence > self._watch.stalled_after

    def begin(self, schedules: Sequence[ScheduleRow]) -> None:
        """Tick for exactly these schedules from now on."""
        self.end()
        defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        scheduler = AsyncIOScheduler(  # what it chooses itself it imports now: there may be no descriptor left for that
            timezone="UTC",
            job_defaults=defaults,
            executors={"default": AsyncIOExecutor()},
            jobstores={"default": MemoryJobStore()},
        )
        seconds = self._watch.look_every.total_seconds()
        scheduler.add_job(self._tick, IntervalTrigger(seconds=seconds, timezone=UTC))
        for row in schedules:
            every = IntervalTrigger(seconds=row.interval_seconds, start_date=EPOCH, timezone=UTC)
            scheduler.add_job(self._plan, every, args=[row.connection, row.stream, row.interval_seconds])
        self._tick()
        scheduler.start()
        self._scheduler = scheduler

    def end(self) -> None:
        """Tick no more."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def _tick(self) -> None:
        self._ticked_at = time.monotonic()

    async def _plan(self, connection: str, stream: str, interval_seconds: int) -> None:
        try:
            await self._runtime.in_store(self._plan_run, connection, stream, timedelta(seconds=interval_seconds))
        except asyncio.CancelledError:
            return  # the scheduler ends; the next start plans the run
        except DatabaseTroubleError as error:  # the next tick, or the next start, plans the run
            LOG.warning("sync run not planned", extra={"connection": connection, "stream": stream, "why": str(error)})

    def _plan_run(self, connection: str, stream: str, interval: timedelta) -> None:
        at = runs.due_moment(interval, self._runtime.now())
        with self._database.write() as session:
            runs.plan(session, self._runtime.ids, connection, stream, at=at, trigger=Trigger.SCHEDULE)


async def run(database: Database, runtime: Runtime, stop: asyncio.Event, watch: Watch | None = None) -> None:
    """Plan sync runs until told to stop, while no other scheduler does.

    Before the first tick one run is planned for every schedule whose due time passed while nothing ran.
    """
    watch = watch or Watch()
    with leadership(database) as lead:
        ticker = Ticker(database, runtime, watch)
        known: list[tuple[str, str, int]] | None = None
        while not stop.is_set():
            try:
                known = await _look(database, runtime, ticker, known, is_leader=await runtime.in_store(lead))
            except DatabaseTroubleError as error:
                LOG.warning("schedules not read", extra={"why": str(error)})
            await _rest(stop, watch.look_every)
        ticker.end()


async def _look(
    database: Database,
    runtime: Runtime,
    ticker: Ticker,
    known: list[tuple[str, str, int]] | None,
    *,
    is_leader: bool,
) -> list[tuple[str, str, int]] | None:
    """Begin anew where the schedules have changed, leadership is new or the ticks have stopped."""
    if not is_leader:
        ticker.end()
        return None
    if ticker.is_stalled:
        LOG.error("the scheduler stood still and is begun anew")
    rows = await runtime.in_store(_schedules, database)
    wanted = [(row.connection, row.stream, row.interval_seconds) for row in rows]
    if wanted != known or ticker.is_stalled:
        planned = await runtime.in_store(_catch_up, database, runtime)
        ticker.begin(rows)
        LOG.info("scheduler begun", extra={"schedules": len(rows), "caught_up": planned})
    return wanted


def _schedules(database: Database) -> list[ScheduleRow]:
    with database.read() as session:
        return runs.schedules(session)


def _catch_up(database: Database, runtime: Runtime) -> int:
    with database.write() as session:
        return runs.catch_up(session, runtime.ids, now=runtime.now())


class Leadership:
    """A lock of the whole cluster on a connection of its own; it goes with the connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def __call__(self) -> bool:
        """Return whether this process leads; the lock is tried for where it is not held.

        It saves work and guarantees nothing: the unique key of a sync run does.
        """
        if self._database.dialect == "sqlite":
            return True
        for _ in range(2):  # a connection that was cut off is replaced at once
            try:
                return self._holds()
            except SQLAlchemyError:
                self.give_up()
        return False

    def give_up(self) -> None:
        """Let another process lead."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _holds(self) -> bool:
        if self._connection is None:
            connection = self._database.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LEADER}):
                connection.close()
                return False
            self._connection = connection
        return bool(self._connection.scalar(text("SELECT 1")))


@contextmanager
def leadership(database: Database) -> Iterator[Leadership]:
    """Give the question whether this process leads; it leads no more at the end."""
    lead = Leadership(database)
    try:
        yield lead
    finally:
        lead.give_up()


async def _rest(stop: asyncio.Event, duration: timedelta) -> None:
    try:
        await asyncio.wait_for(stop.wait(), duration.total_seconds())
    except TimeoutError:
        return
