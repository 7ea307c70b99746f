"""Pacing: how many calls a connection may take now, by its limits, its breaker and what the other side asks for."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from connectors.limits import Allowance, Limits

PROBE_EVERY: Final = timedelta(seconds=30)
"""Between two probing calls while the breaker is open."""

STEADY_AFTER: Final = timedelta(minutes=10)
"""Who fails again within this time is believed later, and is told about once."""

TRIPS_AFTER: Final = 10
"""Calls that failed one after the other."""
TRIPS_SLOWLY_AFTER: Final = 3
"""The same, where they took long or the connection has only just recovered."""
SLOWLY: Final = timedelta(seconds=30)
MOST_PROOFS: Final = 5
"""Probing calls that must succeed one after the other before a connection that flapped is believed again."""

AT_MOST: Final = 0.965
"""The share of the limit that is used: what is left takes up the jitter of the way."""
RAMP: Final = ((timedelta(seconds=2), AT_MOST), (timedelta(milliseconds=500), 0.8), (timedelta(0), 0.5))
"""From when on after a recovery which share of the limit is used."""
UNLIMITED_RAMP: Final = 10.0
"""Calls per second during the ramp of a connection without a limit."""

AHEAD: Final = timedelta(milliseconds=500)
"""For how long a worker draws permits at once."""
MADE_UP_FOR: Final = timedelta(milliseconds=20)
"""Permits that nobody drew for so long are still given: `AT_MOST` leaves room for them."""

GIVES_WAY_TO: Final = 0.95
"""The share of a declared limit that is used after one call too many: the calls came unevenly, the limit is right."""
SHRINKS_TO: Final = 0.7
"""The same where it is too much again, or where no limit is declared: what CUBIC keeps after a loss (RFC 9438)."""
GROWS_BY: Final = 1.05
"""What was learned from a refusal grows to so much of itself each minute, until it reaches what is declared."""
FORGOTTEN_AFTER: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
SLOWEST: Final = 0.1
"""Calls per second, however often it was too much."""
SUPPOSED: Final = 10.0
"""Calls per second that a system without a known limit is supposed to take when it says that it was too much."""
SHORTEST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(hours=1)


class Breaker(StrEnum):
    """Whether the other side is called."""

    CLOSED = "closed"
    """It is called as its limits allow."""
    OPEN = "open"
    """It is away: one probing call now and then."""
    HALF_OPEN = "half_open"
    """It answers again, and is called more and more."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """What all workers together know of one connection."""

    connection: str
    limits: Limits = field(default_factory=Limits)
    breaker: Breaker = Breaker.CLOSED
    failure_count: int = 0
    """Calls that failed one after the other; a single one is not told."""
    failing_since: datetime | None = None
    opened_at: datetime | None = None
    trip_count: int = 0
    """How often the breaker opened, each time shortly after it had recovered."""
    proof_count: int = 0
    probe_at: datetime | None = None
    """Before this moment nobody probes."""
    recovered_at: datetime | None = None
    ramp_from: datetime | None = None
    free_at: datetime | None = None
    """The first moment for which no permit is drawn yet."""
    ordinary_free_at: datetime | None = None
    """The same for calls that leave room to others."""
    rests_until: datetime | None = None
    """The other side asked for patience."""
    learned_rate: float | None = None
    """Calls per second, as the other side's answers say."""
    learned_until: datetime | None = None
    """None where it was learned from a refusal: then it grows from `ramp_from` on."""

    @property
    def is_unpaced(self) -> bool:
        """Return whether calls may leave at any time: nothing is declared, learned, asked for or amiss."""
        is_well = self.breaker is Breaker.CLOSED and self.rests_until is None
        return is_well and self.limits.calls_per_second is None and self.learned_rate is None

    def at(self, now: datetime) -> "Pacing":
        """Return the same as time has changed it: a ramp that is over closes the breaker."""
        is_over = self.recovered_at is not None and now >= self.recovered_at + RAMP[0][0]
        if self.breaker is Breaker.HALF_OPEN and is_over:
            return replace(self, breaker=Breaker.CLOSED)
        return self

    def limit(self, now: datetime) -> float | None:
        """Return the calls per second that the other side takes; None where nobody knows of a limit."""
        known = [rate for rate in (self.limits.calls_per_second, self._learned(now)) if rate is not None]
        return min(known, default=None)

    def rests(self, now: datetime) -> bool:
        """Return whether the other side asked not to be called now."""
        return self.rests_until is not None and now < self.rests_until

    def _learned(self, now: datetime) -> float | None:
        if self.learned_rate is None:
            return None
        if self.learned_until is not None:
            return self.learned_rate if now < self.learned_until else None
        grows_for = max(now - (self.ramp_from or now), timedelta(0))
        return self.learned_rate * GROWS_BY ** (grows_for / _MINUTE) if grows_for < FORGOTTEN_AFTER else None


@dataclass(frozen=True, slots=True)
class Grant:
    """Permits for calls: how many, and when each may leave."""

    count: int
    first_at: datetime
    """Without permits: when it is worth asking again."""
    interval: timedelta = timedelta(0)
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker tells of the calls that it made since it told last."""

    has_succeeded: bool = False
    failed_in_a_row: int = 0
    """Calls that failed after the last one that succeeded."""
    is_probe: bool = False
    rest: timedelta | None = None
    """The other side refused a call as one too many, and asked for this pause."""
    allowance: Allowance | None = None
    calls_per_second: float = 0.0
    """How fast the worker has called lately."""


@dataclass(frozen=True, slots=True)
class CloseWeek:
    """The days around the end of a month on which a share of every limit is kept for documents."""

    first_day: int = 28
    last_day: int = 5
    reserve: float = 0.0

    def reserved(self, now: datetime) -> float:
        """Return the share that calls which are not about documents leave alone now."""
        is_close = now.day >= self.first_day or now.day <= self.last_day
        return self.reserve if is_close else 0.0


def rate(state: Pacing, now: datetime) -> float | None:
    """Return how many calls per second may leave now; None: as many as are ready."""
    state = state.at(now)
    if state.breaker is Breaker.OPEN or state.rests(now):
        return 0.0
    limit = state.limit(now)
    if limit is None:
        return UNLIMITED_RAMP if state.breaker is Breaker.HALF_OPEN else None
    since = timedelta.max if state.ramp_from is None else now - state.ramp_from
    return limit * next((share for start, share in RAMP if since >= start), RAMP[-1][1])


def draw(
    state: Pacing, wanted: int, *, now: datetime, latest: datetime | None = None, reserved: float = 0.0
) -> tuple[Pacing, Grant]:
    """Return the state after permits for so many calls were drawn, and the permits.

    Given are those of half a second only, and none where the first one comes after `latest`. An open breaker gives
    one probing call in its turn. `reserved` is the share of the limit that these calls leave alone.
    """
    state = state.at(now)
    opens_at = shut_until(state, now)
    if opens_at is not None:
        return state, Grant(0, opens_at)
    if state.breaker is Breaker.OPEN:
        return replace(state, probe_at=now + PROBE_EVERY), Grant(1, now, is_probe=True)
    pace = rate(state, max(now, state.free_at or now))  # the ramp as it will be when they leave
    if pace is None:
        return state, Grant(wanted, now)
    planned = _planned(state, wanted, timedelta(seconds=1 / pace), now=now, reserved=reserved)
    first_at = planned[1].first_at
    return planned if latest is None or first_at <= latest else (state, Grant(0, first_at))


def shut_until(state: Pacing, now: datetime) -> datetime | None:
    """Return when the connection may be called again, be it to probe; None where it may be called now."""
    if state.rests(now):
        return state.rests_until
    is_early = state.probe_at is not None and now < state.probe_at
    return state.probe_at if state.breaker is Breaker.OPEN and is_early else None


def told(state: Pacing, report: Report, *, now: datetime) -> Pacing:
    """Return the state after a worker has told of its calls."""
    state = _eased(state.at(now), report, now)
    if state.breaker is Breaker.OPEN:
        return _probed(state, report, now) if report.is_probe else state  # the others had left before it opened
    before = 0 if report.has_succeeded else state.failure_count
    count = before + report.failed_in_a_row
    if not count:
        return replace(state, failure_count=0, failing_since=None)
    since = state.failing_since if before and state.failing_since else now
    failing = replace(state, failure_count=count, failing_since=since)
    return _opened(failing, now) if _trips(failing, since, now) else failing


def headroom(state: Pacing, now: datetime) -> float | None:
    """Return the share of the near future for which no permits are drawn yet; None without a limit."""
    pace = rate(state, now)
    if pace is None:
        return None
    drawn = timedelta(0) if state.free_at is None else max(timedelta(0), state.free_at - now)
    return max(0.0, 1 - drawn / AHEAD) if pace else 0.0


def is_alerting(state: Pacing, now: datetime) -> bool:
    """Return whether people should know: the breaker is not closed, or has opened in the last ten minutes.

    So a system that comes and goes is one alert, and not one each time.
    """
    was_lately = state.opened_at is not None and now < state.opened_at + STEADY_AFTER
    return was_lately or state.at(now).breaker is not Breaker.CLOSED


def _planned(
    state: Pacing, wanted: int, interval: timedelta, *, now: datetime, reserved: float
) -> tuple[Pacing, Grant]:
    earliest = now - max(MADE_UP_FOR, interval * (state.limits.burst - 1))
    taken_until = [state.free_at, state.ordinary_free_at if reserved else None]
    start = max([earliest, *(at for at in taken_until if at is not None)])
    count = max(1, min(wanted, int(AHEAD / interval) + 1))
    end = start + count * interval
    ordinary = start + count * interval / (1 - reserved) if reserved else state.ordinary_free_at
    return replace(state, free_at=end, ordinary_free_at=ordinary), Grant(count, start, interval)


def _trips(state: Pacing, since: datetime, now: datetime) -> bool:
    is_slow = now - since >= SLOWLY or state.breaker is Breaker.HALF_OPEN
    return state.failure_count >= (TRIPS_SLOWLY_AFTER if is_slow else TRIPS_AFTER)


def _opened(state: Pacing, now: datetime) -> Pacing:
    is_again = state.recovered_at is not None and now - state.recovered_at < STEADY_AFTER
    return replace(
        state,
        breaker=Breaker.OPEN,
        opened_at=now,
        trip_count=state.trip_count + 1 if is_again else 1,
        proof_count=0,
        probe_at=now + PROBE_EVERY,
        free_at=None,
        ordinary_free_at=None,
    )


def _probed(state: Pacing, report: Report, now: datetime) -> Pacing:
    if not report.has_succeeded:
        return replace(state, proof_count=0)
    proofs = state.proof_count + 1
    if proofs < min(state.trip_count, MOST_PROOFS):
        return replace(state, proof_count=proofs)
    return replace(
        state,
        breaker=Breaker.HALF_OPEN,
        failure_count=0,
        failing_since=None,
        recovered_at=now,
        ramp_from=now,
    )


def _eased(state: Pacing, report: Report, now: datetime) -> Pacing:
    """Return the state after what the other side asked for."""
    if report.rest is not None:
        return _resting(state, report, now)
    said = report.allowance
    if said is None:
        return state
    ends_at = now + timedelta(seconds=said.seconds)
    if not said.calls_per_second:
        return replace(state, rests_until=max(ends_at, state.rests_until or ends_at))
    known = state.limit(now)
    slower = said.calls_per_second if known is None else min(known, said.calls_per_second)
    return replace(state, learned_rate=max(slower, SLOWEST), learned_until=ends_at)


def _resting(state: Pacing, report: Report, now: datetime) -> Pacing:
    """Return the state that lets the other side rest; the limit shrinks once, however many calls it refused."""
    until = now + min(max(report.rest or SHORTEST_REST, SHORTEST_REST), LONGEST_REST)
    if state.rests(now):
        until = max(until, state.rests_until or until)
        return replace(state, rests_until=until, ramp_from=until)
    known = state.limit(now) or max(report.calls_per_second, SUPPOSED)
    keeps = GIVES_WAY_TO if known == state.limits.calls_per_second else SHRINKS_TO
    return replace(
        state,
        rests_until=until,
        ramp_from=until,
        free_at=None,
        learned_rate=max(known * keeps, SLOWEST),
        learned_until=None,
    )
