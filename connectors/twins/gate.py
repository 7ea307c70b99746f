"""The gate in front of a twin: how slow it is and how many requests a second it lets through."""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.twins.answers import refusal

ADMIN: Final = "/twin/"


class Pace(BaseModel):
    """How slow a twin answers and how much it takes; the admin paths stand outside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency_seconds: float = Field(default=0.0, ge=0, le=600)
    requests_per_second: float | None = Field(default=None, gt=0)
    burst: int = Field(default=10, ge=1)
    retry_after: str | None = None
    """The header as sent; `http-date` writes the moment instead of seconds, None the true wait."""


class Bucket:
    """A token bucket: `burst` requests at once, then `requests_per_second`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._tokens: float | None = None
        self._seen_at = monotonic()

    def wait_for(self, pace: Pace) -> float:
        """Take one token; return 0, or the seconds until there is one."""
        if pace.requests_per_second is None:
            return 0.0
        now = self._monotonic()
        before = float(pace.burst) if self._tokens is None else self._tokens
        filled = min(float(pace.burst), before + (now - self._seen_at) * pace.requests_per_second)
        self._seen_at = now
        self._tokens = filled - 1 if filled >= 1 else filled
        return 0.0 if filled >= 1 else (1 - filled) / pace.requests_per_second


class Gate:
    """ASGI middleware that delays and limits by the pace of the moment."""

    def __init__(self, app: ASGIApp, pace: Callable[[], Pace]) -> None:
        self._app = app
        self._pace = pace
        self._bucket = Bucket()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through after its wait, or answer 429."""
        if scope["type"] != "http" or scope["path"].startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        pace = self._pace()
        wait = self._bucket.wait_for(pace)
        if wait:
            await too_many(retry_after(pace.retry_after, wait))(scope, receive, send)
            return
        if pace.latency_seconds:
            await asyncio.sleep(pace.latency_seconds)
        await self._app(scope, receive, send)


def too_many(header: str) -> ASGIApp:
    """Return the answer to a request above the limit."""
    return refusal(429, "rate_limited", "Too many requests", {"Retry-After": header})


def retry_after(wanted: str | None, wait: float) -> str:
    """Return the text of a Retry-After header."""
    if wanted == "http-date":
        moment = datetime.now(UTC) + timedelta(seconds=math.ceil(wait))
        return format_datetime(moment, usegmt=True)
    return wanted if wanted is not None else str(math.ceil(wait))
