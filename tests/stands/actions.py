"""What may happen in a history, as values that a test draws, keeps and repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from tests.stands.histories import History
from tests.stands.scripted import Answer

_DOORS_OF_THE_ERP = frozenset({"post", "find", "reverse"})


class Action(Protocol):
    """Something that happens; where a worker is needed and the action names none, the given one works."""

    async def happen(self, history: History, worker: int) -> None:
        """Happen."""


async def live(history: History, actions: Sequence[Action], worker: int = 0) -> None:
    """Let everything happen in its order."""
    for action in actions:
        await action.happen(history, worker)


@dataclass(frozen=True, slots=True)
class Approve:
    """The source approves a business object, once more if it did before."""

    number: int
    units: int
    parts: int = 1
    with_project: bool = False

    async def happen(self, history: History, worker: int) -> None:
        history.approve(self.number, self.units, self.parts, with_project=self.with_project)


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The source recalls a business object."""

    number: int

    async def happen(self, history: History, worker: int) -> None:
        history.take_back(self.number)


@dataclass(frozen=True, slots=True)
class Pull:
    """A stream is pulled."""

    stream: str

    async def happen(self, history: History, worker: int) -> None:
        await history.pull(self.stream, worker)


@dataclass(frozen=True, slots=True)
class Run:
    """One kind of work is done once."""

    name: str

    async def happen(self, history: History, worker: int) -> None:
        await history.run(self.name, worker)


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: int

    async def happen(self, history: History, worker: int) -> None:
        history.clock.advance(timedelta(seconds=self.seconds))


@dataclass(frozen=True, slots=True)
class Say:
    """The next answer at one of a system's doors."""

    door: str
    answer: Answer

    async def happen(self, history: History, worker: int) -> None:
        system = history.erp if self.door in _DOORS_OF_THE_ERP else history.source
        system.script.add(self.door, self.answer)


@dataclass(frozen=True, slots=True)
class Flip:
    """The ERP changes the project's state."""

    is_active: bool

    async def happen(self, history: History, worker: int) -> None:
        history.erp.set_active(is_active=self.is_active)


@dataclass(frozen=True, slots=True)
class Retry:
    """A person lets what failed go on."""

    async def happen(self, history: History, worker: int) -> None:
        history.retry()


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """At a later step of the first worker the second one does something, or the first one's process ends."""

    step: int
    actions: tuple[Action, ...] = ()
    kills: bool = False
    is_noticed: bool = True
    """Its leases are taken over at once, as after a restart; else when they run out."""

    async def happen(self, history: History, worker: int) -> None:
        history.arm(
            self.step, lambda: live(history, self.actions, worker=1), kills=self.kills, is_noticed=self.is_noticed
        )


@dataclass(frozen=True, slots=True)
class Second:
    """The second worker does something."""

    action: Action

    async def happen(self, history: History, worker: int) -> None:
        await self.action.happen(history, 1)
