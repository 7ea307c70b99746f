"""The wire under a request, so that a fault can cut it."""

import asyncio
import socket
import struct
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION: Final = "twins.wire"
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class NoWireError(RuntimeError):
    """A fault of the wire was asked for where there is none: the app is called in process."""


class WiredProtocol(H11Protocol):
    """uvicorn's HTTP protocol, handing the connection to the app."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the connection and let every request on it carry it along."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - uvicorn serves streams only
        super().connection_made(transport)
        self.app = _wired(self.app, transport)


def _wired(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def wired(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**(scope.get("extensions") or {}), _EXTENSION: {"transport": transport}}
        await app({**scope, "extensions": extensions}, receive, send)

    return wired


def wire_of(scope: Scope) -> asyncio.Transport:
    """Return the connection that a request came on. Raises NoWireError: it came on none."""
    extension = (scope.get("extensions") or {}).get(_EXTENSION)
    if extension is None:
        raise NoWireError("This fault needs a server with a real connection")
    transport: asyncio.Transport = extension["transport"]
    return transport


def reset(transport: asyncio.WriteTransport) -> None:
    """Cut a connection with RST."""
    wire: socket.socket | None = transport.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
