from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.domain.calendar import Calendar, NeverOpenError, calendar_of, holidays_of, period_of

BERLIN = Calendar("Europe/Berlin", "DE")
NEW_YORK = Calendar("America/New_York", "US")
HOURS = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-10-15T08:00", 2, "2026-10-15T10:00"),  # within a day: 10:00 to 12:00 in Berlin
        ("2026-10-15T13:00", 4, "2026-10-16T09:00"),  # two hours today, two tomorrow
        ("2026-10-16T14:00", 2, "2026-10-19T08:00"),  # Friday afternoon to Monday morning
        ("2026-10-17T12:00", 1, "2026-10-19T08:00"),  # on a Saturday nothing passes
        ("2026-10-15T03:00", 1, "2026-10-15T08:00"),  # before the doors open
        ("2026-10-15T15:00", 1, "2026-10-16T08:00"),  # at the moment they close
        ("2026-10-15T10:00", 0, "2026-10-15T10:00"),  # no time at all
        ("2026-10-17T10:00", 0, "2026-10-19T07:00"),  # no time at all on a free day: when the doors open
        ("2026-10-02T14:00", 2, "2026-10-05T08:00"),  # German Unity Day is a Saturday in 2026
        ("2026-12-24T15:30", 8, "2026-12-28T15:30"),  # Christmas
        ("2026-12-31T15:00", 2, "2027-01-04T09:00"),  # New Year and a weekend
    ],
)
def test_business_time_passes_in_opening_hours_only(start: str, hours: int, end: str) -> None:
    assert BERLIN.add(utc(start), hours * HOURS) == utc(end)


def test_a_night_that_loses_an_hour_loses_no_business_time() -> None:
    friday = datetime(2026, 3, 27, 16, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert BERLIN.add(friday, 2 * HOURS) == datetime(2026, 3, 30, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert BERLIN.add(friday, 2 * HOURS) == utc("2026-03-30T08:00")


def test_a_night_that_wins_an_hour_wins_no_business_time() -> None:
    friday = datetime(2026, 10, 23, 16, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert BERLIN.add(friday, 2 * HOURS) == utc("2026-10-26T09:00")


def test_opening_hours_around_the_clock_count_the_hours_that_really_pass() -> None:
    always = Calendar("Europe/Berlin", opens=time(0), closes=time.max, weekend=frozenset())
    day_of_23_hours = always.hours_of(date(2026, 3, 29))
    assert timedelta(hours=22, minutes=59) < day_of_23_hours[1] - day_of_23_hours[0] < timedelta(hours=23)


def test_each_country_has_its_own_holidays() -> None:
    thanksgiving = utc("2026-11-26T15:00")
    assert NEW_YORK.add(thanksgiving, HOURS) == utc("2026-11-27T15:00")
    assert BERLIN.add(thanksgiving, HOURS) == utc("2026-11-26T16:00")
    assert not NEW_YORK.is_working(date(2026, 11, 26))
    assert BERLIN.is_working(date(2026, 11, 26))


def test_a_house_may_close_on_days_of_its_own() -> None:
    bridge = Calendar("Europe/Berlin", "DE", closed_days=frozenset({date(2026, 12, 28)}))
    assert bridge.add(utc("2026-12-24T15:30"), HOURS) == utc("2026-12-29T08:30")


def test_an_unknown_country_has_no_holidays() -> None:
    assert holidays_of("", 2026) == holidays_of("XX", 2026) == frozenset()


def test_a_calendar_that_never_opens_is_a_mistake() -> None:
    never = Calendar(opens=time(17), closes=time(9))
    with pytest.raises(NeverOpenError, match="the calendar of UTC has no business hours"):
        never.add(utc("2026-10-15T08:00"), HOURS)


def test_a_day_is_the_day_of_the_place() -> None:
    late = utc("2026-10-31T23:30")
    assert BERLIN.local_date(late) == date(2026, 11, 1)
    assert NEW_YORK.local_date(late) == date(2026, 10, 31)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31)), st.integers(0, 200), st.integers(0, 200))  # noqa: DTZ001
def test_business_time_adds_up_and_never_runs_backwards(start: datetime, first: int, second: int) -> None:
    begin = start.replace(tzinfo=UTC)
    halfway = BERLIN.add(begin, first * HOURS)
    end = BERLIN.add(begin, (first + second) * HOURS)
    assert begin <= halfway <= end
    assert BERLIN.add(halfway, second * HOURS) in {end, BERLIN.add(end, timedelta(0))}


def entity(**attributes: str) -> MasterRecord:
    return MasterRecord(Domain.LEGAL_ENTITY, "1000", "House", active=True, attributes=attributes)


def test_a_legal_entity_brings_its_country_and_its_zone() -> None:
    assert calendar_of(entity(country="CH", time_zone="Europe/Zurich")) == Calendar("Europe/Zurich", "CH")


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "../../etc/passwd", "Europe"])
def test_an_unknown_zone_is_read_as_utc(zone: str) -> None:
    assert calendar_of(entity(time_zone=zone)).time_zone == "UTC"
    assert calendar_of(None) == Calendar()


def test_a_period_is_named_by_its_month() -> None:
    assert period_of(date(2026, 3, 9)) == "2026-03"
