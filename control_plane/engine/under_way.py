"""Under way: what one worker has leased and not settled yet, how much of it may be sent at once, and room for more."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.contract import Outcome, Target
from control_plane.engine.errands import Errand, Item
from control_plane.engine.parts import Parts


@dataclass(frozen=True, slots=True)
class Batch:
    """What was leased together: until when, and how many were asked for of each target."""

    errands: Sequence[Errand]
    limits: Mapping[str, int]
    until: datetime


class UnderWay:
    """Batches that overlap: the next one is leased while half of the last one still waits to be sent."""

    def __init__(self, parts: Parts) -> None:
        self.targets: Final[Mapping[str, Target]] = parts.targets
        self.answered: Final[list[Errand]] = []
        """What has all its answers and is not settled yet."""
        self.gates: Final = {name: asyncio.Semaphore(_at_once(parts, target)) for name, target in self.targets.items()}
        """How many calls each target takes at once."""
        self._parts = parts
        self._batches: set[asyncio.Future[None]] = set()
        self._unsent: Counter[str] = Counter()
        self._low: dict[str, int] = dict.fromkeys(self.targets, 0)
        """There is room for more once no more documents than these are unsent."""
        self._more: set[str] = set(self.targets)
        """Targets for which more may wait than was leased."""
        self._writers: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._has_room = asyncio.Event()
        self._settles_at = parts.runtime.now()

    def __bool__(self) -> bool:
        """Return whether anything is under way."""
        return bool(self._batches or self.answered)

    @property
    def is_sent(self) -> bool:
        """Return whether no answer is awaited any more."""
        return not self._batches

    def with_room(self) -> set[str]:
        """Return the targets whose documents are leased now, all with room together; none once the process ends."""
        self._has_room.clear()
        room = {name for name, low in self._low.items() if self._unsent[name] <= low}
        return room if room & self._more and not self._parts.pace.is_closing else set()

    def close(self) -> None:
        """Lease nothing any more."""
        self._more.clear()

    def take(self, batch: Batch, asked: set[str]) -> dict[str, int]:
        """Count what was leased, and note where there may be more; return what is unsent of each target."""
        leased = Counter(errand.work.target for errand in batch.errands)
        self._unsent.update(errand.work.target for errand in batch.errands for _ in errand.intents)
        self.answered.extend(errand for errand in batch.errands if errand.is_answered)
        full = {name: limit // 2 for name, limit in batch.limits.items() if leased[name] >= limit > 1}
        self._low |= dict.fromkeys(asked, 0) | full
        self._more = (self._more - asked) | full.keys()
        return {name: self._unsent[name] for name in batch.limits}

    def begin(self, lanes: Sequence[Awaitable[None]]) -> None:
        """Await the lanes of a batch."""
        self._batches.add(asyncio.ensure_future(_all(lanes)))

    def one_writer(self, target: str, company: str) -> "asyncio.Lock | nullcontext[None]":
        """Return what lets the calls of a company follow one another, where the target wants that."""
        is_serial = self.targets[target].traits.is_serial_per_company
        return self._writers[target, company] if is_serial else nullcontext()

    def leaves(self, target: str, document_count: int) -> None:
        """Count documents whose call has passed its gate, and say so once there is room for the next batch."""
        self._unsent[target] -= document_count
        if target in self._more and self._unsent[target] <= self._low[target]:
            self._has_room.set()

    def hear(self, call: Sequence[Item], outcomes: Sequence[Outcome]) -> None:
        """Keep the answers to a call."""
        for (errand, _), outcome in zip(call, outcomes, strict=True):
            errand.outcomes.append(outcome)
            if errand.is_answered:
                self.answered.append(errand)

    def ripe(self) -> Sequence[Errand]:
        """Return what is settled now: what has gathered, once it is a batch, has waited, or nothing else is awaited."""
        is_time = self.is_sent or self._parts.runtime.now() >= self._settles_at
        return tuple(self.answered) if is_time or len(self.answered) >= self._parts.settings.batch else ()

    async def news(self) -> None:
        """Wait until a batch has its answers, there is room for more, or it is time to settle."""
        now, settings = self._parts.runtime.now(), self._parts.settings
        if now >= self._settles_at:
            self._settles_at = now + settings.settle_every
        tick = asyncio.ensure_future(self._parts.runtime.sleep(self._settles_at - now))
        room = asyncio.ensure_future(self._has_room.wait())
        awaited: list[asyncio.Future[Any]] = [*self._batches, tick, room]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        tick.cancel()
        room.cancel()
        for batch in [one for one in self._batches if one.done()]:
            self._batches.remove(batch)
            await batch


def _at_once(parts: Parts, target: Target) -> int:
    return min(target.traits.concurrency, parts.settings.concurrency or target.traits.concurrency)


async def _all(lanes: Sequence[Awaitable[None]]) -> None:
    for lane in lanes:
        await lane
