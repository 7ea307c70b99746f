"""HTTP/1.1 messages as bytes, as far as a proxy must know them."""

import asyncio
from dataclasses import dataclass
from typing import Final

_END: Final = b"\r\n\r\n"
_NO_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response: its head with the empty line, and its body as it came."""

    head: bytes
    body: bytes

    @property
    def content(self) -> bytes:
        """Return the whole message."""
        return self.head + self.body

    @property
    def method(self) -> str:
        """Return a request's method."""
        return self.head.split(b" ", 2)[0].decode("latin-1")

    @property
    def path(self) -> str:
        """Return a request's path without the query."""
        return self.head.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")

    @property
    def ends_connection(self) -> bool:
        """Return whether nothing follows on the connection."""
        connection = header(self.head, b"connection").lower()
        is_old = self.head.startswith(b"HTTP/1.0") and connection != b"keep-alive"
        return is_old or connection == b"close"

    def with_status(self, line: bytes) -> "Message":
        """Return a response with another status line."""
        return Message(line + self.head[self.head.index(b"\r\n") :], self.body)


def header(head: bytes, name: bytes) -> bytes:
    """Return a header's value, or nothing."""
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


async def read_request(reader: asyncio.StreamReader) -> Message | None:
    """Return the next request, or None: the client has gone."""
    try:
        head = await reader.readuntil(_END)
    except asyncio.IncompleteReadError:
        return None
    return Message(head, await _body(reader, head))


async def read_response(reader: asyncio.StreamReader, method: str) -> Message:
    """Return the next response. Raises asyncio.IncompleteReadError: the server has gone."""
    head = await reader.readuntil(_END)
    if method == "HEAD" or int(head.split(b" ", 2)[1]) in _NO_BODY:
        return Message(head, b"")
    has_length = header(head, b"content-length") or header(head, b"transfer-encoding")
    return Message(head, await _body(reader, head) if has_length else await reader.read())


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if header(head, b"transfer-encoding").lower() == b"chunked":
        return await _chunks(reader)
    return await reader.readexactly(int(header(head, b"content-length") or 0))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = -1
    while size != 0:
        line = await reader.readline()
        size = int(line.partition(b";")[0], 16)
        parts += [line, await reader.readexactly(size + 2)]
    return b"".join(parts)
