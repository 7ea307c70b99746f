"""Hours in seconds: an event loop whose time jumps to the next timer as soon as nothing is left to do."""

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from control_plane.runtime import Ids
from tests.stands.runtime import MORNING, CountingIds

T = TypeVar("T")


class NothingLeftError(AssertionError):
    """Everybody waits, and for nothing that time brings."""


class _Jumping(selectors.SelectSelector):
    """Never waits: it lets the loop's time pass instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeftError
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without real time; what runs in it must not wait for threads or sockets."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class VirtualRuntime:
    """One worker's runtime in a virtual loop; all workers share its time, and the store runs in place."""

    def __init__(self, ids: Ids | None = None, seed: int = 0, *, store_takes: timedelta = timedelta(0)) -> None:
        self.ids = ids or CountingIds()
        self._random = random.Random(seed)
        self._store_takes = store_takes

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=asyncio.get_running_loop().time())

    def random(self) -> float:
        return self._random.random()

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds())

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        return asyncio.get_running_loop().create_task(work, name=name)

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        await self.sleep(self._store_takes)
        return work(*arguments)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns, however much virtual time it takes."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
