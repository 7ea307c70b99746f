"""Whether somebody is there: a team's hours, a person's absence, and who stands in for whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from control_plane.domain.calendar import Calendar

LONGEST: Final = timedelta(days=366)
"""How long an absence or a delegation lasts at most: what is meant for ever is a change of roles."""


class NoPeriodError(ValueError):
    """It begins after its end, ends in the past, or lasts longer than a year."""


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment until before another one."""

    starts_at: datetime
    ends_at: datetime

    def includes(self, moment: datetime) -> bool:
        """Return whether the moment falls into it."""
        return self.starts_at <= moment < self.ends_at


def period(starts_at: datetime, ends_at: datetime, *, now: datetime) -> Period:
    """Return a period that can still be decided.

    Raises:
        NoPeriodError: it begins after its end, ends in the past, or lasts longer than a year.
    """
    if not max(starts_at, now) < ends_at <= starts_at + LONGEST:
        raise NoPeriodError(f"{starts_at.isoformat()} to {ends_at.isoformat()}")
    return Period(starts_at, ends_at)


def ends_of(periods: Iterable[Period], moment: datetime) -> datetime | None:
    """Return when the last of the periods ends that include the moment; None: none does."""
    return max((one.ends_at for one in periods if one.includes(moment)), default=None)


def deadline(calendar: Calendar | None, now: datetime, within: timedelta) -> datetime:
    """Return when so much working time has passed; without a calendar every hour counts."""
    return now + within if calendar is None else calendar.add(now, within)


def calendar_of(hours: dict[str, Any]) -> Calendar:  # governed JSON values
    """Return the calendar of a team's hours: `time_zone`, `country`, `opens` and `closes`, each with a default.

    Raises:
        ValueError: one of them cannot be read, or it never opens.
    """
    try:
        zone = ZoneInfo(str(hours.get("time_zone", "UTC"))).key
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{hours.get('time_zone')} is no time zone") from error
    opens, closes = (time.fromisoformat(str(hours.get(name, default))) for name, default in _HOURS.items())
    if opens >= closes:
        raise ValueError(f"a team that opens at {opens} does not close at {closes}")
    return Calendar(zone, str(hours.get("country", "")), opens, closes)


_HOURS: Final = {"opens": "09:00", "closes": "17:00"}
HOURS_KEYS: Final = frozenset({"time_zone", "country", *_HOURS})
