"""Faults on the way through an ASGI app: each kind is one short play on the same stage."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.twins.answers import answer, json_object
from connectors.twins.fault_pages import body_of, headers_of, status_of
from connectors.twins.faults import FaultScript, Kind, Moment, Rule
from connectors.twins.gate import ADMIN
from connectors.twins.wires import reset, wire_of


class FaultMiddleware:
    """ASGI middleware that lets the script strike; the admin paths stand outside."""

    def __init__(self, app: ASGIApp, script: FaultScript) -> None:
        self._app = app
        self._script = script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or let a fault strike it."""
        if scope["type"] != "http" or scope["path"].startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        rule = self._script.next_fault(scope["method"], scope["path"])
        if rule is None:
            await self._app(scope, receive, send)
        else:
            await _PLAYS[rule.kind](Stage(self._app, scope, receive, send, await _body(rule, receive)), rule)


class Stage:
    """A request that was read, the app that would answer it, and the wire back."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        self._app = app
        self.scope = scope
        self._receive = receive
        self.send = send
        self._body = body

    async def carried_out(self) -> list[Message]:
        """Let the app do its work and return its answer, untold."""
        answered: list[Message] = []
        unread = [{"type": "http.request", "body": self._body, "more_body": False}]

        async def receive() -> Message:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def keep(message: Message) -> None:
            answered.append(message)

        await self._app(self.scope, receive, keep)
        return answered

    async def carried_out_by(self, moment: Moment) -> None:
        """Let the app do its work if the fault comes after it."""
        if moment is Moment.AFTER:
            await self.carried_out()

    async def tell(self, answered: list[Message]) -> None:
        """Send an answer."""
        for message in answered:
            await self.send(message)

    async def gone(self, seconds: float | None = None) -> None:
        """Wait until the client has gone, or for some seconds."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return


def fault_routes(script: FaultScript) -> list[Route]:
    """Return the admin path on which the script is read and set."""

    async def endpoint(request: Request) -> Response:
        if request.method == "DELETE":
            script.replace(())
        elif request.method == "PUT":
            wanted = _Script.model_validate(await json_object(request))
            script.replace(wanted.rules, seed=wanted.seed)
        rules = [rule.model_dump(mode="json") for rule in script.rules]
        return answer({"seed": script.seed, "rules": rules, "struck": script.struck})

    return [Route("/twin/faults", endpoint, methods=["GET", "PUT", "DELETE"])]


class _Script(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    rules: list[Rule] = []


async def _body(rule: Rule, receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = rule.kind is not Kind.REFUSE
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _swallow(stage: Stage, rule: Rule) -> None:
    await stage.carried_out_by(rule.moment)
    await stage.gone(rule.seconds)
    wire_of(stage.scope).close()
    await stage.gone()


async def _reset(stage: Stage, rule: Rule) -> None:
    await stage.carried_out_by(rule.moment)
    reset(wire_of(stage.scope))
    await stage.gone()


async def _refuse(stage: Stage, _: Rule) -> None:
    reset(wire_of(stage.scope))
    await stage.gone()


async def _close(stage: Stage, rule: Rule) -> None:
    await stage.carried_out_by(rule.moment)
    wire_of(stage.scope).close()
    await stage.gone()


async def _truncate(stage: Stage, _: Rule) -> None:
    start, *bodies = await stage.carried_out()
    content = b"".join(message.get("body", b"") for message in bodies)
    await stage.send(start)
    await stage.send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    wire_of(stage.scope).close()
    await stage.gone()


async def _invent(stage: Stage, rule: Rule) -> None:
    await stage.carried_out_by(rule.moment)
    headers = {**headers_of(rule), "content-length": str(len(body_of(rule)))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await stage.send({"type": "http.response.start", "status": status_of(rule), "headers": raw})
    await stage.send({"type": "http.response.body", "body": body_of(rule)})


async def _too_many(stage: Stage, rule: Rule) -> None:
    await _invent(stage, rule.model_copy(update={"moment": Moment.BEFORE}))


async def _drip(stage: Stage, rule: Rule) -> None:
    start, *bodies = await stage.carried_out()
    await stage.send(start)
    for byte in b"".join(message.get("body", b"") for message in bodies):
        await stage.send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await asyncio.sleep(rule.seconds)
    await stage.send({"type": "http.response.body", "body": b""})


async def _latency(stage: Stage, rule: Rule) -> None:
    if rule.moment is Moment.BEFORE:
        await asyncio.sleep(rule.seconds)
    answered = await stage.carried_out()
    if rule.moment is Moment.AFTER:
        await asyncio.sleep(rule.seconds)
    await stage.tell(answered)


async def _duplicate(stage: Stage, _: Rule) -> None:
    first = await stage.carried_out()
    await stage.carried_out()
    await stage.tell(first)


async def _conflict(stage: Stage, _: Rule) -> None:
    start, *bodies = await stage.carried_out()
    await stage.tell([{**start, "status": 409}, *bodies])


_PLAYS: Final[Mapping[Kind, Callable[[Stage, Rule], Awaitable[None]]]] = MappingProxyType(
    {
        Kind.SWALLOW: _swallow,
        Kind.RESET: _reset,
        Kind.CLOSE: _close,
        Kind.TRUNCATE: _truncate,
        Kind.GARBAGE: _invent,
        Kind.HTML: _invent,
        Kind.STATUS: _invent,
        Kind.DRIP: _drip,
        Kind.LATENCY: _latency,
        Kind.DUPLICATE: _duplicate,
        Kind.TOO_MANY: _too_many,
        Kind.CONFLICT: _conflict,
        Kind.REFUSE: _refuse,
    },
)
