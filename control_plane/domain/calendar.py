"""Local time: business hours, holidays and fiscal periods of a legal entity."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from connectors.canonical.master_data import MasterRecord

SATURDAY: Final = 5
SUNDAY: Final = 6
LONGEST_CLOSURE: Final = 366
"""Days after which a calendar that never opens is a mistake."""


class NeverOpenError(ValueError):
    """The calendar has no business hours within a year."""


@lru_cache(maxsize=512)
def holidays_of(country: str, year: int) -> frozenset[date]:
    """Return a country's public holidays of one year; an unknown or empty country has none."""
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a legal entity works."""

    time_zone: str = "UTC"
    country: str = ""
    """ISO 3166 code whose public holidays are free."""
    opens: time = time(9)
    closes: time = time(17)
    weekend: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    """Weekdays that are free, Monday is 0."""
    closed_days: frozenset[date] = frozenset()
    """Days of the house that are free beside the public ones."""

    def local_date(self, moment: datetime) -> date:
        """Return the day on which a moment falls here."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def is_working(self, day: date) -> bool:
        """Return whether people work on this day."""
        is_free = day.weekday() in self.weekend or day in self.closed_days
        return not is_free and day not in holidays_of(self.country, day.year)

    def hours_of(self, day: date) -> tuple[datetime, datetime]:
        """Return the opening and the closing moment of a day in UTC; both the same on a free day."""
        opening = self._moment(day, self.opens)
        return opening, max(opening, self._moment(day, self.closes)) if self.is_working(day) else opening

    def add(self, start: datetime, business_time: timedelta) -> datetime:
        """Return the moment at which so much business time has passed since the start.

        Raises:
            NeverOpenError: no business hours come within a year.
        """
        left, day, idle = business_time, self.local_date(start), 0
        while idle <= LONGEST_CLOSURE:
            opening, closing = self.hours_of(day)
            begin = max(start, opening)
            available = max(closing - begin, timedelta(0))
            if available >= left and closing > begin:
                return begin + left
            idle = 0 if available else idle + 1
            left, day = left - available, day + timedelta(days=1)
        raise NeverOpenError(f"the calendar of {self.country or self.time_zone} has no business hours after {day}")

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)


def calendar_of(entity: MasterRecord | None) -> Calendar:
    """Return the calendar of a legal entity from the ERP's record of it: its country and its time zone."""
    attributes = entity.attributes if entity else {}
    return Calendar(_zone_or_utc(attributes.get("time_zone", "")), attributes.get("country", ""))


@lru_cache(maxsize=64)
def _zone_or_utc(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def period_of(day: date) -> str:
    """Return the calendar month of a day, `YYYY-MM`: the cohort, and the usual code of a fiscal period."""
    return f"{day.year:04}-{day.month:02}"  # strftime takes ten times as long
