"""Promises change their status when their time comes, claims run out, and rules that changed reach what is open."""

from datetime import timedelta
from typing import Any

import pytest

from control_plane.domain import exception_case as machine
from control_plane.domain.routing import KEY
from control_plane.domain.transaction import Reason, State
from control_plane.engine.parts import EngineSettings, Parts
from control_plane.engine.watch import watch
from control_plane.store import exception_cases, idempotency, lineage, policies
from control_plane.store.database import Database
from control_plane.store.tables import IdempotencyRow
from tests.control_plane.api.stand import Stand
from tests.stands.runtime import StandRuntime


@pytest.fixture
def stand(database: Database, runtime: StandRuntime) -> Stand:
    return Stand(database, runtime)


def parts(stand: Stand, **changes: Any) -> Parts:
    return Parts(stand.runtime, stand.database, {}, {}, **changes)


async def test_a_promise_is_at_risk_and_then_breached(stand: Stand) -> None:
    row = stand.document(State.READY)
    seen = []
    for hours in (0, 6, 2, 1):
        stand.runtime.advance(timedelta(hours=hours))
        changed = await watch(parts(stand))
        now = stand.transaction_row(row.id)
        seen.append((changed, now.sla_status, now.sla_next_at is None))
    assert seen == [(0, "on_time", False), (1, "at_risk", False), (1, "breached", True), (0, "breached", True)]


async def test_a_document_that_was_late_twice_is_breached_at_once(stand: Stand) -> None:
    row = stand.document(State.FAILED, Reason.CONTRACT)
    stand.runtime.advance(timedelta(days=1))
    await watch(parts(stand))
    assert stand.transaction_row(row.id).sla_status == "breached"


async def test_what_has_ended_breaks_no_promise_any_more(stand: Stand) -> None:
    row = stand.document(State.CANCELLED, Reason.RECALLED)
    stand.runtime.advance(timedelta(days=1))
    await watch(parts(stand))
    after = stand.transaction_row(row.id)
    assert (after.sla_status, after.sla_next_at) == ("on_time", None)


async def test_answers_that_are_no_longer_promised_are_forgotten(stand: Stand) -> None:
    request = idempotency.Request(person_id=1, key="k-1", sha256="abc")
    with stand.database.write() as session:
        idempotency.begin(session, request, now=stand.runtime.now())
    left = []
    for waited in (timedelta(0), idempotency.KEPT_FOR - timedelta(seconds=1), timedelta(seconds=1)):
        stand.runtime.advance(waited)
        await watch(parts(stand))
        with stand.database.read() as session:
            left.append(session.get(IdempotencyRow, (1, "k-1")) is not None)
    assert left == [True, True, False]


async def test_an_idle_claim_runs_out(stand: Stand) -> None:
    row = stand.stuck(due_at=None, sla_next_at=None)
    claimed = machine.claim(exception_cases.case_of(row), 7, now=stand.runtime.now())
    with stand.database.write() as session:
        exception_cases.change(session, row, claimed, now=stand.runtime.now())
    stand.runtime.advance(machine.CLAIM_LASTS)
    assert await watch(parts(stand)) == 0
    assert stand.case_row(row.id).state == "new"


async def test_new_rules_reach_what_nobody_has_claimed_and_its_story_tells_it(stand: Stand) -> None:
    few = parts(stand, settings=EngineSettings(batch=2))
    rows = [stand.stuck(due_at=None, sla_next_at=None) for _ in range(3)]
    rules = {"rules": [{"when": {"flow": "expense_report"}, "then": {"team": "finance_operations"}}]}
    assert await watch(few) == 0
    with stand.database.write() as session:
        row = policies.propose(session, stand.runtime.ids, "*", KEY, rules, maker="mia", now=stand.runtime.now())
        policies.approve(session, row.id, checker="carl", now=stand.runtime.now())
    assert [await watch(few) for _ in range(3)] == [2, 1, 0]
    assert {stand.case_row(row.id).team for row in rows} == {"finance_operations"}
    with stand.database.read() as session:
        told = [one for one in lineage.story_of(session, [rows[0].transaction_id or 0]) if one.name == "rerouted"]
    because = {"before": "erp_team", "after": "finance_operations", "because": "rule 1 of version 1"}
    assert [(one.kind, one.by, one.facts) for one in told] == [("act", "tieout", because)]
