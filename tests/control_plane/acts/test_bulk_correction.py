"""The same correction made to many documents, on real twins: it goes its own way for each of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from control_plane.acts import approvals
from control_plane.acts import bulk as acts
from control_plane.acts.bulk import Order
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import Hand, NotPossibleError
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
from control_plane.store.tables import BulkOperationRow
from tests.stands.balance import is_balanced
from tests.stands.claims import claim
from tests.stands.world import World, twins, world

KEY: Final = b"key"
SHUT, OPEN = "P-05", "P-06"
CORRECTION: Final = {
    "changes": [{"path": "lines.*.project", "before": SHUT, "after": OPEN}],
    "reason_code": "inactive_master_data",
}


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def w(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    async with world(database, urls, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        (await one.erp.patch(f"/twin/master-data/project/{SHUT}", json={"active": False})).raise_for_status()
        await one.pull("erp", "project")
        await one.settle()
        yield one


async def person(w: World, login: str, role: Role) -> Actor:
    def known(unit: Any) -> Actor:  # a unit of work
        number = people.add(unit.session, unit.ids, Person(login, login.title()), now=unit.now)
        people.set_grants(unit.session, number, [Grant(role)])
        found = people.actor(unit.session, number, now=unit.now)
        assert found is not None
        return found

    return await w.parts.write(known)


async def act(w: World, actor: Actor, deed: Callable[[Hand], Any]) -> Any:  # whatever the deed returns
    return await w.parts.write(lambda unit: deed(Hand(unit, actor, KEY, reason="The project was shut")))


async def planned(w: World, actor: Actor, **amounts: str) -> BulkOperationRow:
    """Plan to correct claims over these amounts, which are held for their project."""
    await w.approve(*(claim(name, amount=amount, project=SHUT) for name, amount in amounts.items()))
    await w.pull("concur", "expense_reports")
    await w.settle()
    assert {one.state for one in await w.transactions()} == {"on_hold"}
    order = Order(BulkAct.CORRECT, Selection({"code": "inactive_master_data"}), CORRECTION)
    return await operation(w, await act(w, actor, lambda hand: acts.plan(hand, order)))


async def operation(w: World, number: int) -> BulkOperationRow:
    row = await w.parts.read(lambda session: bulk.row_of(session, number))
    assert row is not None
    return row


async def run(w: World, actor: Actor, row: BulkOperationRow) -> dict[ItemState, int]:
    """Let the operation run and return where its items stand then."""
    seen = await operation(w, row.id)
    await act(w, actor, lambda hand: acts.start(hand, row.id, revision=seen.revision))
    await settle_down(w.parts, passes=(*PASSES, Ramp(KEY)))
    tally = await w.parts.read(lambda session: queries.tally(session, row.id))
    return dict(tally.by_state)


async def test_every_document_gets_its_corrected_version(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    row = await planned(w, anna, A="100.00", B="110.00", C="120.00")
    assert row.plan["missing_master_data_count"] == 3
    assert await run(w, anna, row) == {ItemState.SUCCEEDED: 3}
    states = sorted(one.state for one in await w.transactions())
    assert states == ["posted"] * 3 + ["superseded"] * 3
    assert {one.state for one in await w.cases()} == {"resolved"}
    assert await w.parts.read(is_balanced)


async def test_who_agreed_to_the_set_has_agreed_to_each_correction(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    row = await planned(w, anna, A="4000.00", B="4100.00", C="4200.00")
    proposal = await w.parts.read(lambda session: proposals.row_of(session, row.approval_id or 0))
    assert proposal is not None
    assert proposal.content["parameters"] == CORRECTION
    seen: dict[str, Any] = {"revision": proposal.revision, "content_sha256": proposal.content_sha256}
    await act(w, paul, lambda hand: approvals.approve(hand, proposal.id, consequences=CONSEQUENCES, **seen))
    assert await run(w, anna, row) == {ItemState.SUCCEEDED: 3}


async def test_a_correction_that_corrects_nothing_is_no_plan(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    with pytest.raises(NotPossibleError):
        await act(w, anna, lambda hand: acts.plan(hand, Order(BulkAct.CORRECT, Selection({"code": "x"}), {})))
