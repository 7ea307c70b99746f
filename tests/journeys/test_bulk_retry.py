"""A hundred claims that the ERP refuses for their tax codes, retried together: one call while it refuses, all after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlmodel import col, func, select

from control_plane.acts import approvals
from control_plane.acts import bulk as acts
from control_plane.acts.bulk import Order
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import Hand
from control_plane.acts.ramp import Ramp
from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.bulk import BulkAct, ItemState
from control_plane.domain.bulk_plan import Selection
from control_plane.engine.worker import PASSES, settle_down
from control_plane.store import approvals as proposals
from control_plane.store import bulk, people
from control_plane.store.database import Database
from control_plane.store.people import Person
from control_plane.store.queries import bulk as queries
from control_plane.store.tables import BulkOperationRow, LineageRow
from tests.stands.balance import BALANCE, MOVEMENTS, RECOMPUTED
from tests.stands.claims import claim
from tests.stands.world import World, twins, world

COUNT: Final = 110
KEY: Final = b"key"
_FROZEN: Final = """
    SELECT count(*) FROM bulk_operation o
    WHERE item_count <> (SELECT count(*) FROM bulk_item i WHERE i.operation_id = o.id
        AND i.state IN ('waiting', 'running', 'succeeded', 'failed', 'skipped'))
"""


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@contextmanager
def checked_at_every_commit(database: Database) -> Iterator[list[str]]:
    """Collect what does not add up in any commit, of the ledger and of the operations."""
    wrong: list[str] = []

    def check(connection: Connection) -> None:
        told = [{tuple(row) for row in connection.execute(text(one))} for one in (RECOMPUTED, BALANCE, MOVEMENTS)]
        if not told[0] == told[1] == told[2]:
            wrong.append("the ledger")
        if connection.execute(text(_FROZEN)).scalar_one():
            wrong.append("the items of an operation")

    event.listen(database.writer, "commit", check)
    yield wrong
    event.remove(database.writer, "commit", check)


async def person(w: World, login: str, role: Role) -> Actor:
    def known(unit: Any) -> Actor:  # a unit of work
        number = people.add(unit.session, unit.ids, Person(login, login.title()), now=unit.now)
        people.set_grants(unit.session, number, [Grant(role)])
        found = people.actor(unit.session, number, now=unit.now)
        assert found is not None
        return found

    return await w.parts.write(known)


async def act(w: World, actor: Actor, deed: Callable[[Hand], Any]) -> Any:  # whatever the deed returns
    return await w.parts.write(lambda unit: deed(Hand(unit, actor, KEY, reason="The tax codes are set up")))


async def operation(w: World, number: int) -> BulkOperationRow:
    row = await w.parts.read(lambda session: bulk.row_of(session, number))
    assert row is not None
    return row


async def agreed(w: World, actor: Actor, row: BulkOperationRow) -> None:
    """Let a second person agree to a plan."""
    proposal = await w.parts.read(lambda session: proposals.row_of(session, row.approval_id or 0))
    assert proposal is not None
    seen: dict[str, Any] = {"revision": proposal.revision, "content_sha256": proposal.content_sha256}
    await act(w, actor, lambda hand: approvals.approve(hand, proposal.id, consequences=CONSEQUENCES, **seen))


async def refusing(w: World, percent: int) -> None:
    (await w.erp.patch("/twin/settings", json={"tax_refusals_percent": percent})).raise_for_status()


async def sent(w: World) -> int:
    """Return how often a document was sent, as the lineage tells."""
    query = select(func.count()).where(col(LineageRow.name) == "lease", col(LineageRow.flow) == "expense_report")
    return await w.parts.read(lambda session: session.exec(query).one())


@pytest.mark.slow
async def test_a_bulk_retry_stops_while_the_erp_refuses_and_runs_through_after_the_fix(database: Database) -> None:
    with twins() as urls, checked_at_every_commit(database) as wrong:
        async with world(database, urls, idle=timedelta(milliseconds=5)) as w:
            await w.learn()
            await refusing(w, 100)
            await w.approve(*(claim(f"R{number}", amount=f"{100 + number}.00") for number in range(COUNT)))
            await w.pull("concur", "expense_reports")
            await w.settle()
            cases = await w.cases()
            assert {(one.code, one.state) for one in cases} == {("tax_refused", "new")}
            assert len(cases) == COUNT
            await retried(w, cases[0].fingerprint)
    assert not wrong


async def retried(w: World, fingerprint: str) -> None:
    """Retry everything of the cause, before and after the ERP was set right."""
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    order = Order(BulkAct.RETRY, Selection({"fingerprint": fingerprint}))
    number = await act(w, anna, lambda hand: acts.plan(hand, order))
    planned = await operation(w, number)
    assert (planned.state, planned.item_count, planned.plan["calls"][0]["count"]) == ("pending_approval", COUNT, COUNT)
    await agreed(w, paul, planned)
    seen = await operation(w, number)
    await act(w, anna, lambda hand: acts.start(hand, number, revision=seen.revision))
    await settled(w)
    stopped = await operation(w, number)
    assert (stopped.state, stopped.stop_reason) == ("stopped", "canary_failed")
    assert await sent(w) == COUNT + 1

    await refusing(w, 0)
    await act(w, anna, lambda hand: acts.resume(hand, number, revision=stopped.revision))
    await settled(w)
    tally = await w.parts.read(lambda session: queries.tally(session, number))
    assert (await operation(w, number)).state == "finished"
    assert tally.by_state == {ItemState.SUCCEEDED: COUNT}
    assert await sent(w) == 2 * COUNT + 1
    assert {row.state for row in await w.transactions()} == {"posted"}
    assert {one.state for one in await w.cases()} == {"resolved"}
    assert len((await w.erp_books())["documents"]) == COUNT


async def settled(w: World) -> None:
    """Do everything that can be done, bulk operations included."""
    await settle_down(w.parts, passes=(*PASSES, Ramp(KEY)))
