"""A lean ERP in a process of its own, in the sandbox ERP's words: raw asyncio, so that it is never what is measured."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final  # words of a JSON body
from urllib.parse import parse_qs, urlsplit

import orjson

from bench.books import Books
from bench.erp import Call, ErpOptions
from bench.processes import given_order, tell
from connectors.twins.erp.books import Books as TwinBooks
from connectors.twins.erp.catalog import Catalog, cursor_after, since_of

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_MASTER_DATA: Final = "/v1/master-data/"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: HTTPStatus
    body: bytes
    retry_after: int = 0

    @property
    def message(self) -> bytes:
        """Return the response as it goes over the wire."""
        wait = f"retry-after: {self.retry_after}\r\n" if self.retry_after else ""
        head = f"HTTP/1.1 {self.status} {self.status.phrase}\r\ncontent-type: application/json\r\n{wait}"
        return f"{head}content-length: {len(self.body)}\r\n\r\n".encode() + self.body


@dataclass(slots=True)
class Erp:
    """The ERP behind its paths."""

    options: ErpOptions
    books: Books
    catalog: Catalog
    calls: list[Call] = field(default_factory=list)
    conversations: "set[Conversation]" = field(default_factory=set)

    def answer(self, target: str, body: bytes) -> Answer:
        """Return the answer to a request."""
        url = urlsplit(target)
        if url.path.startswith(_MASTER_DATA):
            return _said(self._records(url.path.removeprefix(_MASTER_DATA), parse_qs(url.query)))
        return _PATHS.get(url.path, Erp._unknown)(self, body)

    def post(self, body: bytes) -> Answer:
        """Book documents."""
        documents = orjson.loads(body)["documents"]
        answer = self._judged(documents)
        self.calls.append(Call(time.monotonic(), len(documents), answer.status))
        return answer

    def find(self, body: bytes) -> Answer:
        """Return what is booked."""
        return _said({"documents": self.books.find(orjson.loads(body))})

    def payments(self, _: bytes) -> Answer:
        """Return that nothing was paid."""
        return _said({"payments": [], "last": 0, "more": False})

    def blank(self, _: bytes) -> Answer:
        """Return an answer that costs nothing: what a bare post takes is measured with it."""
        return _BLANK

    def _judged(self, documents: list[dict[str, Any]]) -> Answer:
        if self._is_too_much(len(documents)):
            return _refused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", retry_after=1)
        if self.books.is_away_for(documents):
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable")
        if len(documents) == 1 and self.books.refuses(documents[0]):
            return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid")
        return _said({"results": self.books.post(documents)})

    def _is_too_much(self, count: int) -> bool:
        limit = self.options.limit_per_second
        return limit > 0 and count + _documents_since(self.calls, time.monotonic() - 1) > limit

    def _records(self, domain: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
        since = since_of(query.get("cursor", [None])[0], query.get("since", [None])[0])
        records, more = self.catalog.page(domain, since, int(query.get("limit", ["200"])[0]))
        return {
            "items": [record.words() for record in records],
            "next_cursor": cursor_after(records[-1]) if more else None,
            "watermark": records[-1].modified_at if records else since or None,
        }

    def _unknown(self, _: bytes) -> Answer:
        return _refused(HTTPStatus.NOT_FOUND, "not_found")


_PATHS: Final[Mapping[str, Callable[[Erp, bytes], Answer]]] = {
    "/v1/documents": Erp.post,
    "/v1/documents/find": Erp.find,
    "/v1/payments": Erp.payments,
    "/bench/blank": Erp.blank,
}


def _documents_since(calls: list[Call], at: float) -> int:
    taken = 0
    for call in reversed(calls):
        if call.at <= at:
            break
        taken += call.documents if call.status == HTTPStatus.OK else 0
    return taken


def _said(content: object) -> Answer:
    return Answer(HTTPStatus.OK, orjson.dumps(content))


def _refused(status: HTTPStatus, code: str, retry_after: int = 0) -> Answer:
    return Answer(status, orjson.dumps({"error": {"code": code, "message": status.phrase}}), retry_after)


_BLANK: Final = _said({"results": []})


class Conversation(asyncio.Protocol):
    """One connection: requests in, answers out, later by the latency."""

    def __init__(self, erp: Erp) -> None:
        self._erp = erp
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (what a TCP server is given)
        self._transport = transport
        self._erp.conversations.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the one that hung up."""
        self._erp.conversations.discard(self)

    def hang_up(self) -> None:
        """Cut the connection."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        for target, body in _requests(self._received):
            self._send(self._erp.answer(target, body).message)

    def _send(self, message: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._erp.options.latency_seconds:
            later = self._erp.options.latency_seconds
            asyncio.get_running_loop().call_later(later, self._transport.write, message)
        else:
            self._transport.write(message)


def _requests(received: bytearray) -> Iterator[tuple[str, bytes]]:
    """Yield target and body of each complete request and take it away from what was received."""
    while (end := received.find(_END)) >= 0:
        head = bytes(received[:end])
        begin = end + len(_END)
        length = _length_of(head.lower())
        if len(received) < begin + length:
            return
        body = bytes(received[begin : begin + length])
        del received[: begin + length]
        yield head.split(b" ", 2)[1].decode("latin-1"), body


def _length_of(head: bytes) -> int:
    _, found, rest = head.partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


@dataclass(slots=True)
class Door:
    """Where the ERP listens, as long as it does."""

    erp: Erp
    port: int = 0
    server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen, on the same port as before."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._conversation, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self.server:
            self.server.close()
        for conversation in self.erp.conversations:
            conversation.hang_up()

    def _conversation(self) -> Conversation:
        return Conversation(self.erp)


async def _serve() -> None:
    options = ErpOptions(**given_order())
    erp = Erp(options, Books(has_fates=options.has_fates), TwinBooks().catalog)
    door = Door(erp)
    await door.open()
    tell({"url": door.url})
    async for word, *arguments in _words():
        tell(await _TOLD[word](door, *arguments))
    door.close()


async def _words() -> AsyncIterator[list[str]]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().split()


async def _toll(door: Door, count: str) -> Mapping[str, Any]:
    return door.erp.books.toll(int(count))


async def _calls(door: Door) -> Mapping[str, Any]:
    return {"calls": [(call.at, call.documents, call.status) for call in door.erp.calls]}


async def _away(door: Door) -> Mapping[str, Any]:
    door.close()
    return {"open": False}


async def _back(door: Door) -> Mapping[str, Any]:
    await door.open()
    return {"open": True}


_TOLD: Final[Mapping[str, Callable[..., Awaitable[Mapping[str, Any]]]]] = {
    "toll": _toll,
    "calls": _calls,
    "away": _away,
    "back": _back,
}
"""What the one that began it can ask for."""


if __name__ == "__main__":
    asyncio.run(_serve())
