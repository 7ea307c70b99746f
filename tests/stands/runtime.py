"""A runtime that a test holds in its hand: the clock stands still until somebody waits or moves it."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from control_plane.domain.identity import compose_id

T = TypeVar("T")

MORNING: Final = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PER_MILLISECOND: Final = 1 << 12


class CountingIds:
    """Ids in strictly ascending order from one moment on, for any number of threads."""

    def __init__(self, moment: datetime = MORNING) -> None:
        self._milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
        self._drawn = 0
        self._lock = threading.Lock()

    def draw(self) -> int:
        return self.draw_many(1)[0]

    def draw_many(self, count: int) -> list[int]:
        with self._lock:
            numbers = range(self._drawn, self._drawn + count)
            self._drawn += count
        return [self._id(number) for number in numbers]

    def _id(self, number: int) -> int:
        milliseconds, sequence = divmod(number, _PER_MILLISECOND)
        return compose_id(self._milliseconds + milliseconds, slot=0, sequence=sequence)


class StandRuntime:
    """A runtime whose time passes only by `advance` and by waiting; work in the store runs in a thread."""

    def __init__(self, moment: datetime = MORNING, seed: int = 0) -> None:
        self._now = moment
        self._random = random.Random(seed)
        self.ids = CountingIds(moment)

    def now(self) -> datetime:
        return self._now

    def advance(self, duration: timedelta) -> datetime:
        self._now += duration
        return self._now

    def random(self) -> float:
        return self._random.random()

    async def sleep(self, duration: timedelta) -> None:
        self.advance(duration)
        await asyncio.sleep(0)

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        return asyncio.get_running_loop().create_task(work, name=name)

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.to_thread(work, *arguments)
