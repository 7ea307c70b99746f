"""How often a system lets itself be called: as it is declared, and as the system's answers say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

SHORTEST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 3600.0
"""What another system says of time is taken within these bounds."""

_SHORT_WINDOW: Final = 60.0
"""Seconds. What is left of a short window is spread over it; a longer one is only minded when it runs low."""
_RUNS_LOW: Final = 0.1
_EPOCH_BEGINS: Final = 1_000_000_000.0
"""A reset beyond this is a moment, in seconds since 1970, and no duration."""
_NUMBER: Final = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(?![0-9.])"


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a system may be called."""

    calls_per_second: float | None = None
    """None: as often as the calls in flight allow."""
    burst: int = 1
    """How many calls may leave at once after a pause."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one answer's headers leave us."""

    calls_per_second: float
    """0: none until the window ends."""
    seconds: float
    """For so long this holds: until the window ends."""


def allowance_of(headers: Mapping[str, str]) -> Allowance | None:
    """Return how fast the calls that are left may be spent; None where the headers say nothing that binds us.

    Read are `RateLimit` with `RateLimit-Policy` (r, t and q, w), its older forms with limit, remaining and reset, and
    `X-RateLimit-*`, whose reset may be a moment: it is read against the answer's own Date.
    """
    if not any("ratelimit" in name for name in headers):
        return None
    remaining, seconds = _number(headers, "remaining", "r"), _reset(headers)
    if remaining is None or seconds is None:
        return None
    limit = _number(headers, "limit", "q")
    runs_low = remaining <= _RUNS_LOW * (limit or 0)
    if remaining and seconds > _SHORT_WINDOW and not runs_low:
        return None
    held = min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
    return Allowance(remaining / held, held)


def _number(headers: Mapping[str, str], name: str, letter: str) -> float | None:
    """Return a figure by its name; the newest form of the header wins."""
    structured = f"{headers.get('ratelimit', '')};{headers.get('ratelimit-policy', '')}"
    found = re.search(rf"(?:^|[;,\s])(?:{letter}|{name})\s*=\s*{_NUMBER}", structured)
    if found is not None:
        return float(found[1])
    plain = (headers.get(f"{start}ratelimit-{name}", "") for start in ("", "x-"))
    return next((float(text) for text in plain if re.fullmatch(_NUMBER, text.strip())), None)


def _reset(headers: Mapping[str, str]) -> float | None:
    seconds = _number(headers, "reset", "t")
    if seconds is None or seconds < _EPOCH_BEGINS:
        return seconds
    try:
        return seconds - parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return None
