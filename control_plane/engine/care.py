"""Care: after a process was lost, what it may have died of is looked at one by one."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Care:
    """What is still to be looked at one by one.

    A process that ends without a word may have died of what it looked at. Nothing of that was committed, so it is
    first in line again: the first page of every kind of work after such an end is looked at one by one, each under a
    note that is committed before.
    """

    is_needed: bool = False
    """A process before this one was lost."""
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

    def is_first_trial_of(self, payload_id: int) -> bool:
        """Note that a payload is tried, and return whether this process tries it for the first time."""
        is_first = payload_id not in self._tried
        self._tried.add(payload_id)
        return is_first
