"""A document that no worker survives: put aside in the end, while the others go on."""

import asyncio
from datetime import timedelta

from sqlmodel import col, select

from connectors.contract import Traits
from connectors.limits import Limits
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.poison import POISON_AFTER
from control_plane.engine.reap import reap
from control_plane.store import queue
from control_plane.store.database import Database
from control_plane.store.tables import ExceptionCaseRow, TransactionRow
from control_plane.store.transactions import Work
from tests.stands.backlog import Backlog, Erp, fill
from tests.stands.virtual_time import run

LEASE = timedelta(seconds=30)
GRACE = timedelta(seconds=1)
TRAITS = Traits(batch=1, concurrency=4, visibility_grace=GRACE)


def seize(unit: Unit) -> list[Work]:
    """Lease whatever is due, as a worker does that dies at once."""
    return queue.lease(
        unit.session,
        unit.ids,
        queue.Wanted("erp", ["expense_report"], 100),
        owner=9,
        now=unit.now,
        until=unit.now + LEASE,
    )


async def die_with_all_that_is_due(parts: Parts) -> int:
    held = await parts.write(seize)
    await parts.runtime.sleep(LEASE)
    await reap(parts)
    for _ in range(40):
        await parts.runtime.sleep(GRACE / 2)
        await inquire(parts)
    return len(held)


def states(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.exec(select(TransactionRow).order_by(col(TransactionRow.id))).all()
    return [(row.state, row.reason) for row in rows]


def test_a_document_that_no_worker_survives_is_put_aside_with_a_sentence(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 1)
    parts = backlog.worker(1, Erp(traits=TRAITS), Limits())

    async def story() -> None:
        for _ in range(POISON_AFTER - 1):
            assert await die_with_all_that_is_due(parts) == 1
            assert states(backlog.database) == [("ready", "proved_absent")]
        assert await die_with_all_that_is_due(parts) == 1
        assert states(backlog.database) == [("failed", "poison")]
        assert await die_with_all_that_is_due(parts) == 0

    run(story())
    with backlog.database.read() as session:
        (case,) = session.exec(select(ExceptionCaseRow)).all()
    assert (case.code, case.kind, case.team) == ("worker_stopped", "poison", "integration_platform")
    assert "Whoever sends document" in case.sentence


def test_those_in_one_batch_with_it_are_sent_apart_and_go_on(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 4)
    erp = Erp(traits=TRAITS)
    parts = backlog.worker(1, erp, Limits())

    async def story() -> None:
        assert await die_with_all_that_is_due(parts) == 4
        assert await die_with_all_that_is_due(parts) == 4
        await asyncio.sleep(1)
        await deliver(parts)

    run(story())
    assert states(backlog.database) == [("posted", "")] * 4


def test_an_answer_in_between_clears_a_document(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 1)
    erp = Erp(traits=TRAITS)
    parts = backlog.worker(1, erp, Limits())

    async def story() -> None:
        for _ in range(POISON_AFTER - 1):
            await die_with_all_that_is_due(parts)
        erp.fails_each = 1
        await deliver(parts)
        await asyncio.sleep(120)
        await die_with_all_that_is_due(parts)

    run(story())
    assert states(backlog.database) == [("ready", "proved_absent")]
