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

_BACKLOG: Final = 128
"""Connections that wait to be accepted; as often asyncio tries and logs in a row when no descriptor is free."""
_GRACE: Final = 5
"""Seconds that open requests get at the end."""


class PortTakenError(Exception):
    """Another process listens on the port."""


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
