"""One process of ours: its database, its runtime, its place among the others, and its signs of life."""

import asyncio
import fcntl
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from control_plane.bootstrap.system import SystemClock, SystemRuntime, system_time
from control_plane.settings import ConfigurationError, Settings
from control_plane.store import incarnations, left_behind, timelines
from control_plane.store.database import Database, DatabaseUrlError, open_database
from control_plane.store.incarnations import EMBEDDED, Start
from control_plane.store.migrations import migrate
from control_plane.store.troubles import DatabaseTroubleError, persistent
from control_plane.telemetry.provider import NoExporterError, exporting
from control_plane.telemetry.redaction import keep_secret

LOG: Final = logging.getLogger(__name__)

COLLECT_AFTER: Final = 50_000
"""New objects between two looks for cycles: about what a batch of documents makes."""

SILENT_AFTER: Final = timedelta(seconds=45)
"""A process that gave no sign for so long is given up, and what it held is taken over."""
SUSPECT_AFTER: Final = timedelta(seconds=15)
"""One that gave no sign for so long has missed one: who starts then supposes that it is lost."""
LATELY: Final = timedelta(minutes=10)
"""What was lost longer ago was not lost by what is first in line now."""


class DatabaseInUseError(Exception):
    """Another process works on the same SQLite file."""


@dataclass(frozen=True, slots=True)
class Process:
    """A started process."""

    settings: Settings
    database: Database
    runtime: SystemRuntime
    incarnation: int
    stop: asyncio.Event
    """Set when the process is to end."""
    is_after_loss: bool = False
    """A process that worked on documents was lost lately."""


@dataclass(slots=True)
class Sight:
    """How long a process has seen the others without a break of its own."""

    since: datetime
    last: datetime

    @classmethod
    def of(cls, now: datetime) -> Self:
        """Return the sight of a process that begins to look."""
        return cls(now, now)

    def may_judge(self, now: datetime) -> bool:
        """Look, and return whether who is silent is gone: while the database was away nobody could give a sign."""
        if now - self.last > SILENT_AFTER / 2:
            self.since = now
        self.last = now
        return now - self.since >= SILENT_AFTER


@asynccontextmanager
async def started(settings: Settings, kind: str) -> AsyncIterator[Process]:
    """Give this process its place: on SQLite alone, among the others on PostgreSQL; it is given up at the end.

    Raises:
        ConfigurationError: the database's URL names none that we can use, or nothing is installed that sends spans.
        DatabaseInUseError: another process works on the same SQLite file.
        DatabaseTroubleError: the database does not answer.
    """
    _collect_seldom()
    url = database_url(settings)
    with _told(settings), _alone(url), _opened(url, settings, is_new=kind == EMBEDDED) as database:
        runtime, incarnation, is_after_loss = _begin(database, kind, pool_size=settings.database.pool_size)
        process = Process(settings, database, runtime, incarnation, asyncio.Event(), is_after_loss)
        with signaled(process.stop):
            life = asyncio.create_task(_live(process), name="signs of life")
            try:
                yield process
            finally:
                process.stop.set()
                await life
                await runtime.in_store(_end, process)
                runtime.close()


def _collect_seldom() -> None:
    """Let the collector of cycles look at what a batch makes once per batch, and never at what was there before."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


@contextmanager
def _told(settings: Settings) -> Iterator[None]:
    """Send spans where the settings say, until the end; what does not take them holds nothing up."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exporting(settings.telemetry.otlp_endpoint))
        except NoExporterError as error:
            raise ConfigurationError(f"telemetry.otlp_endpoint: {error}") from error
        yield


def database_url(settings: Settings) -> str:
    """Return the database's URL with its password.

    Raises:
        ConfigurationError: it is no URL, or the password's reference leads nowhere.
    """
    try:
        url = make_url(settings.database.url)
    except ArgumentError as error:
        raise ConfigurationError("database.url: it is no URL such as sqlite:///.tieout/tieout.db") from error
    if settings.database.password:
        url = url.set(password=settings.secret(settings.database.password))
    keep_secret([url.password] if url.password else [])
    return url.render_as_string(hide_password=False)


async def rest(stop: asyncio.Event, duration: timedelta) -> bool:
    """Wait, at most until told to stop; return whether that happened."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), duration.total_seconds())
    return stop.is_set()


async def all_until_stopped(process: Process, works: Sequence[Awaitable[None]]) -> None:
    """Wait for all works; the first that ends, well or badly, stops the process."""
    tasks = [asyncio.ensure_future(work) for work in works]
    for task in tasks:
        task.add_done_callback(lambda _: process.stop.set())
    await asyncio.gather(*tasks)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Keep other processes from a SQLite file: it has one writing process. The lock goes with the process."""
    where = make_url(url)
    if where.get_backend_name() != "sqlite" or where.database in {
        None,
        "",
        ":memory:",
    }:  # the last two are refused next
        yield
        return
    file = Path(str(where.database)).with_suffix(".lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            sentence = f"Another process works on {where.database}; SQLite has one, PostgreSQL as many as you want"
            raise DatabaseInUseError(sentence) from error
        yield


@contextmanager
def _opened(url: str, settings: Settings, *, is_new: bool) -> Iterator[Database]:
    """Give the open database; one that may be new is brought up to date first."""
    section = settings.database
    try:
        if is_new:
            migrate(url)
        database = open_database(url, pool_size=section.pool_size, statement_timeout=section.statement_timeout)
    except DatabaseUrlError as error:
        raise ConfigurationError(f"database.url: {error}") from error
    try:
        yield database
    finally:
        database.dispose()


@persistent
def _begin(database: Database, kind: str, *, pool_size: int) -> tuple[SystemRuntime, int, bool]:
    """Register this start, and tell whether it follows a loss.

    On SQLite every former process is gone, so what it held is free at once.
    """
    clock = SystemClock(_true_time(database, SystemClock(system_time())))
    with database.write() as session:
        now = clock.now()
        if database.dialect == "sqlite":
            _give_up(session, incarnations.unended(session), clock)
        is_after_loss = incarnations.lost(session, silent_since=now - SUSPECT_AFTER, given_up_since=now - LATELY)
        slot = incarnations.free_slot(session, silent_since=now - SILENT_AFTER)
        runtime = SystemRuntime(clock, slot, threads=1 if database.dialect == "sqlite" else pool_size)
        incarnation = runtime.ids.draw()
        timelines.meet(session, now=now)
        incarnations.register(session, incarnation, Start(kind, socket.gethostname(), os.getpid()), slot=slot, now=now)
    return runtime, incarnation, is_after_loss


def _give_up(session: Session, gone: Sequence[int], clock: SystemClock) -> None:
    now = clock.now()
    incarnations.give_up(session, gone, now=now)
    left_behind.free(session, gone, now=now)


async def _live(process: Process) -> None:
    """Give signs of life, follow the database's time, and give up those who are silent."""
    sight = Sight.of(process.runtime.now())
    while not await rest(process.stop, process.settings.engine.heartbeat):
        try:
            is_ours = await process.runtime.in_store(_beat, process, sight)
        except DatabaseTroubleError as error:
            LOG.warning("no sign of life given", extra={"why": str(error)})
            continue
        if not is_ours:
            LOG.error("this process was given up by the others and ends", extra={"incarnation": process.incarnation})
            process.stop.set()


def _true_time(database: Database, clock: SystemClock) -> datetime:
    """Return the database's time, by a clock that makes no steps: the machine's may make one between two looks."""
    if database.dialect == "sqlite":
        return system_time()
    return clock.now() + database.clock_offset(clock.now)


@persistent
def _beat(process: Process, sight: Sight) -> bool:
    clock = process.runtime.clock
    clock.follow(_true_time(process.database, clock))
    with process.database.write() as session:
        is_ours = incarnations.beat(session, process.incarnation, now=clock.now())
        if sight.may_judge(clock.now()):
            _give_up(session, incarnations.silent(session, silent_since=clock.now() - SILENT_AFTER), clock)
    return is_ours


def _end(process: Process) -> None:
    gone, now = [process.incarnation], process.runtime.now()
    with suppress(DatabaseTroubleError), process.database.write() as session:
        incarnations.end(session, gone, now=now)
        left_behind.free(session, gone, now=now)


@contextmanager
def signaled(stop: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and a supervisor's TERM end the process in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
