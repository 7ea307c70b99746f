"""Rules per failure code: tried again by themselves, given up into a person's queue, ended by a manual success."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from control_plane.acts import transactions as acts
from control_plane.acts.door import Hand, NotPossibleError
from control_plane.domain.access import Actor, Grant, Role
from control_plane.engine.parts import Unit
from control_plane.flows.expense_policy import DEFAULTS
from control_plane.store import policies
from control_plane.store.database import Database
from tests.stands.claims import claim
from tests.stands.world import World, world

HOUR = timedelta(hours=1)
RULE = {"times": 2, "within_hours": 20, "base_seconds": 3600, "ceiling_seconds": 3600}
GOVERNED = {**DEFAULTS["retry"], "codes": {"tax_refused": RULE}}
ANNA = Actor(7, "anna", frozenset({Grant(Role.ANALYST)}))


@pytest.fixture
async def w(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    async with world(database, urls, policy={"retry": GOVERNED}, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        yield one


async def refuse(w: World, percent: int) -> None:
    answer = await w.erp.patch("/twin/settings", json={"tax_refusals_percent": percent})
    answer.raise_for_status()


async def send(w: World) -> None:
    await w.approve(claim("A"))
    await w.pull("concur", "expense_reports")
    await w.settle()


async def test_it_is_tried_so_often_and_then_a_person_is_next(w: World) -> None:
    await refuse(w, 100)
    await send(w)
    (document,) = await w.transactions()
    assert (document.state, document.reason, await w.cases()) == ("ready", "retry", [])
    await w.settle_over(HOUR, turns=2)
    (document,), (case,) = await w.transactions(), await w.cases()
    assert (document.state, document.attempt_count) == ("failed", 3)
    assert (case.state, case.code) == ("new", "tax_refused")


async def test_a_manual_success_leaves_nothing_planned(w: World) -> None:
    await refuse(w, 100)
    await send(w)
    (waiting,) = await w.transactions()
    await refuse(w, 0)

    await w.parts.write(
        lambda unit: acts.retry_now(Hand(unit, ANNA, b"key", reason="Set up"), waiting.id, revision=waiting.revision)
    )
    await w.settle()
    (posted,) = await w.transactions()
    assert (posted.state, posted.attempt_count) == ("posted", 2)
    await w.settle_over(HOUR)
    (later,) = await w.transactions()
    assert (later.state, later.attempt_count) == ("posted", 2)
    assert len((await w.erp_books())["documents"]) == 1
    with pytest.raises(NotPossibleError):
        await w.parts.write(lambda unit: acts.retry_now(Hand(unit, ANNA, b"key"), later.id, revision=later.revision))


async def test_a_rule_holds_from_its_approval_on(w: World) -> None:
    await refuse(w, 100)
    now, ids = w.runtime.now(), w.runtime.ids

    def govern(unit: Unit) -> None:
        value = dict(DEFAULTS["retry"])
        row = policies.propose(unit.session, ids, "expense_report", "retry", value, maker="anna", now=now)
        policies.approve(unit.session, row.id, checker="paul", now=now)

    await w.parts.write(govern)
    await send(w)
    (document,) = await w.transactions()
    assert (document.state, document.reason) == ("failed", "rejected")
