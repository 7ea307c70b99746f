"""Workers that may die or be kept waiting at any step, and a database that is put back to its beginning."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from control_plane.store import connections, master_data
from control_plane.store.database import Database
from tests.control_plane.flows.factories import NOW, RECORDS
from tests.stands.runtime import StandRuntime

T = TypeVar("T")

Happening = Callable[[], Awaitable[None]]


class KilledError(BaseException):
    """The worker's process is gone; nothing of it runs any further."""


class Process(StandRuntime):
    """One worker's runtime: its clock is the world's, its store runs in place, and every wait is a step."""

    def __init__(self, world: StandRuntime, witness: Callable[[], None]) -> None:
        super().__init__()
        self.ids = world.ids
        self._world, self._witness = world, witness
        self._happenings: list[tuple[int, Happening]] = []
        self._steps = 0
        self._is_dead = False

    def now(self) -> datetime:
        self._live()
        return self._world.now()

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(0)
        self._live()

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(lambda one: one.cancelled() or one.exception())  # a killed one's is never asked for
        return task

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        await self.step()
        result = work(*arguments)
        self._witness()
        await self.step()
        return result

    def arm(self, step: int, happening: Happening) -> None:
        """Let something happen so many steps from now."""
        self._happenings.append((self._steps + step, happening))

    def disarm(self) -> None:
        """Let nothing more happen."""
        self._happenings.clear()

    def kill(self) -> None:
        """End the process: whatever it does next, it does no more."""
        self._is_dead = True

    async def step(self) -> None:
        """Let happen what is due while the worker waits for somebody else."""
        self._steps += 1
        due = [happening for at, happening in self._happenings if at <= self._steps]
        self._happenings = [one for one in self._happenings if one[0] > self._steps]
        for happening in due:
            await happening()
        self._live()

    def _live(self) -> None:
        if self._is_dead:
            raise KilledError


AT_WORK: Final[ContextVar[Process]] = ContextVar("at_work")


async def step() -> None:
    """Let the worker that is at work wait for the answer of another system."""
    await AT_WORK.get().step()


@dataclass(frozen=True, slots=True)
class Beginning:
    """One SQLite database whose histories all begin alike, with the connections and the ERP's lists known."""

    database: Database
    _pages: sqlite3.Connection

    def restore(self) -> Database:
        """Return the database as it was at the beginning; its statements stay compiled."""
        with closing(opened(self.database)) as file:
            self._pages.backup(file)
        return self.database


@contextmanager
def beginning(database: Database) -> Iterator[Beginning]:
    """Give the beginning that a migrated SQLite database without rows is brought to."""
    with database.write() as session:
        connections.register(session, [connections.Configured(name, name) for name in ("concur", "erp")])
        ids = StandRuntime(NOW - timedelta(hours=1)).ids
        master_data.record(session, "erp", RECORDS, now=NOW, ids=ids)
    with closing(sqlite3.connect(":memory:")) as pages, closing(opened(database)) as file:
        file.backup(pages)
        yield Beginning(database, pages)


def opened(database: Database) -> sqlite3.Connection:
    """Return a connection of one's own to a SQLite database, to look at it from outside."""
    return sqlite3.connect(database.url.removeprefix("sqlite:///"))
