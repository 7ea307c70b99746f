"""The harness over a real Tryton: documents it books, a hand in its books, and a proxy that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, TypeVar

from connectors.canonical.events import EventType
from connectors.connection import ConnectionSettings
from connectors.contract import Connector, Envelope, Intent, Page, PostingLine, Source, Target
from connectors.http import HttpClient
from connectors.tryton.connector import connect
from connectors.tryton.target import TrytonTarget
from connectors.twins.tryton.acts import Administrator
from connectors.twins.tryton.server import TrytonServer
from tests.connectors.tryton.proxy import Fault, Proxy, proxied
from tests.suites.outside import Booked

NOBODY = "http://127.0.0.1:9/tieout"
DAY = date(2026, 10, 15)
_NUMBERS = count(1)
Result = TypeVar("Result")


@asynccontextmanager
async def connected(url: str, server: TrytonServer, **options: str) -> AsyncIterator[Connector]:
    """Give a connector to the Tryton at this address."""
    chosen = {"user": server.user, "visibility_grace_seconds": "0.3", **options}
    settings = ConnectionSettings("erp", "tryton", url, {"password": server.password}, chosen)
    async with HttpClient(url, secrets=settings.secrets) as http:
        yield connect(settings, http)


@dataclass(slots=True)
class TrytonHarness:
    """One test's view of the running Tryton; it sees only what this test booked."""

    admin: Administrator
    proxy: Proxy
    target: Target
    source: Source
    unreachable_target: Target
    unreachable_source: Source
    stream: str = "payment_term"
    secrets: tuple[str, ...] = ()
    references: set[str] = field(default_factory=set)

    def intents(self, count: int) -> list[Intent]:
        return [self.known(an_intent(amount=11_900 + place)) for place in range(count)]

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
        return {code: self.known(replace(an_intent(), **change)) for code, change in changes.items()}

    async def lose_next_answer(self) -> None:
        self.proxy.fault = Fault.LOSE

    async def garble_next_answer(self) -> None:
        self.proxy.fault = Fault.GARBLE

    async def refuse_next_call(self) -> None:
        self.proxy.fault = Fault.SWALLOW

    async def books(self) -> Sequence[Booked]:
        fields = ["number", "description", "origin", "state", "lines.debit"]
        moves = await self.act(lambda admin: admin.rows("account.move", fields, [["state", "=", "posted"]]))
        own = {f"account.move,{move['id']}": move for move in moves if reference_in(move) in self.references}
        reversals = [(move, own[move["origin"]]) for move in moves if move["origin"] in own]
        return [
            *(booked(move, reference_in(move)) for move in own.values()),
            *(booked(move, reference_in(reversed_), reversed_["number"]) for move, reversed_ in reversals),
        ]

    async def publish(self, count: int) -> Collection[str]:
        names = [
            {"name": f"N-{next(_NUMBERS):05}", "lines": [["create", [{"type": "remainder"}]]]} for _ in range(count)
        ]
        ids = await self.act(lambda admin: admin.create("account.invoice.payment_term", names))
        return [f"payment_term/{number}" for number in ids]

    async def took(self, page: Page) -> None:
        """Do nothing: Tryton keeps no account of its readers."""

    def unreadable(self) -> Mapping[str, Envelope]:
        moment = datetime(2026, 10, 31, 8, tzinfo=UTC)
        payload = b'{"list": "payment_term", "record": {"id": 4}}'
        return {
            "unreadable_document": Envelope(
                "4", "erp", EventType.MASTER_DATA_CHANGED, "payment_term/4", moment, payload
            )
        }

    async def awaiting(self) -> Sequence[str]:
        return ["EXR-1", "EXR-2"]

    async def act(self, act: Callable[[Administrator], Result]) -> Result:
        """Do something at the accountant's keyboard without holding the loop."""
        return await asyncio.to_thread(act, self.admin)

    def known(self, intent: Intent) -> Intent:
        """Remember a document as this test's own."""
        self.references.add(intent.reference)
        return intent


@asynccontextmanager
async def tryton_harness(server: TrytonServer, admin: Administrator, session: str) -> AsyncIterator[TrytonHarness]:
    """Give a harness over a running Tryton, with a proxy that behaves at the beginning."""
    async with (
        proxied(server.url) as proxy,
        connected(proxy.url, server) as near,
        connected(NOBODY, server) as far,
    ):
        assert near.source
        assert far.target
        assert far.source
        assert isinstance(near.target, TrytonTarget)
        near.target.client._session = session  # signing in takes longer than most tests
        yield TrytonHarness(admin, proxy, near.target, near.source, far.target, far.source, secrets=(server.password,))


def an_intent(*, amount: int = 11_900, currency: str = "EUR", day: date = DAY, company: str = "1000") -> Intent:
    """Return a document that Tryton books: a hotel night of an invented employee."""
    number = next(_NUMBERS)
    cost_center, employee = {"1000": ("CC-1001", "E-003"), "2000": ("CC-2001", "E-004")}[company]
    return Intent(
        reference=f"EXR-{company}-{number:06}-1",
        source_document=f"RPT-{number:06}",
        company=company,
        ledger="main",
        document_type="EX",
        posting_date=day,
        document_date=day,
        currency=currency,
        lines=(
            PostingLine("474120", debit_minor=amount, cost_center=cost_center, project="P-05"),
            PostingLine("331000", credit_minor=amount, party=employee),
        ),
        text="Trip to Hamburg",
    )


def reference_in(move: Mapping[str, Any]) -> str:
    """Return a move's business reference, read as a person would."""
    return str(move["description"] or "").partition(" [")[0]


def booked(move: Mapping[str, Any], reference: str, reverses: str = "") -> Booked:
    """Return a move as the suite compares it; all of them are in euros."""
    total = sum(line["debit"] for line in move["lines."])
    return Booked(reference, move["number"], int(total * 100), reverses)
