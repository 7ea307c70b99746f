"""What the ERP sees of the pacing: how often it is called while it is away, after its return and beside its limit."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from connectors.contract import Connector, Intent, Outcome, OutcomeKind, Posting, PostingLine, Traits
from connectors.failures import Failure
from connectors.limits import Allowance, Limits
from control_plane.domain.pacing import PROBE_EVERY
from control_plane.engine import intents as intents_json
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.parts import EngineSettings, Parts
from control_plane.engine.worker import work
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.store import pacing, payloads, transactions
from control_plane.store.database import Database, open_database
from tests.control_plane.store.documents import birth
from tests.stands.databases import SqliteStand
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
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        (intent,) = intents
        now = now_here()
        self.calls.append(now)
        is_too_much = len(self.calls) > self.limit and self.calls[-1 - self.limit] > now - SECOND
        is_unlucky = self.fails_each and len(self.calls) % self.fails_each == 0
        await asyncio.sleep(LATENCY.total_seconds())
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


def busiest_second(moments: Sequence[datetime]) -> int:
    moments = sorted(moments)
    return max((bisect_left(moments, at + SECOND) - number for number, at in enumerate(moments)), default=0)


def _posting(intent: Intent, number: int) -> Posting:
    return Posting("erp", intent.company, "2026", "EX", str(number), intent.posting_date, intent.reference)


def _intent(number: int) -> Intent:
    day, lines = date(2026, 3, 16), (PostingLine("474300", debit_minor=100), PostingLine("331000", credit_minor=100))
    return Intent(f"EXR-{number}", f"R{number}", "DE01", "main", "EX", day, day, "EUR", lines)


def fill(database: Database, ids: CountingIds, count: int) -> None:
    """Let so many documents wait to be sent."""
    with database.write() as session:
        bodies = [intents_json.encode([_intent(number)]) for number in range(count)]
        kept = [payloads.Payload("intents", "application/json", body) for body in bodies]
        numbers = payloads.put(session, ids, kept, now=MORNING)
        births = [birth(ids, f"R{n}", intents_payload_id=number) for n, number in enumerate(numbers)]
        transactions.bear(session, births, ids, now=MORNING)


@pytest.fixture
def backlog(sqlite_stand: SqliteStand) -> "Iterator[Backlog]":
    with sqlite_stand.fresh() as url:
        database = open_database(url)
        yield Backlog(database, CountingIds())
        database.dispose()


@dataclass(slots=True)
class Backlog:
    """Documents that wait, and the workers that send them."""

    database: Database
    ids: CountingIds

    def worker(self, number: int, erp: Erp, limits: Limits, take_allowance: Callable[[], Allowance | None]) -> Parts:
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
        take_allowance: Callable[[], Allowance | None] = lambda: None,
    ) -> Erp:
        """Send the documents with so many workers, until all are booked or the time is up."""
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


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_backlog_drains_at_the_limit_and_never_above_it(backlog: Backlog, workers: int) -> None:
    count, back_at = 2_000, MORNING + timedelta(minutes=2)
    erp = backlog.send(Erp(back_at=back_at, limit=LIMIT), count, workers=workers)
    booked = sorted(erp.booked.values())
    first, last = booked[0], booked[-1]
    assert len(erp.booked) == count
    assert last - first <= 1.1 * timedelta(seconds=count / LIMIT)
    steady = [at for at in booked if first + 2 * SECOND <= at < last - SECOND]
    assert len(steady) / (steady[-1] - steady[0]).total_seconds() >= 0.95 * LIMIT
    assert busiest_second(erp.calls) <= LIMIT
    assert erp.refused == []
    assert [at for at in erp.failed if at >= first] == []


@pytest.mark.slow
def test_while_the_erp_is_away_it_is_called_once_in_30_seconds(backlog: Backlog) -> None:
    erp = backlog.send(Erp(back_at=MORNING + timedelta(minutes=8)), 300, workers=2)
    assert len(erp.booked) == 300
    opened = erp.failed[40]
    probes = [at for at in erp.failed if at > opened + SECOND]
    assert len([at for at in erp.failed if at <= opened + SECOND]) <= 45
    assert all(later - earlier >= PROBE_EVERY for earlier, later in pairwise(probes))


@pytest.mark.parametrize("asked", [1.0, 4.0, 20.0])
def test_a_pause_that_the_erp_asks_for_is_kept_within_a_tenth(backlog: Backlog, asked: float) -> None:
    erp = backlog.send(Erp(limit=20, retry_after_seconds=asked), 40, limits=Limits())
    refused_at = erp.refused[0] + LATENCY
    resting = [at for at in erp.calls if refused_at + LATENCY < at < refused_at + 0.9 * asked * SECOND]
    again = min(at for at in erp.calls if at > refused_at + LATENCY)
    assert resting == []
    assert again <= refused_at + 1.1 * asked * SECOND
    assert len(erp.booked) == 40


def test_what_the_erp_says_of_its_limit_slows_us_down(backlog: Backlog) -> None:
    erp = Erp()
    backlog.send(erp, 60, limits=Limits(), take_allowance=lambda: Allowance(10.0, 30.0))
    assert busiest_second(erp.calls[20:]) <= 10


def test_a_connection_without_limits_and_troubles_costs_nothing(backlog: Backlog) -> None:
    erp = backlog.send(Erp(), 100, limits=Limits())
    assert len(erp.booked) == 100
    with backlog.database.read() as session:
        assert pacing.every(session) == {}


def test_a_failure_now_and_then_is_nobodys_news(backlog: Backlog) -> None:
    erp = backlog.send(Erp(fails_each=7), 100, limits=Limits())
    assert len(erp.booked) == 100
    assert len(erp.failed) > 10
    with backlog.database.read() as session:
        assert pacing.every(session) == {}
