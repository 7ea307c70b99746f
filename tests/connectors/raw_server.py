"""A server below HTTP: a test says byte by byte what goes back, and how the connection ends."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(slots=True)
class Conversation:
    """One connection, with the requests that were read from it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes]

    async def read(self) -> bytes:
        """Return the next whole request (head and body)."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        sizes = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        request = head + await self.reader.readexactly(int(sizes[0]) if sizes else 0)
        self.requests.append(request)
        return request

    def reset(self) -> None:
        """End the connection with RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Play = Callable[[Conversation], Awaitable[None]]


@dataclass(slots=True)
class RawServer:
    """Where it listens, and every request that it has read."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(*replies: bytes) -> Play:
    """Return a play that gives one reply per request and then closes the connection."""

    async def play(conversation: Conversation) -> None:
        for reply in replies:
            await conversation.read()
            conversation.writer.write(reply)
            await conversation.writer.drain()

    return play


@asynccontextmanager
async def raw_server(play: Play) -> AsyncIterator[RawServer]:
    """Serve the play to every connection on a free port."""
    served = RawServer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await play(Conversation(reader, writer, served.requests))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
