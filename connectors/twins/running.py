"""Twins that run for a while: as processes of their own, or in a thread of the caller."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from connectors.twins.fault_proxy import FaultProxy
from connectors.twins.faults import FaultScript
from connectors.twins.serving import listening, server_of

_READY_WITHIN: Final = 30.0
_GONE_WITHIN: Final = 5.0
_POLL: Final = 0.01


class TwinDidNotStartError(RuntimeError):
    """A twin ended, or said nothing, before it listened."""


@dataclass(frozen=True, slots=True)
class RunningTwin:
    """A twin that listens: where, on which books, in which process (None: in a thread)."""

    url: str
    books: Path | None
    pid: int | None

    def kill(self) -> None:
        """End the twin's process as a power cut would."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)


@contextmanager
def running_expense_twin(
    *,
    books: Path | None = None,
    port: int = 0,
    options: Sequence[str] = (),
) -> Iterator[RunningTwin]:
    """Run the expense platform's twin in a process of its own. Raises TwinDidNotStartError."""
    with _process("connectors.twins.expense", books, port, options) as twin:
        yield twin


@contextmanager
def running_erp_twin(
    *,
    books: Path | None = None,
    port: int = 0,
    options: Sequence[str] = (),
) -> Iterator[RunningTwin]:
    """Run the ERP's twin in a process of its own. Raises TwinDidNotStartError."""
    with _process("connectors.twins.erp", books, port, options) as twin:
        yield twin


@contextmanager
def running_in_thread(app: ASGIApp, *, port: int = 0) -> Iterator[RunningTwin]:
    """Run any app on a real port in a thread, so that the caller can reach into it."""
    wire = listening("127.0.0.1", port)
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [wire]}, daemon=True)
    thread.start()
    try:
        _wait_for(server)
        yield RunningTwin(f"http://127.0.0.1:{wire.getsockname()[1]}", None, None)
    finally:
        server.should_exit = True
        thread.join(_GONE_WITHIN)
        wire.close()


@contextmanager
def running_fault_proxy(upstream: str, script: FaultScript, *, port: int = 0) -> Iterator["ProxyInThread"]:
    """Run a fault proxy before a server in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    proxy = ProxyInThread(FaultProxy(upstream, script, port=port), loop)
    try:
        proxy.accept()
        yield proxy
    finally:
        proxy.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_GONE_WITHIN)
        loop.close()


class ProxyInThread:
    """A fault proxy on another thread's loop; every call waits until it is done."""

    def __init__(self, proxy: FaultProxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop

    @property
    def url(self) -> str:
        """Return where the proxy listens."""
        return self._proxy.url

    def accept(self) -> None:
        """Listen, on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._proxy.accept(), self._loop).result(_GONE_WITHIN)

    def refuse(self) -> None:
        """Stop listening: connections are refused, those that are open are reset."""
        asyncio.run_coroutine_threadsafe(self._proxy.refuse(), self._loop).result(_GONE_WITHIN)

    def stop(self) -> None:
        """End the proxy."""
        self.refuse()


def _wait_for(server: uvicorn.Server) -> None:
    until = time.monotonic() + _READY_WITHIN
    while not server.started:
        if time.monotonic() > until:
            raise TwinDidNotStartError("The server in the thread does not listen")
        time.sleep(_POLL)


@contextmanager
def _process(module: str, books: Path | None, port: int, options: Sequence[str]) -> Iterator[RunningTwin]:
    place = ["--books", str(books)] if books is not None else []
    command = [sys.executable, "-m", module, "--port", str(port), *place, "--while-stdin-open", *options]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield RunningTwin(_ready(process)["url"], books, process.pid)
    finally:
        _end(process)


def _ready(process: subprocess.Popen[bytes]) -> dict[str, str]:
    alarm = threading.Timer(_READY_WITHIN, process.kill)
    alarm.start()
    line = process.stdout.readline() if process.stdout else b""
    alarm.cancel()
    if not line:
        said = process.stderr.read().decode().strip() if process.stderr else ""
        raise TwinDidNotStartError(said or "The twin ended before it listened")
    ready: dict[str, str] = json.loads(line)
    return ready


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GONE_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_GONE_WITHIN)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
