"""How a twin is served: one process, one port, one line on stdout when it listens."""

import argparse
import contextlib
import errno
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from connectors.twins.database import IN_MEMORY
from connectors.twins.wires import WiredProtocol

PORT_TAKEN: Final = 2
_BACKLOG: Final = 512


class PortTakenError(OSError):
    """Another process listens on the port."""


def arguments(program: str, description: str, default_port: int) -> argparse.ArgumentParser:
    """Return the options that every twin understands."""
    parser = argparse.ArgumentParser(program, description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=default_port, help="0 chooses one")
    parser.add_argument("--books", type=Path, default=IN_MEMORY, help="the file of its books")
    parser.add_argument("--not-durable", action="store_true", help="faster; a power cut may lose books")
    parser.add_argument("--while-stdin-open", action="store_true", help="end when stdin is closed")
    return parser


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises PortTakenError: another process does."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms
    wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        wire.bind((host, port))
        wire.listen(_BACKLOG)
    except OSError as error:
        wire.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"Port {port} is taken; choose another with --port, or 0 for any") from error
        raise
    return wire


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return a quiet server whose connections a fault can cut."""
    config = uvicorn.Config(
        app,
        http=WiredProtocol,
        ws="none",
        lifespan="off",
        log_level=logging.ERROR,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def serve(options: argparse.Namespace, build: Callable[[argparse.Namespace], ASGIApp]) -> int:
    """Serve an app until it is told to end; return the exit code."""
    try:
        wire = listening(options.host, options.port)
    except PortTakenError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command speaks to people
        return PORT_TAKEN
    if options.while_stdin_open:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    server = server_of(build(options))
    port = wire.getsockname()[1]
    ready = {"url": f"http://{options.host}:{port}", "port": port}
    print(json.dumps(ready), flush=True)  # noqa: T201 - a command speaks to its caller
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[wire])
    return 0


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
