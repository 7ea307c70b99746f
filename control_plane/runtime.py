"""The runtime port: the only way in which engine and store meet time, chance, threads and new ids."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Ids(Protocol):
    """Draws ids: 63 bits, time-ordered, unique over all processes of a deployment."""

    def draw(self) -> int:
        """Return the next id; always greater than the one before in this process."""

    def draw_many(self, count: int) -> list[int]:
        """Return as many ids in ascending order."""


class Runtime(Protocol):
    """What the real world gives to the engine; the simulator gives the same from a seed."""

    @property
    def ids(self) -> Ids:
        """Return the source of ids."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC; never runs backwards within a process."""

    def random(self) -> float:
        """Return a random number in 0 .. 1."""

    async def sleep(self, duration: timedelta) -> None:
        """Wait."""

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> Awaitable[None]:
        """Start concurrent work; awaiting the result waits for its end."""

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        """Run a unit of work off the event loop and return what it returns."""
