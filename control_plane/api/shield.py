"""The outermost ring of the API: a request id, a limit for bodies, and an answer whatever happens inside."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.api.problem_json import ProblemError, problem_response, unhandled

LOG: Final = logging.getLogger(__name__)

REQUEST_ID: Final = "tieout.request_id"
_HEADERS: Final = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_PRIVATE: Final = "/v1"


class BodyTooLargeError(Exception):
    """More bytes came than are allowed."""


class Shield:
    """Answers for an ASGI app where the app itself cannot; what it raises never reaches the server."""

    def __init__(self, app: ASGIApp, *, body_limit: int, draw_request_id: Callable[[], str]) -> None:
        self._app = app
        self._body_limit = body_limit
        self._draw_request_id = draw_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Guarded(scope, receive, send, self._body_limit, self._draw_request_id())
        try:
            request.check_announced()
            await self._app(scope, request.receive, request.send)
        except BodyTooLargeError:
            await request.refuse(_too_large(self._body_limit))
        except Exception:
            LOG.exception("request failed", extra={"request_id": request.id, "path": scope["path"]})
            await request.refuse(unhandled())


class _Guarded:
    def __init__(  # an ASGI call with its limit and its name
        self, scope: Scope, receive: Receive, send: Send, limit: int, request_id: str
    ) -> None:
        self.id = request_id
        self._scope, self._receive, self._send = scope, receive, send
        self._limit, self._received = limit, 0
        self._has_started = False
        scope[REQUEST_ID] = request_id

    def check_announced(self) -> None:
        announced = Headers(scope=self._scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > self._limit:
            raise BodyTooLargeError

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_started = True
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._scope["path"].startswith(_PRIVATE):
                headers.setdefault("cache-control", "no-store")
        await self._send(message)

    async def refuse(self, error: ProblemError) -> None:
        """Answer in the app's place; an answer that has begun can only be cut off."""
        if not self._has_started:
            await problem_response(self.id, self._scope["path"], error)(self._scope, self._receive, self.send)


def _too_large(limit: int) -> ProblemError:
    detail = f"A body may have {limit} bytes."
    headers = {"connection": "close"}
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail, headers=headers)
