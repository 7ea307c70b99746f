"""What each kind of work costs: CPU time of the store's threads, by the pass that asked for it."""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, TypeVar

from control_plane.engine.parts import Parts
from control_plane.engine.worker import Pass
from control_plane.runtime import Ids, Runtime

T = TypeVar("T")

STAGE: Final[ContextVar[str]] = ContextVar("stage", default="other")
"""Who asks now."""


class Metered:
    """A runtime that notes how long its units of work kept a core busy."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @property
    def ids(self) -> Ids:
        """Return the source of ids."""
        return self._runtime.ids

    def now(self) -> datetime:
        """Return the present moment."""
        return self._runtime.now()

    def random(self) -> float:
        """Return a random number in 0 .. 1."""
        return self._runtime.random()

    async def sleep(self, duration: timedelta) -> None:
        """Wait."""
        await self._runtime.sleep(duration)

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        """Start concurrent work."""
        return self._runtime.spawn(work, name=name)

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        """Run a unit of work and note what it cost."""
        stage = STAGE.get()

        def metered() -> T:
            began = time.thread_time()
            try:
                return work(*arguments)
            finally:
                self.seconds[stage] += time.thread_time() - began

        return await self._runtime.in_store(metered)


def named(one: Pass) -> Pass:
    """Return a pass under whose name its cost is noted."""

    @wraps(one)
    async def stage(parts: Parts) -> int:
        STAGE.set(one.__name__)
        return await one(parts)

    return stage
