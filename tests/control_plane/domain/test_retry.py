from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.failures import FailureKind
from control_plane.domain.retry import (
    RETRY_AFTER_CEILING,
    RETRY_AFTER_FLOOR,
    Patience,
    RetryPolicy,
    next_attempt_at,
    policy_of,
)

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
    assert timedelta(0) <= wait <= POLICY.otherwise.ceiling


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


DURATIONS = st.timedeltas(timedelta(milliseconds=1), timedelta(hours=1))
POLICIES = st.builds(
    RetryPolicy,
    horizon=st.timedeltas(timedelta(hours=75), timedelta(hours=500)),
    patience=st.dictionaries(st.sampled_from(FailureKind), st.builds(Patience, DURATIONS, DURATIONS)),
    otherwise=st.builds(Patience, DURATIONS, DURATIONS),
)


@given(
    policy=POLICIES,
    kind=st.none() | st.sampled_from(FailureKind),
    attempts=st.integers(0, 10**9),
    tried_for=st.timedeltas(timedelta(0), timedelta(hours=600)),
    retry_after=st.none() | st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6)),
    jitter=st.floats(0, 1),
)
def test_within_the_horizon_there_is_always_a_next_attempt_and_never_later_than_its_ceiling(
    policy: RetryPolicy,
    kind: FailureKind | None,
    attempts: int,
    tried_for: timedelta,
    retry_after: timedelta | None,
    jitter: float,
) -> None:
    at = next_attempt_at(
        policy,
        attempt_count=attempts,
        first_attempt_at=NOW - tried_for,
        retry_after=retry_after,
        now=NOW,
        jitter=jitter,
        kind=kind,
    )
    if tried_for >= policy.horizon:
        assert at is None
    elif retry_after is None:
        assert at is not None
        assert timedelta(0) <= at - NOW <= policy.of(kind).ceiling
    else:
        assert at is not None
        assert RETRY_AFTER_FLOOR <= at - NOW <= RETRY_AFTER_CEILING
        assert at - NOW in {retry_after, RETRY_AFTER_FLOOR, RETRY_AFTER_CEILING}


@given(POLICIES, st.sampled_from(FailureKind), st.integers(0, 100), st.floats(0, 1))
def test_patience_never_shrinks_with_the_attempts(
    policy: RetryPolicy, kind: FailureKind, attempts: int, jitter: float
) -> None:
    patience = policy.of(kind)
    assert patience.wait(attempts, jitter) <= patience.wait(attempts + 1, jitter)


def test_a_governed_value_says_what_kind_of_failure_is_tried_again_how_soon() -> None:
    value = {"horizon_hours": 80, "patience": {"not_sent": {"base_seconds": 2, "ceiling_seconds": 30}}}
    policy = policy_of(value)
    assert policy.horizon == timedelta(hours=80)
    assert policy.of(FailureKind.NOT_SENT) == Patience(timedelta(seconds=2), timedelta(seconds=30))
    assert policy.of(FailureKind.TRANSIENT) == policy.of(None) == Patience()


RULE = {"times": 2, "within_hours": 4, "base_seconds": 60, "ceiling_seconds": 600}


def by_rule(attempts: int, first_attempt_at: datetime = LATELY) -> timedelta | None:
    """Return how long one waits after so many attempts, by a rule of the code."""
    policy = policy_of({"horizon_hours": 76, "patience": {}, "codes": {"tax_refused": RULE}})
    at = next_attempt_at(
        policy,
        attempt_count=attempts,
        first_attempt_at=first_attempt_at,
        retry_after=None,
        now=NOW,
        jitter=1.0,
        kind=FailureKind.REJECTED,
        code="tax_refused",
    )
    return None if at is None else at - NOW


def test_a_code_with_a_rule_is_tried_so_often_and_then_left_to_a_person() -> None:
    assert [by_rule(attempts) for attempts in (1, 2, 3)] == [timedelta(minutes=2), timedelta(minutes=4), None]


def test_a_rule_ends_with_its_time() -> None:
    assert by_rule(1, NOW - timedelta(hours=3, minutes=59)) is not None
    assert by_rule(1, NOW - timedelta(hours=4)) is None
