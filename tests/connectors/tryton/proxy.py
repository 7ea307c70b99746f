"""A proxy that loses, garbles or swallows the next call that writes into the books."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

WRITING = (b'"model.account.move.post"', b'"wizard.account.move.cancel.execute"')
HTML = b"<html>Please sign in</html>"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(HTML), HTML)


class Fault(Enum):
    NONE = auto()
    LOSE = auto()
    GARBLE = auto()
    SWALLOW = auto()


@dataclass(slots=True)
class Proxy:
    upstream: str
    url: str = ""
    fault: Fault = Fault.NONE

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await self._answer(await _request(reader)))
            await writer.drain()
        finally:
            writer.close()

    async def _answer(self, request: bytes) -> bytes:
        fault = Fault.NONE
        if any(word in request for word in WRITING):
            fault, self.fault = self.fault, Fault.NONE
        if fault is Fault.SWALLOW:
            return b""
        answer = await _forwarded(self.upstream, request)
        return {Fault.NONE: answer, Fault.LOSE: b"", Fault.GARBLE: PAGE}[fault]


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    parts = urlsplit(url)
    proxy = Proxy(parts.netloc)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        proxy.url = f"http://{host}:{port}{parts.path}"
        yield proxy


async def _request(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        return head + await reader.readexactly(int(lengths[0]))


async def _forwarded(upstream: str, request: bytes) -> bytes:
    host, _, port = upstream.partition(":")
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer
