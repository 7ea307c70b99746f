"""A runtime in real time whose clock a test may push ahead: for work that waits on real servers."""

import asyncio
import contextvars
import random
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.stands.runtime import CountingIds

T = TypeVar("T")


class RealTimeRuntime:
    """The machine's clock plus what the test added; one thread for the store."""

    def __init__(self, *, seed: int = 0) -> None:
        self._ahead = timedelta(0)
        self._random = random.Random(seed)
        self._store = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self.ids = CountingIds(datetime.now(UTC))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, duration: timedelta) -> None:
        self._ahead += duration

    def random(self) -> float:
        return self._random.random()

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds())

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        return asyncio.get_running_loop().create_task(work, name=name)

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._store, run, work, *arguments)
