"""The line to a simulated system: its clock, the fate of each call, and the wait for the answer."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from control_plane.proof.simulator.fates import Fate, Fates

Answered = Callable[[timedelta], Awaitable[None]]

CALLER: Final[ContextVar[Answered]] = ContextVar("caller")
"""Lets the process that calls wait for its answer."""

DEADLINE: Final = timedelta(seconds=10)
_SOON: Final = timedelta(milliseconds=20)


@dataclass(frozen=True, slots=True)
class Line:
    """One system's line."""

    name: str
    now: Callable[[], datetime]
    fates: Fates
    tell: Callable[[str, str], None]

    def draw(self, door: str, *named: str) -> Fate:
        """Return what becomes of a call, and write it down."""
        fate = self.fates.draw(door)
        self.tell(self.name, f"{door} {' '.join(named)}".rstrip() + f" {fate}")
        return fate

    async def answered(self, fate: Fate) -> None:
        """Wait for the answer, or until its loss is noticed."""
        await CALLER.get()(DEADLINE * 0.9 if fate is Fate.SLOW else _SOON * self.fates.part())
