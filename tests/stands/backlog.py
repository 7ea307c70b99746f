"""Documents that wait for an ERP in memory, and the workers that send them, all on virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connectors.contract import Connector, Intent, Outcome, OutcomeKind, Posting, PostingLine, Traits
from connectors.failures import Failure
from connectors.limits import Allowance, Limits
from control_plane.engine import intents as intents_json
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.parts import EngineSettings, Parts
from control_plane.engine.worker import work
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.store import payloads, transactions
from control_plane.store.database import Database
from tests.control_plane.store.documents import birth
from tests.stands.runtime import MORNING, CountingIds
from tests.stands.virtual_time import VirtualRuntime, run

LIMIT = 200
LIMITS = Limits(LIMIT)
SECOND = timedelta(seconds=1)
FOR_EVER = timedelta(days=1)
SETTINGS = EngineSettings(settle_every=SECOND / 4, idle_ceiling=5 * SECOND)
LATENCY = timedelta(milliseconds=20)


@dataclass(slots=True)
class Erp:
    """An ERP that is away for a while, takes so many calls a second, and keeps an account of all of them."""

    back_at: datetime = MORNING
    away: Failure = field(default_factory=lambda: Failure("connection_refused"))
    fails_each: int = 0
    limit: int = 10**6
    retry_after_seconds: float = 3.0
    traits: Traits = field(default_factory=lambda: Traits(batch=1, concurrency=16))
    booked: dict[str, datetime] = field(default_factory=dict)
    failed: list[datetime] = field(default_factory=list)
    refused: list[datetime] = field(default_factory=list)
    calls: list[datetime] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        (intent,) = intents
        now = now_here()
        self.calls.append(now)
        is_too_much = len(self.calls) > self.limit and self.calls[-1 - self.limit] > now - SECOND
        is_unlucky = self.fails_each and len(self.calls) % self.fails_each == 0
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(LATENCY.total_seconds())
        self.at_once -= 1
        if now < self.back_at or is_unlucky:
            self.failed.append(now)
            return [Outcome(intent.reference, OutcomeKind.NOT_SENT, failure=self.away)]
        if is_too_much:
            self.refused.append(now)
            failure = Failure("rate_limited", retry_after_seconds=self.retry_after_seconds)
            return [Outcome(intent.reference, OutcomeKind.REJECTED, failure=failure)]
        self.booked[intent.reference] = now
        self._news.set()
        return [Outcome(intent.reference, OutcomeKind.POSTED, _posting(intent, len(self.booked)))]

    async def is_done(self, count: int) -> None:
        while len(self.booked) < count:
            self._news.clear()
            await self._news.wait()

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        return [Outcome(reference, OutcomeKind.ABSENT) for reference in references]

    async def find_by_source(self, source_documents: Sequence[str]) -> dict[str, tuple[Posting, ...]]:
        return dict.fromkeys(source_documents, ())

    async def reverse(self, reversals: Sequence[object]) -> list[Outcome]:
        raise NotImplementedError


def now_here() -> datetime:
    return MORNING + timedelta(seconds=asyncio.get_running_loop().time())


def _posting(intent: Intent, number: int) -> Posting:
    return Posting("erp", intent.company, "2026", "EX", str(number), intent.posting_date, intent.reference)


def _intent(number: int) -> Intent:
    day, lines = date(2026, 3, 16), (PostingLine("474300", debit_minor=100), PostingLine("331000", credit_minor=100))
    return Intent(f"EXR-{number}", f"R{number}", "DE01", "main", "EX", day, day, "EUR", lines)


def fill(database: Database, ids: CountingIds, count: int, target: str = "erp") -> None:
    """Let so many documents wait to be sent."""
    with database.write() as session:
        bodies = [intents_json.encode([_intent(number)]) for number in range(count)]
        kept = [payloads.Payload("intents", "application/json", body) for body in bodies]
        numbers = payloads.put(session, ids, kept, now=MORNING)
        births = [
            birth(ids, f"{target}-{n}", target=target, intents_payload_id=number) for n, number in enumerate(numbers)
        ]
        transactions.bear(session, births, ids, now=MORNING)


@dataclass(slots=True)
class Backlog:
    """Documents that wait, and the workers that send them."""

    database: Database
    ids: CountingIds

    def worker(
        self, number: int, erp: Erp, limits: Limits, take_allowance: Callable[[], Allowance | None] = lambda: None
    ) -> Parts:
        runtime = VirtualRuntime(self.ids, number, store_takes=timedelta(milliseconds=3))
        connector = Connector("erp", target=erp, limits=limits, take_allowance=take_allowance)
        flows = {EXPENSE_REPORT.name: EXPENSE_REPORT}
        return Parts(runtime, self.database, {"erp": connector}, flows, SETTINGS, incarnation=number)

    def send(
        self,
        erp: Erp,
        count: int,
        *,
        limits: Limits = LIMITS,
        workers: int = 1,
        within: timedelta = FOR_EVER,
        is_filled: bool = False,
        take_allowance: Callable[[], Allowance | None] = lambda: None,
    ) -> Erp:
        """Send the documents with so many workers, until all are booked or the time is up."""
        if not is_filled:
            fill(self.database, self.ids, count)
        parts = [self.worker(number + 1, erp, limits, take_allowance) for number in range(workers)]

        async def all_of_them() -> None:
            stop = asyncio.Event()
            loops: list[Awaitable[None]] = [work(one, stop, (deliver, inquire)) for one in parts]
            tasks = [asyncio.ensure_future(one) for one in loops]
            with suppress(TimeoutError):
                await asyncio.wait_for(erp.is_done(count), within.total_seconds())
            stop.set()
            await asyncio.gather(*tasks)

        run(all_of_them())
        return erp
