"""An expense platform that runs for the tests, and the harness that lets it misbehave."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

from connectors.connection import ConnectionSettings
from connectors.contract import Connector, Envelope, Page, Source
from connectors.registry import opened
from connectors.twins.expense.exact import exact_bytes, exact_object
from connectors.twins.running import running_expense_twin
from tests.connectors.concur.documents import Words, an_entry, an_expense, envelope_with

SECRET = "planted-secret-5c1e"
NOBODY = "http://127.0.0.1:9"
DRIFTED, RENAMED = "amountGross", "grossAmount"
CALM: Mapping[str, object] = {"renamed_fields": {DRIFTED: DRIFTED}, "client_secret": SECRET}


@dataclass(frozen=True, slots=True)
class Platform:
    """Where it listens, with the hand behind the curtain."""

    url: str

    def hand(self, method: str, path: str, body: object = None) -> Any:
        """Do something that no client of the platform may do."""
        data = None if body is None else exact_bytes(body)
        request = Request(f"{self.url}/twin/{path}", data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=10) as response:
            return exact_object(response.read())

    async def reach(self, method: str, path: str, body: object = None) -> Any:
        """Do the same without holding the loop."""
        return await asyncio.to_thread(self.hand, method, path, body)

    async def approve(self, *documents: Words) -> list[str]:
        """Approve documents and return their ids."""
        told = await self.reach("POST", "documents", {"fIDocuments": documents})
        assert [each["result"] for each in told["results"]] == ["done"] * len(documents), told
        return [each["id"] for each in told["results"]]

    async def recall(self, *keys: str) -> None:
        """Take documents back."""
        told = await self.reach("POST", "recall", {"ids": keys})
        assert [each["result"] for each in told["results"]] == ["done"] * len(keys), told

    async def strike(self, **rule: object) -> None:
        """Let the next request meet this fault."""
        await self.reach("PUT", "faults", {"rules": [{"count": 1, **rule}]})

    async def version(self, doc_id: str) -> Any:
        """Return what the platform's own books say about a document."""
        documents = (await self.reach("GET", "books"))["documents"]
        return next(each for document in documents for each in document["versions"] if each["id"] == doc_id)

    async def status(self, doc_id: str) -> str:
        """Return a document's status in the platform's own books."""
        status: str = (await self.version(doc_id))["status"]
        return status

    def calm_down(self) -> None:
        """Forget faults and changed settings, and take back whatever waits."""
        self.hand("DELETE", "faults")
        self.hand("PATCH", "settings", CALM)
        versions = [each for document in self.hand("GET", "books")["documents"] for each in document["versions"]]
        waiting = [each["id"] for each in versions if each["status"] in {"READY", "DELAYED"}]
        self.hand("POST", "recall", {"ids": waiting})


@contextmanager
def running_platform() -> Iterator[Platform]:
    """Run an expense platform with fresh books on a free port."""
    with running_expense_twin(options=["--client-secret", SECRET, "--not-durable"]) as twin:
        yield Platform(twin.url)


def settings_for(url: str, **options: str) -> ConnectionSettings:
    """Return the settings of a connection to the platform at this address."""
    credentials = {"client_id": "tieout", "client_secret": SECRET}
    return ConnectionSettings("concur", "concur", url, credentials, {"deadline_seconds": "1", **options})


@asynccontextmanager
async def connected(url: str, **options: str) -> AsyncIterator[Connector]:
    """Give a connector to the platform at this address."""
    async with opened(settings_for(url, **options)) as connector:
        yield connector


@asynccontextmanager
async def source_at(url: str, **options: str) -> AsyncIterator[Source]:
    """Give the source of a connector to the platform at this address."""
    async with connected(url, **options) as connector:
        assert connector.source
        yield connector.source


@dataclass(slots=True)
class PlatformHarness:
    """One test's view of the running platform."""

    platform: Platform
    source: Source
    unreachable_source: Source
    stream: str = "expense_reports"
    secrets: tuple[str, ...] = (SECRET,)

    async def publish(self, count: int) -> Collection[str]:
        documents = [an_expense() for _ in range(count)]
        await self.platform.approve(*documents)
        return [document["document"]["report"]["reportId"] for document in documents]

    async def took(self, page: Page) -> None:
        await self.source.acknowledge([envelope.id for envelope in page.envelopes])

    def unreadable(self) -> Mapping[str, Envelope]:
        documents = {
            "unknown_currency": an_expense(report={"employeeCurrencyAlphaCode": "XQZ"}),
            "inexact_amount": an_expense(total=Decimal("119.005")),
            "schema_violation": an_expense(an_entry(approved="about forty")),
        }
        twice = {"unreadable_document": envelope_with(b'{"id": "d1", "id": "d2"}')}
        return {code: envelope_with(exact_bytes(each)) for code, each in documents.items()} | twice

    async def awaiting(self) -> Sequence[str]:
        return await self.platform.approve(an_expense(), an_expense())


@asynccontextmanager
async def platform_harness(platform: Platform) -> AsyncIterator[PlatformHarness]:
    """Give a harness over a running platform."""
    async with source_at(platform.url) as near, source_at(NOBODY) as far:
        yield PlatformHarness(platform, near, far)
