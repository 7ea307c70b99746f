"""When a document that was not taken is tried again: data per kind of failure, decided by a pure function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.failures import FailureKind

RETRY_AFTER_FLOOR: Final = timedelta(seconds=1)
RETRY_AFTER_CEILING: Final = timedelta(hours=1)

_MOST_DOUBLINGS: Final = 30


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one waits: exponential growth with full jitter up to a ceiling."""

    base: timedelta = timedelta(seconds=1)
    ceiling: timedelta = timedelta(minutes=15)

    def wait(self, attempt_count: int, jitter: float) -> timedelta:
        """Return `jitter * min(ceiling, base * 2^attempts)`; jitter is a random number in 0 .. 1."""
        growth = self.base * (1 << min(attempt_count, _MOST_DOUBLINGS))
        return jitter * min(self.ceiling, growth)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Patience for each kind of failure, within a horizon that counts from the first attempt."""

    horizon: timedelta = timedelta(hours=76)
    patience: Mapping[FailureKind, Patience] = field(default_factory=dict)
    otherwise: Patience = field(default_factory=Patience)

    def of(self, kind: FailureKind | None) -> Patience:
        """Return the patience with failures of a kind."""
        return self.otherwise if kind is None else self.patience.get(kind, self.otherwise)


def policy_of(value: Mapping[str, Any]) -> RetryPolicy:  # a flow's governed JSON value `retry`
    """Return a flow's policy value as the policy that it means; kinds that it does not name keep the default."""
    return RetryPolicy(
        horizon=timedelta(hours=value["horizon_hours"]),
        patience={FailureKind(kind): _patience(one) for kind, one in value["patience"].items()},
    )


def next_attempt_at(
    policy: RetryPolicy,
    *,
    attempt_count: int,
    first_attempt_at: datetime,
    retry_after: timedelta | None,
    now: datetime,
    jitter: float,
    kind: FailureKind | None = None,
) -> datetime | None:
    """Return the moment of the next attempt, or None once the horizon is past.

    Without a word of the other side the patience with this kind of failure decides. `retry_after` is honored, clamped
    to 1 s .. 1 h.
    """
    if now >= first_attempt_at + policy.horizon:
        return None
    if retry_after is not None:
        return now + min(max(retry_after, RETRY_AFTER_FLOOR), RETRY_AFTER_CEILING)
    return now + policy.of(kind).wait(attempt_count, jitter)


def _patience(value: Mapping[str, Any]) -> Patience:  # JSON numbers
    return Patience(timedelta(seconds=value["base_seconds"]), timedelta(seconds=value["ceiling_seconds"]))
