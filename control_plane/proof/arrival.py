"""When everything has arrived: nothing is on its way, and nobody has anything new to tell."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from control_plane.api.client import ApiClient
from control_plane.proof.claims import FLOW

LOOK_EVERY: Final = 0.3
GIVE_UP_AFTER: Final = timedelta(minutes=3)
"""Without any change: then we stop waiting for what is still on its way."""
CALM_FOR: Final = timedelta(seconds=2)
"""So long nothing changes before a stream is asked for the last time."""
OFTEN: Final = 10
"""Streams that are read every so many seconds are waited for."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the documents are."""

    received: int
    settled: int
    """Received and no longer on their way."""
    on_the_way: int
    """Of all flows: what is told back to the source counts too."""


def count(client: ApiClient) -> Counts:
    """Return how far the documents are."""
    lines = client.ledger().items
    own = [line for line in lines if line.flow == FLOW]
    received = sum(line.received.count for line in own)
    moving = sum(line.in_progress.count for line in own)
    return Counts(received, received - moving, sum(line.in_progress.count for line in lines))


@dataclass(slots=True)
class Arrival:
    """Looks one after the other until everything has arrived, or nothing moves any more."""

    at_least: int = 0
    """Documents that must have been received before."""
    is_over: bool = False
    """Whether there is nothing more to wait for."""
    _before: Counts | None = None
    _changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def look(self, client: ApiClient) -> Counts:
        """Return how far the documents are."""
        may_be_over = self._is_calm and _has_nothing_new(client, since=self._changed_at + CALM_FOR)
        counts = count(client)
        if counts != self._before:
            self._before, self._changed_at = counts, datetime.now(UTC)
        else:
            self.is_over = may_be_over or self._silence > GIVE_UP_AFTER
        return counts

    @property
    def _is_calm(self) -> bool:
        seen = self._before
        is_empty = seen is not None and seen.on_the_way == 0 and seen.received >= self.at_least
        return is_empty and self._silence > CALM_FOR

    @property
    def _silence(self) -> timedelta:
        return datetime.now(UTC) - self._changed_at


def settle(client: ApiClient, *, at_least: int = 0) -> None:
    """Wait until so many documents were received and everything has arrived, or nothing moves any more."""
    arrival = Arrival(at_least)
    while not arrival.is_over:
        time.sleep(LOOK_EVERY)
        arrival.look(client)


def _has_nothing_new(client: ApiClient, *, since: datetime) -> bool:
    """Return whether the whole story is told on, and every stream that is often read was read since that moment."""
    if any(component.behind_since for component in client.health().components):
        return False
    streams = [stream for connection in client.connections().items for stream in connection.streams]
    often = [one.read_at for one in streams if one.is_active and (one.interval_seconds or OFTEN + 1) <= OFTEN]
    return all(read_at is not None and read_at > since for read_at in often)
