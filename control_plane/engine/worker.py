"""The worker: every kind of work in a loop of its own, until it is told to stop."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from control_plane.engine.check import check
from control_plane.engine.confirm import confirm, note_outcomes
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.keep import act_on_kept
from control_plane.engine.parts import Parts
from control_plane.engine.pull import pull_next
from control_plane.engine.read_back import read_claims_back
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
    act_on_kept,
    check,
    deliver,
    inquire,
    read_claims_back,
    release,
    reap,
    reverse,
    note_outcomes,
    confirm,
    watch,
)

WAKES: Final[Mapping[Pass, tuple[Pass, ...]]] = {
    pull_next: (check, release, reverse, deliver, confirm),
    act_on_kept: (check, release, reverse, deliver),
    check: (deliver,),
    deliver: (note_outcomes, release, reverse),
    inquire: (deliver, note_outcomes, release, reverse),
    read_claims_back: (note_outcomes, release),
    release: (deliver,),
    reap: (deliver, inquire),
    reverse: (deliver, note_outcomes, release),
    note_outcomes: (confirm,),
}
"""Who may find work once a pass has done some. The others come by at their own pace: each look is a turn to write."""
GATHERING: Final = frozenset({inquire, read_claims_back, release, reverse, note_outcomes, confirm})
"""Passes that find little at a time and are in no hurry: they let it gather, for one turn to write costs as much."""
_WAKES: Final = {one.__name__: tuple(woken.__name__ for woken in others) for one, others in WAKES.items()}


async def work(parts: Parts, stop: asyncio.Event, passes: Sequence[Pass] = PASSES) -> None:
    """Work until told to stop; what is on its way then is finished, nothing new begins, the rest is given back."""
    LOG.info("worker started", extra={"incarnation": parts.incarnation})
    bell = Bell()
    loops = [parts.runtime.spawn(_loop(parts, one, stop, bell), name=one.__name__) for one in passes]
    await stop.wait()
    parts.pace.is_closing = True
    for loop in loops:
        await loop
    LOG.info("worker stopped", extra={"incarnation": parts.incarnation})


async def settle_down(parts: Parts, *, passes: Sequence[Pass] = PASSES, rounds: int = 1000) -> int:
    """Do everything that can be done now and return how many passes that took: the whole loop, for proofs."""
    for turn in range(rounds):
        if not sum([await one(parts) for one in passes]):
            return turn
    raise NeverIdleError(f"there was still work after {rounds} rounds")


class NeverIdleError(RuntimeError):
    """The passes find new work for ever."""


class Bell:
    """Wakes resting loops when another one has done something that may be work for them."""

    def __init__(self) -> None:
        self._rung: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def ring(self, name: str) -> None:
        """Wake those who may have work now that this pass has done some."""
        for one in _WAKES.get(name, ()):
            self._rung[one].set()

    async def rest(self, parts: Parts, name: str, duration: timedelta) -> None:
        """Rest until the bell rings for this pass, or has rung since its last rest; at most so long."""
        rung = asyncio.ensure_future(self._rung[name].wait())
        over = asyncio.ensure_future(parts.runtime.sleep(duration))
        _, waiting = await asyncio.wait({rung, over}, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        self._rung[name].clear()


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
        if one in GATHERING:
            await parts.runtime.sleep(parts.settings.gather)
        if done:
            rest = parts.settings.idle
            bell.ring(one.__name__)
        else:
            await bell.rest(parts, one.__name__, _until_next(parts, rest))
            rest = min(rest * 2, parts.settings.idle_ceiling)


def _until_next(parts: Parts, rest: timedelta) -> timedelta:
    """Return how long to rest: no longer than until a connection may be called again."""
    now = parts.runtime.now()
    opens_at = parts.pace.next_at(now)
    return rest if opens_at is None else min(rest, opens_at - now)


def _say_once(*, is_away: bool, error: DatabaseTroubleError, name: str) -> None:
    if not is_away:
        LOG.warning("the database is away", extra={"pass": name, "trouble": str(error)})
