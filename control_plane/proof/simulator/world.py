"""The world of one history: one clock, one source of chance, everything that waits, and what was told of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from control_plane.domain.identity import SEQUENCE_BITS, compose_id
from control_plane.proof.simulator.loop import Loop

MORNING: Final = datetime(2026, 10, 15, 9, 0, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(milliseconds=1)
"""So long takes whatever happens."""


@dataclass(eq=False, slots=True)
class Wait:
    """Something of a process that goes on when the world says so, not before its moment."""

    owner: str
    until: datetime
    future: "asyncio.Future[None]"


class World:
    """Decides by its seed what happens next."""

    def __init__(self, seed: int) -> None:
        self.chance: Final = Random(seed)
        self.loop: Final = Loop()  # type: ignore[abstract]  # what it lacks, nobody here asks for
        self.now = MORNING
        self.ids: Final = Ids(self)
        self.lines: Final[list[str]] = []
        self._waits: list[Wait] = []

    def tell(self, who: str, what: str) -> None:
        """Write a line of the history."""
        self.lines.append(f"{self.now:%d %H:%M:%S.%f}"[:-3] + f"  {who:<9} {what}")

    def wait(self, owner: str, delay: timedelta = timedelta(0)) -> "asyncio.Future[None]":
        """Return what a process awaits: it is over once the delay has passed and its turn has come."""
        wait = Wait(owner, self.now + delay, self.loop.create_future())
        self._waits.append(wait)
        return wait.future

    def waits(self) -> list[Wait]:
        """Return everything that somebody still waits for, in the order in which it began."""
        self._waits = [wait for wait in self._waits if not wait.future.done()]
        return self._waits

    def go_on(self, wait: Wait) -> None:
        """Let a process go on."""
        self._waits.remove(wait)
        self.now += _STEP
        wait.future.set_result(None)
        self.loop.run()

    def pass_time(self, until: datetime) -> None:
        """Let time pass."""
        self.now = max(self.now, until)


class Ids:
    """Ids in strictly ascending order that follow the world's clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._next = 0

    def draw(self) -> int:
        """Return the next id."""
        return self.draw_many(1)[0]

    def draw_many(self, count: int) -> list[int]:
        """Return as many ids in ascending order."""
        milliseconds = (self._world.now - _EPOCH) // _STEP
        first = max(self._next, milliseconds << SEQUENCE_BITS)
        self._next = first + count
        return [_id(number) for number in range(first, first + count)]


def _id(number: int) -> int:
    milliseconds, sequence = divmod(number, 1 << SEQUENCE_BITS)
    return compose_id(milliseconds, slot=0, sequence=sequence)
