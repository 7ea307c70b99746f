"""When a document that was not taken is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

RETRY_AFTER_FLOOR: Final = timedelta(seconds=1)
RETRY_AFTER_CEILING: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Patience, as data: exponential growth with full jitter up to a ceiling, within a horizon."""

    base: timedelta = timedelta(seconds=1)
    ceiling: timedelta = timedelta(minutes=15)
    horizon: timedelta = timedelta(hours=76)


def next_attempt_at(
    policy: RetryPolicy,
    *,
    attempt_count: int,
    first_attempt_at: datetime,
    retry_after: timedelta | None,
    now: datetime,
    jitter: float,
) -> datetime | None:
    """Return the moment of the next attempt, or None once the horizon is past.

    Without a word of the other side: full jitter, `jitter * min(ceiling, base * 2^attempts)`. `retry_after` is
    honored, clamped to 1 s .. 1 h.
    """
    if now >= first_attempt_at + policy.horizon:
        return None
    if retry_after is not None:
        return now + min(max(retry_after, RETRY_AFTER_FLOOR), RETRY_AFTER_CEILING)
    growth = policy.base * (1 << min(attempt_count, 30))
    return now + jitter * min(policy.ceiling, growth)
