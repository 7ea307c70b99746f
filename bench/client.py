"""A lean HTTP client over raw asyncio, so that the machine goes to the server that is measured."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


def message(url: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a POST request as it goes over the wire."""
    lines = {"host": urlsplit(url).netloc, "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclass(slots=True)
class Load:
    """What came of many requests."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """Seconds, in the order of the answers."""
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Return answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


Answered = Callable[["Line", int], None]


class Line(asyncio.Protocol):
    """A connection that is kept, with one request on its way at a time."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (what a TCP client is given)
        self._transport = transport

    def send(self, request: bytes, *, due_at: float | None = None) -> None:
        """Send a request; its time counts from when it was due."""
        self.sent_at = time.monotonic() if due_at is None else due_at
        if self._transport:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Tell of an answer once it is complete."""
        self._received += data
        end = self._received.find(_END)
        if end < 0 or len(self._received) < end + len(_END) + _length_of(bytes(self._received[:end]).lower()):
            return
        status = int(self._received[9:12])
        self._received.clear()
        self._answered(self, status)

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.close()


async def as_fast_as_possible(url: str, requests: Iterable[bytes], *, lines: int) -> Load:
    """Send the requests over so many connections, on each the next one as soon as the last is answered."""
    load, waiting, busy = Load(), iter(requests), lines
    over = asyncio.Event()

    def next_one(line: Line) -> None:
        nonlocal busy
        request = next(waiting, None)
        if request is not None:
            line.send(request)
            return
        busy -= 1
        if not busy:
            over.set()

    def answered(line: Line, status: int) -> None:
        _note(load, line, status)
        next_one(line)

    async with _Lines(url, lines, answered) as ready:
        began = time.monotonic()
        for line in ready:
            next_one(line)
        await over.wait()
        load.seconds = time.monotonic() - began
    return load


async def at_a_rate(url: str, requests: Iterable[bytes], *, per_second: float, lines: int) -> Load:
    """Send the requests when they are due, whatever the server does; waiting for a free connection counts as well."""
    load, wanted = Load(), list(requests)
    due: deque[tuple[float, bytes]] = deque()
    free: deque[Line] = deque()
    over = asyncio.Event()

    def answered(line: Line, status: int) -> None:
        _note(load, line, status)
        free.append(line)
        _send_due(free, due)
        if len(load.latencies) == len(wanted):
            over.set()

    async with _Lines(url, lines, answered) as ready:
        free.extend(ready)
        began = time.monotonic()
        for at, request in _schedule(began, wanted, per_second):
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            due.append((at, request))
            _send_due(free, due)
        await over.wait()
        load.seconds = time.monotonic() - began
    return load


def _send_due(free: deque[Line], due: deque[tuple[float, bytes]]) -> None:
    while free and due:
        at, request = due.popleft()
        free.popleft().send(request, due_at=at)


def _schedule(began: float, requests: Iterable[bytes], per_second: float) -> Iterator[tuple[float, bytes]]:
    return ((began + place / per_second, request) for place, request in enumerate(requests))


def _note(load: Load, line: Line, status: int) -> None:
    load.latencies.append(time.monotonic() - line.sent_at)
    load.statuses[status] += 1


def _length_of(head: bytes) -> int:
    _, found, rest = head.partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


class _Lines:
    """So many open connections."""

    def __init__(self, url: str, count: int, answered: Answered) -> None:
        where = urlsplit(url)
        self._address = (where.hostname or "", where.port or 80)
        self._count = count
        self._answered = answered
        self._lines: list[Line] = []

    async def __aenter__(self) -> list[Line]:
        loop = asyncio.get_running_loop()
        for _ in range(self._count):
            _, line = await loop.create_connection(lambda: Line(self._answered), *self._address)
            self._lines.append(line)
        return self._lines

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()
