"""When a document that was not taken is tried again: data per kind and code of failure, decided by pure functions."""

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
class AutoRetry:
    """What is tried again by itself for one failure code, before a person looks after it."""

    times: int
    """Tries after the first one."""
    within: timedelta
    """Counted from the first attempt; afterwards it is a person's."""
    patience: Patience

    def gives_up(self, attempt_count: int, first_attempt_at: datetime, *, now: datetime) -> bool:
        """Return whether a person is next."""
        return attempt_count > self.times or now >= first_attempt_at + self.within


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Patience for each kind of failure, within a horizon that counts from the first attempt."""

    horizon: timedelta = timedelta(hours=76)
    patience: Mapping[FailureKind, Patience] = field(default_factory=dict)
    otherwise: Patience = field(default_factory=Patience)
    codes: Mapping[str, AutoRetry] = field(default_factory=dict)
    """By failure code; where a code has its rule, its kind decides nothing."""

    def of(self, kind: FailureKind | None, code: str = "") -> Patience:
        """Return the patience with failures of a code, else of a kind."""
        if code in self.codes:
            return self.codes[code].patience
        return self.otherwise if kind is None else self.patience.get(kind, self.otherwise)

    def gives_up(self, code: str, attempt_count: int, first_attempt_at: datetime, *, now: datetime) -> bool:
        """Return whether it is not tried again: past the horizon, or past what the rule of its code allows."""
        rule = self.codes.get(code)
        is_past_rule = rule is not None and rule.gives_up(attempt_count, first_attempt_at, now=now)
        return is_past_rule or now >= first_attempt_at + self.horizon


def policy_of(value: Mapping[str, Any]) -> RetryPolicy:  # a flow's governed JSON value `retry`
    """Return a flow's policy value as the policy that it means; kinds that it does not name keep the default."""
    return RetryPolicy(
        horizon=timedelta(hours=value["horizon_hours"]),
        patience={FailureKind(kind): _patience(one) for kind, one in value["patience"].items()},
        codes={code: _rule(one) for code, one in value.get("codes", {}).items()},
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
    code: str = "",
) -> datetime | None:
    """Return the moment of the next attempt, or None once the horizon, or what the rule of its code allows, is past.

    Without a word of the other side the patience with this code or kind of failure decides. `retry_after` is honored,
    clamped to 1 s .. 1 h.
    """
    if policy.gives_up(code, attempt_count, first_attempt_at, now=now):
        return None
    if retry_after is not None:
        return now + min(max(retry_after, RETRY_AFTER_FLOOR), RETRY_AFTER_CEILING)
    return now + policy.of(kind, code).wait(attempt_count, jitter)


def _rule(value: Mapping[str, Any]) -> AutoRetry:  # JSON numbers
    return AutoRetry(value["times"], timedelta(hours=value["within_hours"]), _patience(value))


def _patience(value: Mapping[str, Any]) -> Patience:  # JSON numbers
    return Patience(timedelta(seconds=value["base_seconds"]), timedelta(seconds=value["ceiling_seconds"]))
