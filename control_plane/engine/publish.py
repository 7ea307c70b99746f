"""Publish: alerts are told to webhooks, signed, until they are taken or have become pointless."""

import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from sqlmodel import Session
from standardwebhooks import Webhook as Signature

from connectors.exchange import Exchange, Lost, NotSent, Reply, failure_of_status
from connectors.http import HttpClient
from control_plane.domain.access import EVERYWHERE
from control_plane.domain.endpoint import Endpoint, UnsafeEndpointError, endpoint, is_reachable
from control_plane.domain.identity import public_id
from control_plane.domain.retry import Patience, RetryPolicy, next_attempt_at
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.warn import Alert, Look, alerts
from control_plane.store import webhooks
from control_plane.store.queries.sums import together
from control_plane.store.tables import WebhookDeliveryRow
from control_plane.store.webhooks import Telling

LOG: Final = logging.getLogger(__name__)

DEADLINE: Final = timedelta(seconds=15)
ANSWER_LIMIT: Final = 64 * 1024
PATIENCE: Final = RetryPolicy(
    horizon=timedelta(hours=24), otherwise=Patience(base=timedelta(seconds=5), ceiling=timedelta(hours=1))
)
_TAKEN_FOR: Final = timedelta(minutes=1)
_BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint that is told of alerts."""

    name: str
    url: str
    secret: str = field(repr=False)
    """`whsec_` and the base64 of 24 to 64 bytes."""
    allows_loopback: bool = False
    """Only for trying things out on one machine."""

    @property
    def endpoint(self) -> Endpoint:
        """Return where it is told.

        Raises:
            UnsafeEndpointError: the URL leads inside.
        """
        return endpoint(self.url, allows_loopback=self.allows_loopback)


class Publisher:
    """A pass of the worker: looks for alerts every few seconds and tells what is due."""

    __name__ = "publish"

    def __init__(
        self,
        hooks: Sequence[Webhook],
        *,
        screen_url: str = "",
        look_every: timedelta = timedelta(seconds=5),
        silent_after: timedelta = timedelta(seconds=45),
    ) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._screen_url = screen_url
        self._look_every = look_every
        self._silent_after = silent_after
        self._look_at: datetime | None = None

    async def __call__(self, parts: Parts) -> int:
        """Tell what is due; return how much it was."""
        now = parts.runtime.now()
        if self._hooks and (self._look_at is None or now >= self._look_at):
            self._look_at = now + self._look_every
            await self._look(parts, now)
        if not self._hooks or not await parts.read(lambda session: webhooks.has_due(session, now=now)):
            return 0
        return await self._tell(parts)

    async def _look(self, parts: Parts, now: datetime) -> None:
        def look(session: Session) -> list[Telling]:
            found = alerts(Look(session, EVERYWHERE, now, self._silent_after))
            return [telling for name in self._hooks for telling in self._news(session, name, found, now)]

        news = await parts.read(look)
        if news:
            await parts.write(lambda unit: webhooks.add(unit.session, unit.ids, news, now=now))

    def _news(self, session: Session, name: str, found: Sequence[Alert], now: datetime) -> Iterator[Telling]:
        told = webhooks.standing(session, name)
        current = {alert.key: alert for alert in found}
        for key, alert in current.items():
            if key not in told:
                yield Telling(name, webhooks.raised_key(key, now=now), _raised(alert, self._screen_url, now))
        for key, since in told.items():
            if key not in current:
                yield Telling(name, webhooks.resolved_key(since), _resolved(key, now))

    async def _tell(self, parts: Parts) -> int:
        def take(unit: Unit) -> list[WebhookDeliveryRow]:
            return webhooks.take(unit.session, now=unit.now, until=unit.now + _TAKEN_FOR, limit=_BATCH)

        taken = await parts.write(take)
        for row in taken:
            exchange = await self._send(row, parts.runtime.now())
            await parts.write(partial(_note, row, exchange, parts.runtime.random()))
        return len(taken)

    async def _send(self, row: WebhookDeliveryRow, now: datetime) -> Exchange:
        hook = self._hooks.get(row.endpoint)
        if hook is None:
            return Reply(HTTPStatus.GONE, {}, b"", "the webhook is no longer configured")
        try:
            where = hook.endpoint
        except UnsafeEndpointError as error:
            return Reply(HTTPStatus.GONE, {}, b"", str(error))
        resolver = PublicResolver(allows_loopback=hook.allows_loopback)
        client = HttpClient(
            where.origin, secrets=(hook.secret,), connections=1, response_limit=ANSWER_LIMIT, resolver=resolver
        )
        async with client:
            return await client.post(where.path, row.body, deadline=DEADLINE, headers=signed(hook, row, now))


class PublicResolver(AbstractResolver):
    """Resolves names once, to addresses that we may connect to; what is checked is what is connected to."""

    def __init__(self, *, allows_loopback: bool) -> None:
        self._inner = ThreadedResolver()
        self._allows_loopback = allows_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the host's addresses.

        Raises:
            OSError: it has none, or one of them leads inside.
        """
        found = await self._inner.resolve(host, port, family)
        if not all(is_reachable(one["host"], allows_loopback=self._allows_loopback) for one in found):
            raise OSError(f"{host} leads inside")
        return found

    async def close(self) -> None:
        """Release what it holds."""
        await self._inner.close()


def signed(hook: Webhook, row: WebhookDeliveryRow, now: datetime) -> Mapping[str, str]:
    """Return the headers by which the receiver knows that we said it (Standard Webhooks)."""
    number = public_id("msg", row.id)
    signature = Signature(hook.secret).sign(number, now, row.body.decode())
    return {
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _note(row: WebhookDeliveryRow, exchange: Exchange, jitter: float, unit: Unit) -> None:
    match exchange:
        case Reply(status=status) if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            webhooks.delivered(unit.session, row, now=unit.now)
        case Reply(status=HTTPStatus.GONE, excerpt=excerpt):
            webhooks.failed(unit.session, row, f"gone {excerpt}", again_at=None, now=unit.now)
        case Reply(status=status) as reply:
            failure = failure_of_status(reply)
            waits = failure.retry_after_seconds if failure else None
            _again(unit, row, f"answered {status}", timedelta(seconds=waits) if waits else None, jitter)
        case NotSent(cause=cause) | Lost(cause=cause):
            _again(unit, row, cause, None, jitter)


def _again(unit: Unit, row: WebhookDeliveryRow, why: str, wait: timedelta | None, jitter: float) -> None:
    at = next_attempt_at(
        PATIENCE,
        attempt_count=row.attempt_count,
        first_attempt_at=row.created_at,
        retry_after=wait,
        now=unit.now,
        jitter=jitter,
    )
    LOG.warning("webhook not delivered", extra={"endpoint": row.endpoint, "attempt": row.attempt_count})
    webhooks.failed(unit.session, row, why, again_at=at, now=unit.now)


def _raised(alert: Alert, screen_url: str, now: datetime) -> bytes:
    return _event("alert.raised.v1", now, told(alert, screen_url))


def _resolved(key: str, now: datetime) -> bytes:
    return _event("alert.resolved.v1", now, {"key": key})


def told(alert: Alert, screen_url: str) -> dict[str, Any]:  # JSON values
    """Return an alert as its receivers read it."""
    return {
        "key": alert.key,
        "name": alert.name,
        "severity": alert.severity.value,
        "sentence": alert.sentence,
        "owner": alert.owner,
        "flow": alert.flow,
        "legal_entity_id": alert.legal_entity_id,
        "connection": alert.connection,
        "since": None if alert.since is None else alert.since.isoformat(),
        "link": alert.link(screen_url),
        "amounts": [
            {"count": one.count, "minor": one.minor, "currency": one.currency, "group_minor": one.group_minor}
            for one in together(alert.sums)
        ],
    }


def _event(kind: str, now: datetime, data: Mapping[str, Any]) -> bytes:  # JSON values
    return orjson.dumps({"type": kind, "timestamp": now.isoformat(), "data": dict(data)})
