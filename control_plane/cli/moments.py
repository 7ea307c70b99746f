"""Moments as people type them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_FROM_NOW: Final = re.compile(r"([+-]\d{1,4})([hd])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def moment_of(text: str, *, now: datetime) -> datetime:
    """Return the moment that a person means; without an offset it is in UTC.

    Raises:
        typer.BadParameter: it is none.
    """
    from_now = _FROM_NOW.fullmatch(text)
    if from_now is not None:
        return now + int(from_now[1]) * _UNITS[from_now[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no moment such as 2026-11-30T08:00, +2d or -8h") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
