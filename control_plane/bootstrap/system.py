"""The real world behind the runtime port: clock, ids, threads and chance."""

import asyncio
import contextvars
import random
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final, TypeVar

from control_plane.domain.identity import SEQUENCE_BITS, compose_id

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PER_MILLISECOND: Final = 1 << SEQUENCE_BITS
_CATCHING_UP: Final = 0.5
"""The pace of a clock that is ahead of the true time: it never runs backwards."""


def system_time() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class SystemClock:
    """Time that runs with the monotonic clock and follows the true one from heartbeat to heartbeat."""

    def __init__(self, true_now: datetime, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._true, self._ahead, self._followed_at = true_now, 0.0, monotonic()

    def now(self) -> datetime:
        """Return the present moment; never before one that was returned."""
        with self._lock:
            return self._reading()

    def follow(self, true_now: datetime) -> None:
        """Take over the true time: at once where it is ahead, at half pace until it is reached where it is behind."""
        with self._lock:
            ahead = (self._reading() - true_now).total_seconds()
            self._true, self._ahead, self._followed_at = true_now, ahead, self._monotonic()

    def _reading(self) -> datetime:
        elapsed = self._monotonic() - self._followed_at
        return self._true + timedelta(seconds=max(elapsed, self._ahead + _CATCHING_UP * elapsed))


class SystemIds:
    """Ids in ascending order from the clock and this process's slot, for any number of threads."""

    def __init__(self, clock: SystemClock, slot: int) -> None:
        self._clock = clock
        self._slot = slot
        self._lock = threading.Lock()
        self._next = 0

    def draw(self) -> int:
        """Return the next id."""
        return self.draw_many(1)[0]

    def draw_many(self, count: int) -> list[int]:
        """Return as many ids in ascending order."""
        milliseconds = (self._clock.now() - _EPOCH) // timedelta(milliseconds=1)
        with self._lock:
            first = max(self._next, milliseconds * _PER_MILLISECOND)
            self._next = first + count
        return list(chain.from_iterable(self._within(first, first + count)))

    def _within(self, first: int, end: int) -> Iterator[range]:
        """Yield the ids of each millisecond: they follow one another."""
        while first < end:
            milliseconds, sequence = divmod(first, _PER_MILLISECOND)
            count = min(end - first, _PER_MILLISECOND - sequence)
            lowest = compose_id(milliseconds, self._slot, sequence)
            yield range(lowest, lowest + count)
            first += count


class SystemRuntime:
    """What the real world gives to engine and store."""

    def __init__(self, clock: SystemClock, slot: int, *, threads: int) -> None:
        """Take the clock and the slot of this process; work in the store runs in so many threads."""
        self.clock = clock
        self.ids = SystemIds(clock, slot)
        self._chance = random.SystemRandom()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return self.clock.now()

    def random(self) -> float:
        """Return a random number in 0 .. 1."""
        return self._chance.random()

    async def sleep(self, duration: timedelta) -> None:
        """Wait."""
        await asyncio.sleep(duration.total_seconds())

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        """Start concurrent work; awaiting the result waits for its end."""
        return asyncio.get_running_loop().create_task(work, name=name)

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        """Run a unit of work in one of the store's threads and return what it returns."""
        run = contextvars.copy_context().run  # so that what is told in the thread belongs to what was asked here
        return await asyncio.get_running_loop().run_in_executor(self._threads, run, work, *arguments)

    def close(self) -> None:
        """Wait for the units of work under way and end their threads."""
        self._threads.shutdown()
