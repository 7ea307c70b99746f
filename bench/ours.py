"""Tieout's own worker doing W(n) in a process of its own: the settings, parts and passes that the product runs with."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final  # JSON values

from sqlalchemy import func
from sqlmodel import Session, col, select

from bench import meter
from bench.processes import Used, given_order, tell, wait_for_go
from bench.profiling import profiled
from bench.reports import Report
from bench.work import SOURCE, envelopes
from connectors.contract import Envelope
from control_plane.bootstrap.assembly import assembled, publisher_of
from control_plane.bootstrap.process import Process, all_until_stopped, started
from control_plane.domain.ledger import Movement
from control_plane.domain.transaction import State
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.pull import pull_next
from control_plane.engine.receive import Feed, receive
from control_plane.engine.worker import PASSES, Pass, work
from control_plane.proof.configuration import CONTROL_ACCOUNTS
from control_plane.settings import Settings
from control_plane.settings.sections import ConnectionSection, DatabaseSection, EngineSection
from control_plane.store import ledger, runs
from control_plane.store.tables import LedgerBalanceRow, TransactionRow

FLOW: Final = "expense_report"
PAGE: Final = 200
"""Expenses that are accepted in one commit."""
POLL_SECONDS: Final = 0.05

POLICY: Final[Mapping[str, Any]] = {
    "accounts": {"by_expense_type": {}, "default": "474300"},
    "control_accounts": {"*": CONTROL_ACCOUNTS},
    "routing": {"rules": [{"then": {"target": "erp", "ledger": "main", "document_type": "EX"}}]},
}
_DONE: Final = (State.POSTED, State.FAILED, State.DUPLICATE)
"""Booked, refused with an exception that a person owns, or withdrawn as a repetition: nothing moves any more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a process of ours is to do."""

    database_url: str
    erp_url: str
    count: int
    """It ends when so many expenses are done."""
    feeds: bool = True
    """Accept the expenses here."""
    works: bool = True
    in_flight: int = 32
    """Calls to the ERP at the same time."""
    batch: int = 1
    """Documents per call."""
    calls_per_second: float | None = None
    """What the ERP lets us, as it is configured; None: nobody knows of a limit."""
    learns: bool = True
    """Read the ERP's lists first; not where the database holds them already."""
    keeps_ledger: bool = True
    """False only to see what the ledger costs."""
    deadline_seconds: float = 600.0
    profile: str = ""
    """Where the profile of both threads is kept; empty: none is made."""


def settings_of(order: Order) -> Settings:
    """Return the product's settings for an order."""
    erp = ConnectionSection(
        provider="sandbox_erp",
        url=order.erp_url,
        credentials={"api_key": "sandbox-key"},
        options={
            "batch": str(order.batch),
            "concurrency": str(order.in_flight),
            "visibility_grace_seconds": "0.1",  # this ERP shows at once what it has booked
        },
        every=timedelta(hours=1),
        calls_per_second=order.calls_per_second,
    )
    return Settings(
        database=DatabaseSection(url=order.database_url),
        engine=EngineSection(),
        connections={SOURCE: ConnectionSection(provider="events"), "erp": erp},
        flows={FLOW: dict(POLICY)},
    )


async def learn(parts: Parts) -> None:
    """Read all of the ERP's lists."""
    source = parts.connectors["erp"].source
    streams = source.streams if source else ()

    def plan(unit: Unit) -> None:
        for stream in streams:
            runs.plan(unit.session, unit.ids, "erp", stream, at=unit.now, trigger=runs.Trigger.PERSON)

    await parts.write(plan)
    for _ in streams:
        await pull_next(parts)


async def feed(parts: Parts, count: int) -> None:
    """Accept W(count), a page per commit, as the intake does."""
    meter.STAGE.set("accept")
    source = parts.connectors[SOURCE].source
    if source is None:
        return
    way_in = Feed(SOURCE, "events", source)
    for first in range(0, count, PAGE):
        page = envelopes(range(first, min(first + PAGE, count)))
        await parts.write(partial(_take, way_in, page))


def _take(way_in: Feed, page: Sequence[Envelope], unit: Unit) -> None:
    receive(unit, way_in, page)


def states(session: Session) -> dict[str, int]:
    """Return how many expenses stand where, by the ledger."""
    query = select(LedgerBalanceRow.state, func.sum(LedgerBalanceRow.count)).where(LedgerBalanceRow.flow == FLOW)
    return {state: int(count) for state, count in session.exec(query.group_by(col(LedgerBalanceRow.state))) if count}


def rows_by_state(session: Session) -> dict[str, int]:
    """Return the same by the transactions themselves: slower, and right without the ledger as well."""
    query = select(TransactionRow.state, func.count()).where(TransactionRow.flow == FLOW)
    return dict(session.exec(query.group_by(col(TransactionRow.state))).all())


def done(stand: Mapping[str, int]) -> int:
    """Return how many expenses have come to their end."""
    return sum(stand.get(state, 0) for state in _DONE)


async def until_done(parts: Parts, order: Order) -> Mapping[str, int]:
    """Return where the expenses stand once all are done, or when the time is up."""
    meter.STAGE.set("bench")
    ends_at = time.monotonic() + order.deadline_seconds
    stand: Mapping[str, int] = {}
    counted = states if order.keeps_ledger else rows_by_state
    while time.monotonic() < ends_at:
        stand = await parts.read(counted)
        if done(stand) >= order.count:
            break
        await asyncio.sleep(POLL_SECONDS)
    return stand


async def _drive(parts: Parts, order: Order, metered: meter.Metered) -> Report:
    began, before = time.monotonic(), Used.so_far()
    if order.feeds:
        await feed(parts, order.count)
    stand = await until_done(parts, order) if order.works else {}
    ended, after = time.monotonic(), Used.so_far()
    return Report(
        seconds=ended - began,
        cpu_seconds=after.cpu_seconds - before.cpu_seconds,
        peak_mb=after.peak_mb,
        done=done(stand),
        states=stand,
        stages=dict(metered.seconds),
        ended_at=ended,
    )


async def _run(process: Process, parts: Parts, order: Order) -> Report:
    metered = meter.Metered(parts.runtime)
    parts = replace(parts, runtime=metered)
    reports: list[Report] = []

    async def drive() -> None:
        reports.append(await _drive(parts, order, metered))

    passes: tuple[Pass, ...] = (*PASSES, publisher_of(process.settings, screen_url=""))
    works = [work(parts, process.stop, [meter.named(one) for one in passes])] if order.works else []
    await all_until_stopped(process, (drive(), *works))
    return reports[0]


def _forget(session: Session, movements: Iterable[Movement], *, now: datetime) -> None:
    """Book nothing."""


async def main() -> None:
    """Do what was ordered and tell how it went."""
    order = Order(**given_order())
    if not order.keeps_ledger:
        ledger.move = _forget
    async with started(settings_of(order), "worker") as process, assembled(process) as parts:
        if order.learns:
            await learn(parts)
        await asyncio.to_thread(wait_for_go)
        async with profiled(process.runtime, order.profile):
            report = await _run(process, parts, order)
    tell(asdict(report))


if __name__ == "__main__":
    asyncio.run(main())
