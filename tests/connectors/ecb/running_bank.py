"""A bank that publishes a table of rates on a free port, and the harness for the suite."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from connectors.canonical.events import EventType
from connectors.connection import ConnectionSettings
from connectors.contract import Envelope, Page, Source
from connectors.ecb.connector import HISTORY
from connectors.registry import opened
from tests.connectors.raw_server import Conversation, RawServer, raw_server

NOBODY = "http://127.0.0.1:9"
HEAD = "Date,USD,JPY,EEK,GBP,"
FIRST = date(2026, 1, 5)
SECRET = "planted-secret-77d1"


def zipped(*contents: bytes, name: str = "rates.csv") -> bytes:
    """Return a zip file with these contents, each under a name of its own."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for place, content in enumerate(contents):
            archive.writestr(f"{place}-{name}", content)
    return packed.getvalue()


def line(day: date, dollars: str = "1.1684") -> str:
    """Return a day's line: the Estonian kroon has gone, the pound is missing."""
    return f"{day.isoformat()},{dollars},186.75,N/A,,"


@dataclass(slots=True)
class Bank:
    """What is published now, newest day first, as the bank does it."""

    served: RawServer
    lines: list[str] = field(default_factory=list)
    body: bytes | None = None
    """Something else that is published instead."""
    status: str = "200 OK"

    def publish(self, count: int) -> list[date]:
        days = [FIRST + timedelta(days=len(self.lines) + place) for place in range(count)]
        self.lines += [line(day) for day in days]
        return days

    @property
    def table(self) -> bytes:
        return "\n".join([HEAD, *reversed(self.lines), ""]).encode()

    def answer(self, request: bytes) -> bytes:
        asked = request.split(b" ", 2)[1].decode()
        status = self.status if asked == HISTORY else "404 Not Found"
        body = zipped(self.table) if self.body is None else self.body
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def running_bank() -> AsyncIterator[Bank]:
    """Give a bank that has published nothing yet."""

    async def play(conversation: Conversation) -> None:
        async with asyncio.timeout(60):
            for _ in range(1000):
                request = await conversation.read()
                conversation.writer.write(bank.answer(request))
                await conversation.writer.drain()

    async with raw_server(play) as served:
        bank = Bank(served)
        yield bank


@asynccontextmanager
async def reading(url: str, **options: str) -> AsyncIterator[Source]:
    """Give the source that reads from this address."""
    async with opened(ConnectionSettings("ecb", "ecb", url, options=options)) as connector:
        assert connector.source
        yield connector.source


@dataclass(slots=True)
class BankHarness:
    """One test's bank."""

    bank: Bank
    source: Source
    unreachable_source: Source
    stream: str = "rate"
    secrets: tuple[str, ...] = (SECRET,)

    async def publish(self, count: int) -> Collection[str]:
        return [f"ECB/{day.isoformat()}" for day in self.bank.publish(count)]

    async def took(self, page: Page) -> None:
        """Do nothing: the bank keeps no account of its readers."""

    def unreadable(self) -> Mapping[str, Envelope]:
        return {"schema_violation": envelope(f"{HEAD}\n{line(FIRST, 'NaN')}\n")}

    async def awaiting(self) -> Sequence[str]:
        return ["ECB/2026-01-05"]


def envelope(payload: str) -> Envelope:
    """Return an envelope of the first day with this payload."""
    at = datetime(2026, 1, 5, tzinfo=UTC)
    return Envelope("1", "ecb", EventType.MASTER_DATA_CHANGED, "ECB/2026-01-05", at, payload.encode(), "text/csv")
