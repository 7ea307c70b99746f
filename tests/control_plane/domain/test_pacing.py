from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.limits import Allowance, Limits
from control_plane.domain.pacing import (
    AT_MOST,
    GIVES_WAY_TO,
    LONGEST_REST,
    MOST_PROOFS,
    PROBE_EVERY,
    SHRINKS_TO,
    SLOWEST,
    STEADY_AFTER,
    TRIPS_AFTER,
    TRIPS_SLOWLY_AFTER,
    UNLIMITED_RAMP,
    Breaker,
    CloseWeek,
    Pacing,
    Report,
    draw,
    is_alerting,
    rate,
    shut_until,
    told,
)

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FRESH = Pacing("erp", Limits(calls_per_second=200))
UNLIMITED = Pacing("erp")
FAILED, SUCCEEDED = Report(failed_in_a_row=1), Report(has_succeeded=True)
PROVED, REFUTED = replace(SUCCEEDED, is_probe=True), replace(FAILED, is_probe=True)


def opened(state: Pacing = FRESH, *, at: datetime = NOW) -> Pacing:
    return told(state, Report(failed_in_a_row=TRIPS_AFTER), now=at)


def recovered(state: Pacing, *, at: datetime) -> Pacing:
    state, grant = draw(state, 1, now=at)
    assert grant.is_probe
    return told(state, PROVED, now=at)


def share(state: Pacing, *, after: timedelta) -> float:
    """Return how much of the declared limit is used then."""
    return (state.limit(NOW + after) or 0) / 200


def busiest_second(moments: Sequence[datetime]) -> int:
    moments = sorted(moments)
    return max(bisect_left(moments, at + SECOND) - number for number, at in enumerate(moments))


# --- limits


def test_a_connection_without_a_limit_is_never_held_up() -> None:
    assert rate(UNLIMITED, NOW) is None
    state, grant = draw(UNLIMITED, 500, now=NOW)
    assert (state, grant.count, grant.interval) == (UNLIMITED, 500, timedelta(0))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=60), st.integers(2, 500))
def test_no_second_sees_more_calls_than_the_limit(draws: list[tuple[int, int]], limit: int) -> None:
    state, now, moments = replace(FRESH, limits=Limits(limit)), NOW, list[datetime]()
    for wait, wanted in draws:
        now += timedelta(milliseconds=wait)
        state, grant = draw(state, wanted, now=now)
        moments += [max(now, grant.first_at + number * grant.interval) for number in range(grant.count)]
    assert busiest_second(moments) <= limit


@given(st.integers(1, 50), st.integers(1, 40))
def test_a_burst_is_given_once_and_then_the_limit_holds(limit: int, burst: int) -> None:
    state, moments = replace(FRESH, limits=Limits(limit, burst=burst)), list[datetime]()
    for tick in range(100):
        state, grant = draw(state, 1000, now=NOW + tick * SECOND / 4)
        moments += [grant.first_at + number * grant.interval for number in range(grant.count)]
    assert len([at for at in moments if at <= NOW + 25 * SECOND]) <= burst + limit * 25 + 1


def test_a_permit_that_would_come_too_late_is_not_drawn() -> None:
    slow = replace(FRESH, limits=Limits(1), free_at=NOW + 10 * SECOND)
    state, grant = draw(slow, 5, now=NOW, latest=NOW + 9 * SECOND)
    assert (state, grant.count, grant.first_at) == (slow, 0, NOW + 10 * SECOND)
    assert draw(slow, 5, now=NOW, latest=NOW + 10 * SECOND)[1].count == 1


def test_with_enough_to_do_at_least_95_percent_of_the_limit_are_used() -> None:
    state, now, drawn = FRESH, NOW, 0
    while now < NOW + 10 * SECOND:
        state, grant = draw(state, 8, now=now)
        drawn += grant.count
        now = max(now, grant.first_at + grant.count * grant.interval - timedelta(milliseconds=20))
    assert 0.95 <= drawn / (200 * 10) <= 1


def test_what_the_other_side_says_of_its_limit_counts_until_its_window_ends() -> None:
    state = told(FRESH, Report(allowance=Allowance(20.0, 30.0)), now=NOW)
    assert rate(state, NOW) == 20 * AT_MOST
    assert rate(state, NOW + 30 * SECOND) == 200 * AT_MOST


def test_a_declared_limit_is_never_passed_because_the_other_side_says_more() -> None:
    state = told(FRESH, Report(allowance=Allowance(900.0, 30.0)), now=NOW)
    assert rate(state, NOW) == 200 * AT_MOST


def test_where_nothing_is_left_the_connection_rests_until_the_window_ends() -> None:
    state = told(UNLIMITED, Report(allowance=Allowance(0.0, 30.0)), now=NOW)
    assert shut_until(state, NOW) == NOW + 30 * SECOND
    assert rate(state, NOW + 30 * SECOND) is None


# --- what the other side asks for


@pytest.mark.parametrize(
    ("asked", "rests"),
    [(30.0, 30.0), (0.2, 1.0), (-5.0, 1.0), (0.0, 1.0), (315_360_000.0, 3600.0)],
)
def test_a_pause_is_kept_within_reason(asked: float, rests: float) -> None:
    state = told(FRESH, Report(rest=timedelta(seconds=asked)), now=NOW)
    until = NOW + timedelta(seconds=rests)
    assert shut_until(state, until - timedelta(microseconds=1)) == until
    assert draw(state, 5, now=NOW)[1].count == 0
    assert draw(state, 5, now=until)[1].count > 0


def test_a_call_too_many_makes_a_declared_limit_give_way_a_little_and_grow_back() -> None:
    state = FRESH
    for _ in range(8):  # calls that had left together
        state = told(state, Report(rest=SECOND), now=NOW)
    assert share(state, after=SECOND) == pytest.approx(GIVES_WAY_TO)
    assert GIVES_WAY_TO < share(state, after=SECOND * 30) < 1
    assert share(state, after=SECOND * 70) == 1


def test_who_refuses_again_before_the_limit_has_grown_back_is_believed_more() -> None:
    state = told(FRESH, Report(rest=SECOND), now=NOW)
    again = told(state, Report(rest=SECOND), now=NOW + SECOND)
    assert share(again, after=2 * SECOND) == pytest.approx(GIVES_WAY_TO * SHRINKS_TO)
    shares = [share(again, after=number * timedelta(minutes=1)) for number in range(1, 12)]
    assert shares == sorted(shares)
    assert (shares[4] < 1, shares[-1]) == (True, 1)


def test_the_limit_of_a_system_that_declares_none_is_found_by_its_refusals_and_tried_again() -> None:
    state = told(UNLIMITED, Report(rest=SECOND, calls_per_second=50.0), now=NOW)
    assert state.limit(NOW + SECOND) == pytest.approx(50 * SHRINKS_TO)
    assert (state.limit(NOW + timedelta(minutes=10)) or 0) > 50
    assert state.limit(NOW + timedelta(days=3650)) is None


@given(st.lists(st.floats(-1e9, 1e9), max_size=60))
def test_no_answer_stops_a_connection_for_longer_than_an_hour_or_for_good(asked: list[float]) -> None:
    state = UNLIMITED
    for seconds in asked:
        state = told(state, Report(rest=timedelta(seconds=seconds)), now=NOW)
    assert (rate(state, NOW + LONGEST_REST) or UNLIMITED_RAMP) >= SLOWEST / 2


# --- the breaker


def test_a_single_failure_and_even_nine_in_a_row_open_nothing() -> None:
    state = FRESH
    for _ in range(TRIPS_AFTER - 1):
        state = told(state, FAILED, now=NOW)
    assert state.breaker is Breaker.CLOSED
    assert told(state, FAILED, now=NOW).breaker is Breaker.OPEN
    assert told(state, SUCCEEDED, now=NOW).failure_count == 0


def test_a_quiet_connection_is_given_up_after_three_failures_in_half_a_minute() -> None:
    state = FRESH
    for number in range(TRIPS_SLOWLY_AFTER):
        assert state.breaker is Breaker.CLOSED
        state = told(state, FAILED, now=NOW + number * 16 * SECOND)
    assert state.breaker is Breaker.OPEN


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=300))
def test_an_open_breaker_lets_one_call_leave_in_30_seconds(waits: list[int]) -> None:
    state, now, calls = opened(), NOW, list[datetime]()
    for wait in waits:
        now += timedelta(milliseconds=wait)
        state, grant = draw(state, 8, now=now)
        calls += [now] * grant.count
        state = told(state, REFUTED, now=now) if grant.count else state
    assert all(later - earlier >= PROBE_EVERY for earlier, later in pairwise(calls))
    assert not calls or calls[0] >= NOW + PROBE_EVERY


def test_calls_that_left_before_the_breaker_opened_prove_nothing() -> None:
    state = opened()
    assert told(told(state, SUCCEEDED, now=NOW), FAILED, now=NOW) == state


def test_after_a_recovery_the_rate_rises_to_80_and_then_to_more_than_95_percent() -> None:
    at = NOW + PROBE_EVERY
    state = recovered(opened(), at=at)
    assert state.breaker is Breaker.HALF_OPEN
    shares = [(rate(state, at + timedelta(milliseconds=after)) or 0) / 200 for after in (0, 500, 1999, 2000, 10**6)]
    assert shares == pytest.approx([0.5, 0.8, 0.8, AT_MOST, AT_MOST])
    assert state.at(at + 2 * SECOND).breaker is Breaker.CLOSED


def test_a_connection_without_a_limit_is_called_gently_at_first() -> None:
    state = recovered(opened(UNLIMITED), at=NOW + PROBE_EVERY)
    assert rate(state, NOW + PROBE_EVERY) == UNLIMITED_RAMP
    assert rate(state, NOW + PROBE_EVERY + 2 * SECOND) is None


def test_who_fails_again_during_the_ramp_is_shut_after_three_calls() -> None:
    at = NOW + PROBE_EVERY
    state = recovered(opened(), at=at)
    for _ in range(TRIPS_SLOWLY_AFTER):
        state = told(state, FAILED, now=at)
    assert (state.breaker, state.trip_count) == (Breaker.OPEN, 2)


def test_who_comes_and_goes_has_to_prove_more_each_time() -> None:
    state, at = FRESH, NOW
    for trip in range(1, MOST_PROOFS + 3):
        state = opened(state, at=at)
        proofs = 0
        while state.breaker is Breaker.OPEN:
            at += PROBE_EVERY
            state, _ = draw(state, 1, now=at)
            state, proofs = told(state, PROVED, now=at), proofs + 1
        assert proofs == min(trip, MOST_PROOFS)
    assert opened(state, at=at + STEADY_AFTER).trip_count == 1


@dataclass(slots=True)
class Watched:
    """What happens when a system is called as often as it may be, while it comes and goes."""

    up: timedelta
    down: timedelta
    calls: list[datetime] = field(default_factory=list)
    openings: list[datetime] = field(default_factory=list)
    alerts: list[datetime] = field(default_factory=list)

    def answers(self, now: datetime) -> bool:
        return (now - NOW) % (self.up + self.down) < self.up

    def run(self, duration: timedelta) -> "Watched":
        state, was_alerting = FRESH, False
        for now in self._ticks(duration):
            before = state.breaker
            state, grant = draw(state, 20, now=now)
            for _ in range(grant.count):
                report = SUCCEEDED if self.answers(now) else FAILED
                state = told(state, replace(report, is_probe=grant.is_probe), now=now)
            self.calls += [now] * grant.count
            if state.breaker is Breaker.OPEN is not before:
                self.openings.append(now)
            if is_alerting(state, now) and not was_alerting:
                self.alerts.append(now)
            was_alerting = is_alerting(state, now)
        return self

    @staticmethod
    def _ticks(duration: timedelta) -> Iterator[datetime]:
        return (NOW + number * timedelta(milliseconds=500) for number in range(int(duration / SECOND) * 2))


@pytest.mark.parametrize(("up", "down"), [(10, 10), (7, 13), (20, 5), (45, 45)])
def test_a_flapping_system_is_told_of_once_in_ten_minutes_and_hardly_swings(up: int, down: int) -> None:
    seen = Watched(up * SECOND, down * SECOND).run(timedelta(hours=1))
    assert seen.alerts
    assert all(b - a >= STEADY_AFTER for a, b in pairwise(seen.alerts))
    assert len(seen.openings) <= 25
    assert len([at for at in seen.openings if at >= NOW + STEADY_AFTER]) <= 20


def test_an_alert_stays_for_ten_minutes_so_that_it_comes_once() -> None:
    state = recovered(opened(), at=NOW + PROBE_EVERY)
    assert is_alerting(state, NOW + STEADY_AFTER - SECOND)
    assert not is_alerting(state, NOW + STEADY_AFTER)
    assert is_alerting(opened(), NOW + timedelta(hours=4))


# --- close week


def test_in_close_week_what_is_not_about_documents_leaves_room() -> None:
    def drawn(reserved: float) -> int:
        state, count = FRESH, 0
        for tick in range(40):
            state, grant = draw(state, 1000, now=NOW + tick * SECOND / 4, reserved=reserved)
            fits = grant.first_at <= NOW + 10 * SECOND
            count += grant.count if fits else 0
        return count

    assert drawn(0.5) <= 0.55 * drawn(0.0)


@pytest.mark.parametrize(("day", "share"), [(27, 0.0), (28, 0.4), (31, 0.4), (1, 0.4), (5, 0.4), (6, 0.0)])
def test_close_week_runs_over_the_end_of_the_month(day: int, share: float) -> None:
    assert CloseWeek(reserve=0.4).reserved(NOW.replace(day=day)) == share
