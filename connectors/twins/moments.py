"""Moments as the twins write them: UTC with microseconds, so that they sort as text."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the moment by the machine's clock."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Return a moment as text of a fixed width."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """Return the moment that a text names. Raises ValueError: it names none."""
    at = datetime.fromisoformat(text.replace(" ", "+"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
