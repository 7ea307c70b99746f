"""A sandbox ERP that runs for the tests, and the harness that lets it misbehave."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

import orjson

from connectors.canonical.events import EventType
from connectors.connection import ConnectionSettings
from connectors.contract import Connector, Envelope, Intent, Page, PostingLine, Source, Target
from connectors.registry import opened
from tests.suites.outside import Booked

API_KEY = "planted-key-81f3"
NOBODY = "http://127.0.0.1:9"
_NUMBERS = count(1)
WRITING = "^/v1/documents(/reverse)?$"


@dataclass(frozen=True, slots=True)
class RunningErp:
    """Where it listens, with the hand behind the curtain."""

    url: str

    def hand(self, method: str, path: str, body: object = None) -> Any:
        """Do something that no client of an ERP may do."""
        headers = {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/twin/{path}", data, headers, method=method)
        with urlopen(request, timeout=10) as response:
            return json.load(response)

    async def reach(self, method: str, path: str, body: object = None) -> Any:
        """Do the same without holding the loop."""
        return await asyncio.to_thread(self.hand, method, path, body)

    async def strike(self, **rule: object) -> None:
        """Let the next request that writes meet this fault."""
        rules = [{"count": 1, "method": "POST", "path": WRITING, **rule}]
        await self.reach("PUT", "faults", {"rules": rules})

    def calm_down(self) -> None:
        """Forget faults and changed settings."""
        self.hand("DELETE", "faults")
        self.hand("PATCH", "settings", {**CALM, "api_key": API_KEY})


CALM: Mapping[str, object] = {
    "dedupe": "none",
    "searchable": True,
    "visibility_seconds": 0.1,
    "asynchronous_seconds": None,
    "batch_limit": 200,
    "pace": {},
}
"""The least helpful ERP that can be asked: it books a reference as often as it comes, and shows it late."""


@contextmanager
def running_erp() -> Iterator[RunningErp]:
    """Run a sandbox ERP with fresh books on a free port."""
    command = [sys.executable, "-m", "connectors.twins.erp", "--port", "0", "--api-key", API_KEY]
    options = ["--while-stdin-open", "--not-durable"]
    with subprocess.Popen([*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        erp = RunningErp(json.loads(process.stdout.readline())["url"])
        try:
            yield erp
        finally:
            process.stdin.close()
            process.wait(timeout=10)


@asynccontextmanager
async def connected(url: str, **options: str) -> AsyncIterator[Connector]:
    """Give a connector to the ERP at this address."""
    chosen = {"visibility_grace_seconds": "0.15", "deadline_seconds": "2", **options}
    settings = ConnectionSettings("erp", "sandbox_erp", url, {"api_key": API_KEY}, chosen)
    async with opened(settings) as connector:
        yield connector


@dataclass(slots=True)
class SandboxHarness:
    """One test's view of the running ERP; it sees only what this test booked."""

    erp: RunningErp
    target: Target
    source: Source
    unreachable_target: Target
    unreachable_source: Source
    stream: str = "project"
    secrets: tuple[str, ...] = (API_KEY,)
    references: set[str] = field(default_factory=set)

    def intents(self, count: int) -> list[Intent]:
        return [self._known(an_intent(amount=11_900 + place)) for place in range(count)]

    def refusals(self) -> Mapping[str, Intent]:
        debit, credit = an_intent().lines
        inactive, missing = replace(debit, project="P-13"), replace(debit, account="1")
        changes: Mapping[str, dict[str, Any]] = {
            "inactive_master_data": {"lines": (inactive, credit)},
            "missing_binding": {"lines": (missing, credit)},
            "closed_period": {"posting_date": date(2025, 12, 5)},
            "no_open_period": {"posting_date": date(2035, 12, 5)},
            "unmapped_legal_entity": {"company": "9999"},
            "rejected_by_target": {"document_type": "XX"},
            "unbalanced": {"lines": (debit,)},
        }
        return {code: self._known(replace(an_intent(), **change)) for code, change in changes.items()}

    async def lose_next_answer(self) -> None:
        await self.erp.strike(kind="reset", moment="after")

    async def garble_next_answer(self) -> None:
        await self.erp.strike(kind="html", moment="after")

    async def refuse_next_call(self) -> None:
        await self.erp.strike(kind="close", moment="before")

    async def books(self) -> Sequence[Booked]:
        documents = (await self.erp.reach("GET", "books"))["documents"]
        return [booked(each) for each in documents if each["reference"].removesuffix("-R") in self.references]

    async def publish(self, count: int) -> Collection[str]:
        codes = [f"N-{next(_NUMBERS):05}" for _ in range(count)]
        for code in codes:
            item = {"code": code, "name": f"New {code}", "attributes": {"budget": "1000.00", "budget_currency": "EUR"}}
            await self.erp.reach("POST", "master-data/project", item)
        return [f"project:{code}" for code in codes]

    async def took(self, page: Page) -> None:
        """Do nothing: the ERP keeps no account of its readers."""

    def unreadable(self) -> Mapping[str, Envelope]:
        return {
            "unknown_currency": payment_envelope(currency="EURO"),
            "inexact_amount": payment_envelope(amount="119.005"),
            "schema_violation": payment_envelope(amount=119),
        }

    async def awaiting(self) -> Sequence[str]:
        return ["EXR-1", "EXR-2"]

    def _known(self, intent: Intent) -> Intent:
        self.references.add(intent.reference)
        return intent


@asynccontextmanager
async def sandbox_harness(erp: RunningErp, **options: str) -> AsyncIterator[SandboxHarness]:
    """Give a harness over a running ERP that is calm at the beginning."""
    await asyncio.to_thread(erp.calm_down)
    async with connected(erp.url, **options) as near, connected(NOBODY) as far:
        assert near.target
        assert near.source
        assert far.target
        assert far.source
        yield SandboxHarness(erp, near.target, near.source, far.target, far.source)


def an_intent(*, amount: int = 11_900, currency: str = "EUR") -> Intent:
    """Return a document that the ERP books: a hotel night of an invented employee."""
    number = next(_NUMBERS)
    return Intent(
        reference=f"EXR-1000-{number:06}-1",
        source_document=f"RPT-{number:06}",
        company="1000",
        ledger="main",
        document_type="EX",
        posting_date=date(2026, 10, 15),
        document_date=date(2026, 10, 12),
        currency=currency,
        lines=(
            PostingLine("474120", debit_minor=amount, cost_center="CC-1001", project="P-05", tax_code="V00"),
            PostingLine("331000", credit_minor=amount, party="E-003"),
        ),
        text="Trip to Hamburg",
    )


def booked(document: Mapping[str, Any]) -> Booked:
    """Return a document of the books as the suite compares it; all of them are in a currency of two decimals."""
    reverses = (document.get("reverses") or {}).get("number", "")
    total = int(Decimal(document["total"]) * 100)
    return Booked(document["reference"], document["number"], total, reverses)


def payment_envelope(**changed: object) -> Envelope:
    """Return a payment as the ERP lists it, with some of its words changed."""
    payment = {
        "id": 4,
        "kind": "full",
        "amount": "119.00",
        "currency": "EUR",
        "paid_on": "2026-10-31",
        "booked_at": "2026-10-31T08:00:00.000000+00:00",
        "reference": "EXR-1000-000001-1",
        "source_document": "RPT-000001",
        "company": "1000",
        "fiscal_year": 2026,
        "number": "0000000017",
        "open": "0.00",
    }
    at = datetime(2026, 10, 31, 8, tzinfo=UTC)
    payload = orjson.dumps({**payment, **changed})
    return Envelope("payment-4", "erp", EventType.PAYMENT_CONFIRMED, "1000:0000000017", at, payload)
