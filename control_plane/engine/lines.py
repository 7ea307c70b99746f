"""Lines: what this process knows of its connections, the permits that it has drawn, and what has left."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import Connector
from connectors.failures import Failure, FailureKind
from connectors.limits import Allowance
from control_plane.domain.pacing import (
    MADE_UP_FOR,
    TRIPS_SLOWLY_AFTER,
    Breaker,
    Grant,
    Pacing,
    Report,
    rate,
    shut_until,
)
from control_plane.engine.departures import Departures

_LAPSE: Final = MADE_UP_FOR
"""A permit that could not be used for so long is given up where others have permits of their own for that moment."""
_LAPSE_ALONE: Final = timedelta(seconds=2)
"""The same where nobody else draws any."""
_MADE_UP_ALONE: Final = timedelta(milliseconds=250)
"""Then a pause of so long is made up for: the departures tell whether there is room."""
_LOW: Final = timedelta(milliseconds=250)
"""Permits for so long are left: it is time to draw more."""
_REMEMBERED: Final = timedelta(seconds=30)
"""For so long we remember that others draw permits."""
_WINDOW: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Permit:
    """One call may leave at this moment."""

    at: datetime
    is_probe: bool = False


@dataclass(slots=True)
class Line:
    """What this process knows of one connection, the permits it has drawn, and what it has not told yet."""

    state: Pacing
    permits: deque[Permit] = field(default_factory=deque)
    departures: Departures = field(default_factory=Departures)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    """Calls that are sure to come."""
    spacing: timedelta = timedelta(0)
    next_at: datetime | None = None
    """Before this moment no further call leaves."""
    drawn_until: datetime | None = None
    shared_until: datetime | None = None
    """Until then we suppose that others draw permits as well."""
    refill: Awaitable[None] | None = None
    """Permits that are being drawn while there are still some."""
    has_succeeded: bool = False
    failed_in_a_row: int = 0
    window_from: datetime | None = None
    window_count: int = 0
    calls_per_second: float = 0.0

    def learn(self, state: Pacing) -> None:
        """Take over what all workers know; permits for a connection that is shut are worth nothing."""
        if state.breaker is Breaker.OPEN and self.state.breaker is not Breaker.OPEN:
            self.permits.clear()
        self.state = state

    def is_free(self, now: datetime) -> bool:
        """Return whether calls leave without a permit."""
        return rate(self.state, now) is None

    def shut_until(self, now: datetime) -> datetime | None:
        """Return when the connection may be called again, or None where it may be called now."""
        return shut_until(self.state.at(now), now)

    def take(self, now: datetime) -> Permit | None:
        """Return the next permit that is not too old: for now, or at a distance from the one before."""
        is_shared = self._is_shared(now)
        lapse = max(_LAPSE if is_shared else _LAPSE_ALONE, self.spacing)
        made_up = MADE_UP_FOR if is_shared else _MADE_UP_ALONE
        while self.permits:
            permit = self.permits.popleft()
            if now - permit.at <= lapse:
                at = max(permit.at, now - made_up, self.next_at or permit.at)
                self.next_at = at + self.spacing
                return replace(permit, at=max(at, now))
        return None

    def has_lapsed(self, permit: Permit, now: datetime) -> bool:
        """Return whether a permit's moment was missed where others have the next ones."""
        return self._is_shared(now) and not permit.is_probe and now - permit.at > MADE_UP_FOR

    def room_at(self, now: datetime) -> datetime:
        """Return when the next call may leave beside those that have left before it."""
        limit = self.state.limit(now)
        return now if limit is None else self.departures.room_at(limit, self.state.limits.burst) or now

    def needs_more(self, now: datetime) -> bool:
        """Return whether the permits at hand will be used up soon, with more calls to come."""
        return self.wanted > len(self.permits) and (not self.permits or self.permits[-1].at - now < _LOW)

    def add(self, grant: Grant, now: datetime) -> None:
        """Keep the permits that were drawn; a gap behind the last ones shows that others draw as well."""
        if grant.count and grant.first_at > max(self.drawn_until or now, now):
            self.shared_until = grant.first_at + _REMEMBERED
        self.drawn_until = grant.first_at + grant.count * grant.interval
        self.spacing = grant.interval if self.state.limits.burst == 1 else timedelta(0)
        moments = (grant.first_at + number * grant.interval for number in range(grant.count))
        self.permits.extend(Permit(max(at, now), grant.is_probe) for at in moments)

    def note(self, failure: Failure | None, now: datetime) -> None:
        """Remember how one call ended, and how many there are in a second."""
        is_away = failure is not None and failure.kind is not FailureKind.RATE_LIMITED
        self.failed_in_a_row = self.failed_in_a_row + 1 if is_away else 0
        self.has_succeeded = self.has_succeeded or not is_away
        self.window_count += 1
        if self.window_from is None or now - self.window_from >= _WINDOW:
            elapsed = _WINDOW if self.window_from is None else now - self.window_from
            self.calls_per_second = self.window_count / elapsed.total_seconds()
            self.window_from, self.window_count = now, 0

    @property
    def is_calm(self) -> bool:
        """Return whether a call that goes well is nobody's news."""
        return self.state.breaker is Breaker.CLOSED and not self.state.failure_count

    def news(self, failure: Failure | None, allowance: Allowance | None, *, is_probe: bool) -> Report | None:
        """Return what all workers should hear now, and forget it; a single failure is nobody's news."""
        rest = None
        if failure is not None and failure.kind is FailureKind.RATE_LIMITED:
            rest = timedelta(seconds=failure.retry_after_seconds or 0)
        is_failing = self.failed_in_a_row >= (TRIPS_SLOWLY_AFTER if self.is_calm else 1)
        is_well_again = self.has_succeeded and self.state.failure_count > 0
        if not (is_probe or rest is not None or allowance or is_failing or is_well_again):
            return None
        told = Report(
            has_succeeded=self.has_succeeded,
            failed_in_a_row=self.failed_in_a_row,
            is_probe=is_probe,
            rest=rest,
            allowance=allowance,
            calls_per_second=self.calls_per_second,
        )
        self.has_succeeded, self.failed_in_a_row = False, 0
        return told

    def _is_shared(self, now: datetime) -> bool:
        return self.shared_until is not None and now < self.shared_until


class Pace:
    """One process's lines to its connections."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self.is_closing = False
        """The process ends: what is on its way is finished, no document is sent any more."""

    def line(self, connector: Connector) -> Line:
        """Return the line to a connection."""
        found = self._lines.get(connector.name)
        if found is None:
            found = self._lines[connector.name] = Line(Pacing(connector.name, connector.limits))
        return found

    def next_at(self, now: datetime) -> datetime | None:
        """Return when the first connection that is shut now may be called again."""
        shut = (line.shut_until(now) for line in self._lines.values())
        return min((at for at in shut if at is not None), default=None)
