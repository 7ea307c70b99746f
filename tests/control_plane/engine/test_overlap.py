"""Batches that overlap: the next one is leased while the last one is on its way, and nothing else changes by that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import pytest

from connectors.contract import Connector, Intent, Outcome, Traits
from connectors.limits import Limits
from control_plane.engine.deliver import deliver
from control_plane.engine.parts import Parts
from control_plane.store.database import Database
from control_plane.store.troubles import DatabaseTroubleError
from tests.control_plane.store.documents import rows
from tests.stands.backlog import LATENCY, SECOND, Backlog, Erp, fill
from tests.stands.runtime import MORNING
from tests.stands.virtual_time import VirtualRuntime, run

T = TypeVar("T")

BATCH = 40
STORE_TAKES = timedelta(milliseconds=20)


@dataclass(slots=True)
class Watched(Erp):
    """An ERP that looks into our books at each call."""

    database: Database | None = None
    leased: list[int] = field(default_factory=list)

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        if self.database is not None:
            self.leased.append(sum(row.state == "in_flight" for row in rows(self.database).values()))
        return await super(Watched, self).post(intents)


class Stumbling(VirtualRuntime):
    """A runtime whose database is away for one of its units of work."""

    away_at = 0
    count = 0

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        self.count += 1
        if self.count == self.away_at:
            raise DatabaseTroubleError
        return await super().in_store(work, *arguments)


def slow_store(backlog: Backlog, erp: Erp, runtime: VirtualRuntime | None = None) -> Parts:
    parts = backlog.worker(1, erp, Limits())
    runtime = runtime or VirtualRuntime(backlog.ids, 1, store_takes=STORE_TAKES)
    return replace(parts, runtime=runtime, settings=replace(parts.settings, batch=BATCH))


def states(backlog: Backlog) -> dict[str, int]:
    found = [row.state for row in rows(backlog.database).values()]
    return {state: found.count(state) for state in sorted(set(found))}


def test_a_target_never_waits_for_the_database_between_two_batches(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 400)
    erp = Erp(traits=Traits(batch=1, concurrency=8))
    assert run(deliver(slow_store(backlog, erp))) == 400
    booked = sorted(erp.booked.values())
    assert erp.most_at_once == 8
    assert booked[-1] - booked[0] <= 1.05 * (400 / 8) * LATENCY
    assert states(backlog) == {"posted": 400}


def test_each_of_the_three_stages_holds_one_batch_at_most(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 400)
    erp = Watched(traits=Traits(batch=1, concurrency=8), database=backlog.database)
    run(deliver(slow_store(backlog, erp)))
    assert BATCH < max(erp.leased) <= 3 * BATCH


def test_a_target_that_wants_one_writer_has_one_over_all_batches(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 120)
    erp = Erp(traits=Traits(batch=1, concurrency=8, is_serial_per_company=True))
    run(deliver(slow_store(backlog, erp)))
    assert erp.most_at_once == 1
    assert len(erp.booked) == 120


def test_what_comes_for_one_target_does_not_wait_for_the_backlog_of_another(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 400)
    slow, other = (Erp(traits=Traits(batch=1, concurrency=2)) for _ in range(2))
    parts = slow_store(backlog, slow)
    parts = replace(parts, connectors={**parts.connectors, "other": Connector("other", target=other)})

    async def meanwhile() -> None:
        await parts.runtime.sleep(SECOND)
        fill(backlog.database, backlog.ids, 1, target="other")

    async def both() -> None:
        arriving = parts.runtime.spawn(meanwhile(), name="arrive")
        await deliver(parts)
        await arriving

    run(both())
    (sent_at,) = other.booked.values()
    assert sent_at < MORNING + 2 * SECOND < max(slow.booked.values())


@pytest.mark.parametrize("away_at", range(2, 8))
def test_a_database_that_is_away_for_a_moment_loses_no_answer(backlog: Backlog, away_at: int) -> None:
    fill(backlog.database, backlog.ids, 200)
    runtime = Stumbling(backlog.ids, 1, store_takes=timedelta(milliseconds=5))
    runtime.away_at = away_at
    erp = Erp(traits=Traits(batch=1, concurrency=8))
    sent = run(deliver(slow_store(backlog, erp, runtime)))
    assert BATCH <= sent == len(erp.booked)
    assert states(backlog) == {"posted": sent, "ready": 200 - sent} or sent == 200


def test_a_worker_that_ends_leases_no_further_batch(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 400)
    erp = Erp(traits=Traits(batch=1, concurrency=4))
    parts = slow_store(backlog, erp)

    async def interrupted() -> int:
        ending = parts.runtime.spawn(_end(parts), name="end")
        sent = await deliver(parts)
        await ending
        return sent

    assert run(interrupted()) <= 2 * BATCH
    assert 0 < len(erp.booked) < 2 * BATCH
    assert states(backlog) == {"posted": len(erp.booked), "ready": 400 - len(erp.booked)}


async def _end(parts: Parts) -> None:
    await parts.runtime.sleep(SECOND / 8)
    parts.pace.is_closing = True
