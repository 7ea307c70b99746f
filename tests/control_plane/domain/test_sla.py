from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from control_plane.domain.calendar import Calendar
from control_plane.domain.sla import (
    Promise,
    SlaStatus,
    SlaTarget,
    Standing,
    moved_on,
    promise,
    settled,
    standing,
    target_of,
)

BERLIN = Calendar("Europe/Berlin", "DE")


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


MADE = promise(SlaTarget(), BERLIN, started_at=utc(15, 11))  # Thursday, 13:00 in Berlin


def test_eight_business_hours_from_noon_end_at_noon_of_the_next_day() -> None:
    assert Promise(at_risk_at=utc(16, 9), due_at=utc(16, 11)) == MADE


def test_a_promise_over_the_change_of_the_clocks_keeps_local_hours() -> None:
    made = promise(SlaTarget(), BERLIN, started_at=utc(23, 11))
    assert made.due_at == utc(26, 12)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (utc(15, 11), Standing(SlaStatus.ON_TIME, utc(16, 9))),
        (utc(16, 8, 59), Standing(SlaStatus.ON_TIME, utc(16, 9))),
        (utc(16, 9), Standing(SlaStatus.AT_RISK, utc(16, 11))),
        (utc(16, 10, 59), Standing(SlaStatus.AT_RISK, utc(16, 11))),
        (utc(16, 11), Standing(SlaStatus.BREACHED, None)),
        (utc(30, 0), Standing(SlaStatus.BREACHED, None)),
    ],
)
def test_a_status_says_when_it_changes_next(now: datetime, expected: Standing) -> None:
    assert standing(MADE, now=now) == expected


def test_moving_on_at_each_change_gives_the_same_as_asking_afresh() -> None:
    now, seen = utc(15, 11), [standing(MADE, now=utc(15, 11))]
    while (next_at := seen[-1].next_at) is not None:
        assert next_at > now
        now = next_at
        seen.append(moved_on(MADE.due_at, now=now))
        assert seen[-1] == standing(MADE, now=now)
    assert [one.status for one in seen] == list(SlaStatus)


def test_arriving_at_the_last_moment_is_on_time() -> None:
    assert settled(MADE.due_at, arrived_at=MADE.due_at) == Standing(SlaStatus.ON_TIME, None)
    late = MADE.due_at + timedelta(microseconds=1)
    assert settled(MADE.due_at, arrived_at=late) == Standing(SlaStatus.BREACHED, None)


def test_a_target_is_read_from_its_policy() -> None:
    target = target_of({"business_hours": 0.5, "at_risk_after": "2/3"})
    assert (target.within, target.at_risk_after) == (timedelta(minutes=30), Fraction(2, 3))
    made = promise(target, BERLIN, started_at=utc(15, 11))
    assert (made.at_risk_at, made.due_at) == (utc(15, 11, 20), utc(15, 11, 30))
