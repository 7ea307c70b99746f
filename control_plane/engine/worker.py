"""The worker: every kind of work in a loop of its own, until it is told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from control_plane.engine.check import check
from control_plane.engine.confirm import confirm, note_outcomes
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.parts import Parts
from control_plane.engine.pull import pull_next
from control_plane.engine.reap import reap
from control_plane.engine.release import release
from control_plane.engine.reverse import reverse
from control_plane.engine.watch import watch
from control_plane.store.troubles import DatabaseTroubleError

LOG: Final = logging.getLogger(__name__)

Pass = Callable[[Parts], Awaitable[int]]
"""Does what is there to do once and returns how much it was."""

PASSES: Final[tuple[Pass, ...]] = (
    pull_next,
    check,
    deliver,
    inquire,
    release,
    reap,
    reverse,
    note_outcomes,
    confirm,
    watch,
)


async def work(parts: Parts, stop: asyncio.Event, passes: Sequence[Pass] = PASSES) -> None:
    """Work until told to stop; what is on its way then is finished, nothing new begins."""
    LOG.info("worker started", extra={"incarnation": parts.incarnation})
    bell = Bell()
    loops = [parts.runtime.spawn(_loop(parts, one, stop, bell), name=one.__name__) for one in passes]
    for loop in loops:
        await loop
    LOG.info("worker stopped", extra={"incarnation": parts.incarnation})


async def settle_down(parts: Parts, *, rounds: int = 1000) -> int:
    """Do everything that can be done now and return how many passes that took: the whole loop, for proofs."""
    for turn in range(rounds):
        if not sum([await one(parts) for one in PASSES]):
            return turn
    raise NeverIdleError(f"there was still work after {rounds} rounds")


class NeverIdleError(RuntimeError):
    """The passes find new work for ever."""


class Bell:
    """Wakes resting loops when another one has done something that may be work for them."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who rests now."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def rest(self, parts: Parts, duration: timedelta) -> None:
        """Rest until the bell rings, at most so long."""
        rung = asyncio.ensure_future(self._rung.wait())
        over = asyncio.ensure_future(parts.runtime.sleep(duration))
        _, waiting = await asyncio.wait({rung, over}, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()


async def _loop(parts: Parts, one: Pass, stop: asyncio.Event, bell: Bell) -> None:
    rest = parts.settings.idle
    is_away = False
    while not stop.is_set():
        try:
            done = await one(parts)
        except DatabaseTroubleError as error:
            done = 0
            _say_once(is_away=is_away, error=error, name=one.__name__)
            is_away = True
        except Exception:  # the top of a loop: our own mistake must not end the others' work
            done = 0
            LOG.exception("a pass failed", extra={"pass": one.__name__})
        else:
            is_away = False
        if done:
            rest = parts.settings.idle
            bell.ring()
        else:
            await bell.rest(parts, rest)
            rest = min(rest * 2, parts.settings.idle_ceiling)


def _say_once(*, is_away: bool, error: DatabaseTroubleError, name: str) -> None:
    if not is_away:
        LOG.warning("the database is away", extra={"pass": name, "trouble": str(error)})
