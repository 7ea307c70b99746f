"""One worker's process: its runtime comes from the world, and it may die or be kept waiting at every step."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from control_plane.proof.simulator.asking import CALLER
from control_plane.proof.simulator.loop import OWNER
from control_plane.proof.simulator.stage import Commit, ProcessDiedError, Stage
from control_plane.proof.simulator.world import Ids, World

T = TypeVar("T")

Weather = Callable[[], Commit]
"""Says how the next unit of work ends."""


class Process:
    """The runtime port of one worker: time, chance and ids of the world, a store that works in place."""

    def __init__(self, name: str, world: World, stage: Stage, weather: Weather) -> None:
        self.name: Final = name
        self.ids: Final[Ids] = world.ids
        self.is_dead = False
        self._world, self._stage, self._weather = world, stage, weather
        self._tasks: set[asyncio.Task[Any]] = set()
        self._context = copy_context()
        self._context.run(OWNER.set, self._tasks)
        self._context.run(CALLER.set, self.answered)

    def now(self) -> datetime:
        """Return the world's time."""
        return self._world.now

    def random(self) -> float:
        """Return a random number of the world."""
        return self._world.chance.random()

    async def sleep(self, duration: timedelta) -> None:
        """Wait until the time has passed and this process has its turn."""
        await self._world.wait(self.name, duration)

    async def answered(self, delay: timedelta) -> None:
        """Wait for the answer of another system."""
        await self._world.wait(self.name, delay)

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        """Start concurrent work of this process."""
        return self._world.loop.create_task(work, name=name)

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> "asyncio.Task[None]":
        """Start work of this process from outside of it."""
        return self._context.run(self._world.loop.create_task, work, name=name)

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        """Run a unit of work, waiting before it begins and before its end is heard of; it may end badly."""
        await self._world.wait(self.name)
        commit = self._weather()
        try:
            with self._stage.meeting(commit):
                result = work(*arguments)
        except ProcessDiedError as died:
            self._world.tell(self.name, "dies before its commit")
            self.die()
            raise asyncio.CancelledError from died
        await self._world.wait(self.name)
        return result

    def die(self) -> None:
        """End at once: what it holds in memory is gone, nothing of it runs any further."""
        self.is_dead = True
        for task in list(self._tasks):
            task.cancel()
