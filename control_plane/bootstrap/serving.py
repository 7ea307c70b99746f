"""How an app is served: a port that is ours or a clear word, and an end when the process is told to stop."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_BACKLOG: Final = 128
"""Connections that wait to be accepted; as often asyncio tries and logs in a row when no descriptor is free."""
_GRACE: Final = 5
"""Seconds that open requests get at the end."""
HEAD_LIMIT: Final = 64 * 2**10
"""Bytes of a request's line and headers, and of what follows a body."""
_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class PortTakenError(Exception):
    """Another process listens on the port."""


class _Bounded(HttpToolsProtocol):
    """Reads requests, and ends a connection whose head has no end: the parser would keep all of it."""

    _since_progress = 0
    """Bytes since the last head was complete or the last piece of a body came."""

    def data_received(self, data: bytes) -> None:
        self._since_progress += len(data)
        super().data_received(data)
        if self._since_progress > HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._since_progress = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._since_progress = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._since_progress = 0
        super().on_message_complete()


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 chooses one.

    Raises:
        PortTakenError: another process listens there, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wire = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        wire.bind((host, port))
        wire.listen(_BACKLOG)
    except OSError as error:
        wire.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be opened on {host} ({error.strerror})"
        raise PortTakenError(f"Port {port} {why}; choose another with --port, or 0 for any") from error
    return wire


def address_of(wire: socket.socket) -> str:
    """Return the address at which people find a listening socket."""
    host, port = wire.getsockname()[:2]
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (compared, not bound)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


async def serve(app: ASGIApp, wire: socket.socket, stop: asyncio.Event) -> None:
    """Serve until told to stop; open requests are answered first."""
    config = uvicorn.Config(
        app,
        http=_Bounded,
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[wire]), name="serve")
    await asyncio.wait({serving, asyncio.ensure_future(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
