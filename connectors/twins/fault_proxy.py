"""A TCP proxy that lets the fault script strike between a client and any HTTP server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlsplit

from connectors.twins.fault_pages import body_of, headers_of, status_of
from connectors.twins.faults import FaultScript, Kind, Moment, Rule
from connectors.twins.http_messages import Message, read_request, read_response
from connectors.twins.serving import listening
from connectors.twins.wires import reset

_LARGEST_HEAD: Final = 2**20


class FaultProxy:
    """Listens on a port and passes requests on, but where the script strikes; use it as `async with`."""

    def __init__(self, upstream: str, script: FaultScript, *, host: str = "127.0.0.1", port: int = 0) -> None:
        server = urlsplit(upstream)
        self._upstream = (server.hostname or host, server.port or 80)
        self._script = script
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        """Return where the proxy listens."""
        return f"http://{self._host}:{self._port}"

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self.refuse()

    async def accept(self) -> None:
        """Listen, on the same port as before. Raises PortTakenError: another process does."""
        wire = listening(self._host, self._port)
        self._port = wire.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=wire, limit=_LARGEST_HEAD)

    async def refuse(self) -> None:
        """Stop listening: connections are refused, those that are open are reset."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task, writer in tuple(self._open.items()):
            reset(writer.transport)
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs a server's connections as tasks
        self._open[task] = writer
        line = Line(reader, writer, self._upstream)
        try:
            while await self._pass_one(line):
                pass
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
        finally:
            del self._open[task]
            line.hang_up()

    async def _pass_one(self, line: "Line") -> bool:
        request = await read_request(line.reader)
        if request is None:
            line.writer.close()
            return False
        rule = self._script.next_fault(request.method, request.path)
        if rule is not None:
            return await _PLAYS[rule.kind](line, request, rule)
        return await line.answer(await line.ask(request))


class Line:
    """A client's connection with the one to the server behind it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[str, int],
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._upstream = upstream
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message) -> Message:
        """Pass a request on and return the server's response."""
        if self._server is None:
            self._server = await asyncio.open_connection(*self._upstream, limit=_LARGEST_HEAD)
        reader, writer = self._server
        writer.write(request.content)
        response = await read_response(reader, request.method)
        if response.ends_connection:
            self.hang_up()
        return response

    async def ask_by(self, moment: Moment, request: Message) -> None:
        """Pass a request on if the fault comes after it."""
        if moment is Moment.AFTER:
            await self.ask(request)

    async def answer(self, response: Message) -> bool:
        """Send a response; return whether the connection goes on."""
        self.writer.write(response.content)
        await self.writer.drain()
        if response.ends_connection:
            self.writer.close()
        return not response.ends_connection

    async def gone(self, seconds: float) -> None:
        """Wait until the client has gone, or for some seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self.reader.read(1)
        except TimeoutError:
            return

    def hang_up(self) -> None:
        """Close the connection to the server."""
        if self._server is not None:
            self._server[1].close()
            self._server = None


async def _swallow(line: Line, request: Message, rule: Rule) -> bool:
    await line.ask_by(rule.moment, request)
    await line.gone(rule.seconds)
    line.writer.close()
    return False


async def _reset(line: Line, request: Message, rule: Rule) -> bool:
    await line.ask_by(rule.moment, request)
    reset(line.writer.transport)
    return False


async def _refuse(line: Line, _: Message, __: Rule) -> bool:
    reset(line.writer.transport)
    return False


async def _close(line: Line, request: Message, rule: Rule) -> bool:
    await line.ask_by(rule.moment, request)
    line.writer.close()
    return False


async def _truncate(line: Line, request: Message, _: Rule) -> bool:
    response = await line.ask(request)
    line.writer.write(response.head + response.body[: len(response.body) // 2])
    line.writer.close()
    return False


async def _invent(line: Line, request: Message, rule: Rule) -> bool:
    await line.ask_by(Moment.BEFORE if rule.kind is Kind.TOO_MANY else rule.moment, request)
    return await line.answer(_invented(rule))


async def _drip(line: Line, request: Message, rule: Rule) -> bool:
    response = await line.ask(request)
    line.writer.write(response.head)
    for byte in response.body:
        line.writer.write(bytes([byte]))
        await line.writer.drain()
        await asyncio.sleep(rule.seconds)
    return not response.ends_connection


async def _latency(line: Line, request: Message, rule: Rule) -> bool:
    if rule.moment is Moment.BEFORE:
        await asyncio.sleep(rule.seconds)
    response = await line.ask(request)
    if rule.moment is Moment.AFTER:
        await asyncio.sleep(rule.seconds)
    return await line.answer(response)


async def _duplicate(line: Line, request: Message, _: Rule) -> bool:
    first = await line.ask(request)
    await line.ask(request)
    return await line.answer(first)


async def _conflict(line: Line, request: Message, _: Rule) -> bool:
    response = await line.ask(request)
    return await line.answer(response.with_status(b"HTTP/1.1 409 Conflict"))


def _invented(rule: Rule) -> Message:
    body = body_of(rule)
    headers = {**headers_of(rule), "content-length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    status = status_of(rule)
    phrase = HTTPStatus(status).phrase if status in {known.value for known in HTTPStatus} else "Unknown"
    return Message("\r\n".join([f"HTTP/1.1 {status} {phrase}", *lines, "", ""]).encode(), body)


_PLAYS: Final[Mapping[Kind, Callable[[Line, Message, Rule], Awaitable[bool]]]] = MappingProxyType(
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
        Kind.TOO_MANY: _invent,
        Kind.CONFLICT: _conflict,
        Kind.REFUSE: _refuse,
    },
)
