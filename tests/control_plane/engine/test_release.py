"""Fix once, release many: whatever changes, what it held goes on by itself, and nothing else does."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from connectors.canonical.master_data import Domain
from control_plane.engine.learn import bind
from control_plane.engine.parts import Unit
from control_plane.engine.release import release
from control_plane.store import connections, holds, policies
from control_plane.store.database import Database
from control_plane.store.master_data import Binding
from control_plane.store.tables import ExceptionCaseRow
from tests.stands.claims import claim
from tests.stands.world import ROUTING, World, world

DAY = "2026-03-10"
HOLD = {"closed_period": {"rule": "hold"}}


@pytest.fixture
async def strict(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    """A world that holds what falls into a closed period, and checks two documents at a time."""
    async with world(database, urls, policy=HOLD, batch=2) as one:
        await one.learn()
        yield one


async def approve(w: World, *papers: dict[str, Any]) -> None:
    await w.approve(*papers)
    await w.pull("concur", "expense_reports")
    await w.settle()


async def change(w: World, domain: str, code: str, **changes: Any) -> None:
    """Let the ERP change a record, and us hear of it."""
    (await w.erp.patch(f"/twin/master-data/{domain}/{code}", json=changes)).raise_for_status()
    await w.pull("erp", domain)
    await w.settle()


async def govern(w: World, key: str, value: dict[str, Any]) -> None:
    def decide(unit: Unit) -> None:
        flow = "expense_report"
        row = policies.propose(unit.session, unit.ids, flow, key, value, maker="mia", now=unit.now)
        policies.approve(unit.session, row.id, checker="carl", now=unit.now)

    await w.parts.write(decide)
    await w.settle()


async def states(w: World) -> dict[str, str]:
    return {row.source_id: row.state for row in await w.transactions()}


def told(cases: Sequence[ExceptionCaseRow]) -> list[tuple[str, str, str]]:
    return [(case.code, case.record_code, case.state) for case in cases]


async def test_a_period_that_is_opened_releases_its_documents_and_no_others(strict: World) -> None:
    closed = claim("R1", day=DAY, employee="E-003")
    await change(strict, "period", "1000-ap-2026-03", attributes={"status": "closed"})
    await approve(strict, closed, claim("R2", project="P-13", employee="E-003"))
    assert set((await states(strict)).values()) == {"on_hold"}
    await change(strict, "period", "1000-ap-2026-03", attributes={"status": "open"})
    assert await states(strict) == {"R1": "posted", "R2": "on_hold"}


async def test_a_binding_releases_the_documents_that_bear_its_key(strict: World) -> None:
    await approve(strict, claim("R1", employee="E-777"), claim("R2", employee="E-778"))
    assert told(await strict.cases()) == [
        ("missing_binding", "E-777", "new"),
        ("missing_binding", "E-778", "new"),
    ]
    same = Binding(Domain.EMPLOYEE, "concur", "E-777", "E-003")
    assert await strict.parts.write(lambda unit: bind(unit, same, by="carl"))
    assert not await strict.parts.write(lambda unit: bind(unit, same, by="carl"))
    await strict.settle()
    assert await states(strict) == {"R1": "posted", "R2": "on_hold"}
    assert (await strict.erp_books())["documents"][0]["lines"][-1]["party"] == "E-003"


async def test_a_document_that_waits_for_two_things_tells_the_one_that_is_left(strict: World) -> None:
    await approve(strict, claim("R1", employee="E-777", project="P-13"))
    same = Binding(Domain.EMPLOYEE, "concur", "E-777", "E-003")
    await strict.parts.write(lambda unit: bind(unit, same, by="carl"))
    await strict.settle()
    assert told(await strict.cases()) == [("inactive_master_data", "P-13", "new")]
    await change(strict, "project", "P-13", active=True)
    assert await states(strict) == {"R1": "posted"}


async def test_another_route_releases_what_had_none(database: Database, urls: tuple[str, str]) -> None:
    async with world(database, urls, policy={"routing": {"rules": []}}) as w:
        await w.learn()
        await approve(w, claim("R1"), claim("R2", project="P-13"))
        assert [row.reason for row in await w.transactions()] == ["routing", "master_data"]
        await govern(w, "routing", ROUTING)
        assert await states(w) == {"R1": "posted", "R2": "on_hold"}


async def test_a_policy_that_no_longer_holds_releases_what_it_held(strict: World) -> None:
    await change(strict, "period", "1000-ap-2026-03", attributes={"status": "closed"})
    await approve(strict, claim("R1", day=DAY, employee="E-003"))
    assert await states(strict) == {"R1": "on_hold"}
    await govern(strict, "closed_period", {"rule": "move"})
    assert await states(strict) == {"R1": "posted"}


async def test_a_higher_limit_of_the_approver_releases_what_was_above_it(strict: World) -> None:
    await approve(strict, claim("R1", amount="24000.00"))
    (case,) = await strict.cases()
    assert case.code == "approver_not_authorized"
    await change(strict, "approval_hierarchy", case.values["approver"], attributes={"limit": "90000.00"})
    assert await states(strict) == {"R1": "posted"}


async def test_a_resumed_connection_sends_what_waited_for_it(strict: World) -> None:
    await strict.parts.write(lambda unit: connections.pause(unit.session, "erp", reason="manual", now=unit.now))
    await approve(strict, claim("R1"), claim("R2"))
    assert set((await states(strict)).values()) == {"ready"}
    await strict.parts.write(lambda unit: connections.resume(unit.session, "erp"))
    await strict.settle()
    assert set((await states(strict)).values()) == {"posted"}


async def test_many_documents_behind_one_record_are_released_in_order_and_in_bounded_batches(strict: World) -> None:
    await approve(strict, *[claim(f"R{number}", project="P-13") for number in range(7)])
    awaited = ("project", "", "P-13")
    assert await strict.parts.write(lambda unit: holds.wake(unit.session, [awaited], now=unit.now)) == 7
    looked_at = [await release(strict.parts) for _ in range(5)]
    assert looked_at == [2, 2, 2, 1, 0]
    await change(strict, "project", "P-13", active=True)
    assert set((await states(strict)).values()) == {"posted"}
    sources = [document["source_document"] for document in (await strict.erp_books())["documents"]]
    assert sources == [f"R{number}" for number in range(7)]
