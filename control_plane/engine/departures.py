"""Departures: the calls that left lately, so that the other side sees no more of them in a second than its limit."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

COMES_WITHIN: Final = timedelta(milliseconds=35)
"""How unevenly calls come, at most, to a system whose answers take longer and so do not tell when it had the calls."""
_ASIDE: Final = 1.015
"""By so much a second is taken for longer, as clocks differ; with `COMES_WITHIN`, 95 % of a limit are still used."""
_UNANSWERED: Final = timedelta(seconds=1)
"""A call without an answer is taken to have come after that."""
_STEP: Final = timedelta(milliseconds=2)
"""By so much each answer moves what is usual, so that it is what half of them take: a few late ones do not count."""


@dataclass(slots=True)
class Departure:
    """A call that has left."""

    at: datetime
    came_by: datetime
    """The other side has it by then."""
    is_probe: bool = False


@dataclass(slots=True)
class Departures:
    """The calls of the last second, in the order in which they left.

    A call comes after it leaves and before it is answered. So where it leaves a second after those were answered that
    are the limit and more before it, no second sees more calls than the limit, however late each of them came.
    """

    _lately: deque[Departure] = field(default_factory=deque)
    _earlier_came_by: datetime | None = None
    _usual: timedelta = COMES_WITHIN + _STEP
    """How long answers usually take."""

    def room_at(self, limit: float, burst: int = 1) -> datetime | None:
        """Return the moment before which no further call leaves, as far as is known; None where none is waited for."""
        count = max(1, int(limit))
        while len(self._lately) >= count + burst:
            came_by = self._lately.popleft().came_by
            self._earlier_came_by = max(came_by, self._earlier_came_by or came_by)
        if len(self._lately) < count + burst - 1:
            return None
        came_by = self._lately[0].came_by
        return max(came_by, self._earlier_came_by or came_by) + timedelta(seconds=_ASIDE * count / limit)

    def add(self, now: datetime, *, is_probe: bool = False) -> Departure:
        """Keep a call that leaves now, and return it."""
        tells = self._usual <= COMES_WITHIN
        departure = Departure(now, now + (_UNANSWERED if tells else COMES_WITHIN), is_probe)
        self._lately.append(departure)
        return departure

    def answered(self, departure: Departure, now: datetime) -> None:
        """Take note of an answer: what took so long is known to have come."""
        departure.came_by = min(departure.came_by, now)
        self._usual += _STEP if now - departure.at > self._usual else -_STEP
