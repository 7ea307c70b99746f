from datetime import UTC, datetime, timedelta

import pytest

from control_plane.domain.working_hours import LONGEST, NoPeriodError, Period, calendar_of, deadline, period

NOW = datetime(2026, 10, 16, 15, tzinfo=UTC)
"""A Friday afternoon."""
DAY = timedelta(days=1)


def test_a_period_begins_and_ends() -> None:
    away = period(NOW, NOW + DAY, now=NOW)
    assert away.includes(NOW)
    assert not away.includes(NOW + DAY)
    assert not away.includes(NOW - DAY)
    assert period(NOW - DAY, NOW + DAY, now=NOW) == Period(NOW - DAY, NOW + DAY)


@pytest.mark.parametrize(
    ("starts_at", "ends_at"), [(NOW, NOW), (NOW - 2 * DAY, NOW - DAY), (NOW + DAY, NOW), (NOW, NOW + LONGEST + DAY)]
)
def test_a_period_that_is_over_or_endless_is_none(starts_at: datetime, ends_at: datetime) -> None:
    with pytest.raises(NoPeriodError):
        period(starts_at, ends_at, now=NOW)


def test_only_working_time_counts_where_there_are_hours() -> None:
    berlin = calendar_of({"time_zone": "Europe/Berlin", "opens": "08:00", "closes": "18:00"})
    assert deadline(berlin, NOW, timedelta(hours=4)) == datetime(2026, 10, 19, 9, tzinfo=UTC)
    assert deadline(None, NOW, timedelta(hours=4)) == NOW + timedelta(hours=4)


def test_hours_have_defaults() -> None:
    plain = calendar_of({})
    assert (plain.time_zone, plain.opens.hour, plain.closes.hour) == ("UTC", 9, 17)
