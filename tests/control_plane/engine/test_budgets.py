"""Budgets over a whole way: what standing documents have spent, and who comes too late."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from control_plane.engine.parts import Unit
from control_plane.store import budgets, policies
from control_plane.store.database import Database
from control_plane.store.tables import BudgetUseRow
from tests.stands.claims import claim
from tests.stands.world import World, twins, world

KEY = "project:P-05"
LIMITS = {KEY: {"amount_minor": 30000, "currency": "EUR"}}
POLICY: dict[str, Any] = {
    "budgets": {"exceeded": "hold", "limits": LIMITS},
    "after_post": {"recalled": "reverse", "changed": "reverse"},
}


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def w(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    async with world(database, urls, policy=POLICY, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        yield one


async def approve(w: World, *papers: dict[str, Any]) -> None:
    await w.approve(*papers)
    await w.pull("concur", "expense_reports")
    await w.settle()


async def spent(w: World) -> int:
    found = await w.parts.read(lambda session: budgets.spent(session, [KEY]))
    return found.get((KEY, "EUR"), 0)


async def states(w: World) -> dict[str, tuple[str, str]]:
    return {row.source_document_id: (row.state, row.reason) for row in await w.transactions()}


async def test_documents_of_one_batch_cannot_spend_the_same_money(w: World) -> None:
    await approve(w, *[claim(f"R{n}", amount="100.00", project="P-05") for n in range(1, 5)])
    found = await states(w)
    assert sorted(found.values()) == [("on_hold", "budget"), *[("posted", "")] * 3]
    assert await spent(w) == 30000
    (case,) = await w.cases()
    assert "exceeds the budget of project P-05 by 100.00 EUR" in case.sentence


async def test_what_was_spent_before_counts(w: World) -> None:
    await approve(w, claim("R1", amount="200.00", project="P-05"))
    await approve(w, claim("R2", amount="100.01", project="P-05"), claim("R3", amount="100.00", project="P-05"))
    assert await states(w) == {"R1-1": ("posted", ""), "R2-1": ("on_hold", "budget"), "R3-1": ("posted", "")}


async def test_other_projects_use_nothing_of_it(w: World) -> None:
    await approve(w, claim("R1", amount="900.00", project="P-07"))
    assert await w.parts.read(lambda session: session.exec(select(BudgetUseRow)).all()) == []


async def test_a_document_that_is_taken_back_gives_its_money_back(w: World) -> None:
    await approve(w, claim("R1", amount="300.00", project="P-05"))
    assert await spent(w) == 30000
    await w.recall("R1-1")
    await w.pull("concur", "recalls")
    await w.settle()
    assert [row.state for row in await w.transactions()] == ["reversed"]
    assert await spent(w) == 0
    await approve(w, claim("R2", amount="300.00", project="P-05"))
    assert (await states(w))["R2-1"] == ("posted", "")


async def test_a_later_version_costs_in_place_of_the_one_before(w: World) -> None:
    await approve(w, claim("R1", amount="300.00", project="P-05"))
    await w.recall("R1-1")
    await approve(w, claim("R1", document="R1-2", amount="280.00", project="P-05"))
    assert [row.state for row in await w.transactions()] == ["reversed", "posted"]
    assert await spent(w) == 28000


async def test_a_document_that_is_checked_again_does_not_stand_in_its_own_way(w: World) -> None:
    await w.approve(claim("R1", amount="300.00", project="P-05"))
    await set_active(w, is_active=False)
    await w.pull("concur", "expense_reports")
    await w.settle()
    assert await states(w) == {"R1-1": ("on_hold", "master_data")}
    assert await spent(w) == 30000

    await w.pull("erp", "project")
    await w.settle()
    await set_active(w, is_active=True)
    await w.pull("erp", "project")
    await w.settle()
    assert await states(w) == {"R1-1": ("posted", "")}
    assert await spent(w) == 30000


async def set_active(w: World, *, is_active: bool) -> None:
    (await w.erp.patch("/twin/master-data/project/P-05", json={"active": is_active})).raise_for_status()


async def recall(w: World, document: str) -> None:
    await w.recall(document)
    await w.pull("concur", "recalls")
    await w.settle()


async def test_money_that_comes_back_goes_to_who_waits_for_it_and_to_nobody_twice(w: World) -> None:
    await approve(w, claim("R1", amount="300.00", project="P-05"))
    await approve(w, claim("R2", amount="200.00", project="P-05"), claim("R3", amount="150.00", project="P-05"))
    waiting = ("on_hold", "budget")
    assert await states(w) == {"R1-1": ("posted", ""), "R2-1": waiting, "R3-1": waiting}
    await recall(w, "R1-1")
    found = await states(w)
    assert found.pop("R1-1")[0] == "reversed"
    assert found == {"R2-1": ("posted", ""), "R3-1": waiting}
    assert await spent(w) == 20000


async def test_what_waits_goes_on_when_another_one_is_withdrawn_that_was_never_posted(w: World) -> None:
    await w.approve(claim("R1", amount="300.00", project="P-05"))
    await set_active(w, is_active=False)
    await w.pull("concur", "expense_reports")
    await w.settle()
    await approve(w, claim("R2", amount="300.00", project="P-05"))
    assert await states(w) == {"R1-1": ("on_hold", "master_data"), "R2-1": ("on_hold", "budget")}
    await set_active(w, is_active=True)
    await recall(w, "R1-1")
    assert {name: one for name, (one, _) in (await states(w)).items()} == {"R1-1": "cancelled", "R2-1": "posted"}


async def test_a_budget_that_grows_frees_what_it_held(w: World) -> None:
    await approve(w, claim("R1", amount="300.01", project="P-05"))
    assert await states(w) == {"R1-1": ("on_hold", "budget")}
    value = {"exceeded": "hold", "limits": {KEY: {"amount_minor": 30001, "currency": "EUR"}}}

    def decide(unit: Unit) -> None:
        row = policies.propose(unit.session, unit.ids, "expense_report", "budgets", value, maker="mia", now=unit.now)
        policies.approve(unit.session, row.id, checker="carl", now=unit.now)

    await w.parts.write(decide)
    await w.settle()
    assert await states(w) == {"R1-1": ("posted", "")}
