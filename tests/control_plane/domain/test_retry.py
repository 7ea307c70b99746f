from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.retry import RetryPolicy, next_attempt_at

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
POLICY = RetryPolicy()
LATELY = NOW - timedelta(minutes=5)


def waited(attempts: int, jitter: float, retry_after: timedelta | None = None) -> timedelta | None:
    at = next_attempt_at(
        POLICY, attempt_count=attempts, first_attempt_at=LATELY, retry_after=retry_after, now=NOW, jitter=jitter
    )
    return None if at is None else at - NOW


def test_patience_doubles_up_to_a_ceiling() -> None:
    seconds = [waited(attempts, 1.0) for attempts in range(12)]
    assert seconds == [timedelta(seconds=min(900, 2**attempts)) for attempts in range(12)]


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_full_jitter_spreads_over_the_whole_interval(attempts: int, jitter: float) -> None:
    wait = waited(attempts, jitter)
    assert wait is not None
    assert timedelta(0) <= wait <= POLICY.ceiling


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(days=3650), timedelta(hours=1)),
        (timedelta(seconds=-5), timedelta(seconds=1)),
        (timedelta(0), timedelta(seconds=1)),
    ],
)
def test_what_the_other_side_asks_for_is_honored_within_reason(asked: timedelta, waits: timedelta) -> None:
    assert waited(5, 0.5, asked) == waits


def test_after_the_horizon_nothing_is_tried_again() -> None:
    def at(first: datetime) -> datetime | None:
        return next_attempt_at(POLICY, attempt_count=9, first_attempt_at=first, retry_after=None, now=NOW, jitter=0)

    assert at(NOW - POLICY.horizon) is None
    assert at(NOW - POLICY.horizon + timedelta(seconds=1)) == NOW


def test_patience_lasts_longer_than_a_long_weekend() -> None:
    assert POLICY.horizon >= timedelta(hours=75)
