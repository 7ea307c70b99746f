"""Care: after a process was lost, what it may have died of is looked at apart."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Care:
    """What is still to be looked at apart.

    A process that ends without a word may have died of what it looked at. Nothing of that was committed, so it is
    first in line again: the first page of every kind of work after such an end is looked at a few at a time, and
    alone what is on trial already, each under a note that is committed before.
    """

    is_needed: bool = False
    """A process before this one was lost."""
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by what is on trial: else it would answer for what another kind of work died of."""
    _done: set[str] = field(default_factory=set)
    _tried: set[int] = field(default_factory=set)

    def is_needed_for(self, work: str) -> bool:
        """Return whether a kind of work, or a stream, still has its first page before it."""
        return self.is_needed and work not in self._done

    def is_over_for(self, work: str) -> None:
        """Note that all of the first page was looked at, and that we are still here."""
        self._done.add(work)

    def begins_anew_for(self, work: str) -> None:
        """Note that more was put before it that nobody has looked at yet."""
        self._done.discard(work)

    def first_trials_of(self, payload_ids: Sequence[int]) -> list[int]:
        """Note that payloads are tried, and return those that this process tries for the first time."""
        fresh = [one for one in payload_ids if one not in self._tried]
        self._tried.update(fresh)
        return fresh
