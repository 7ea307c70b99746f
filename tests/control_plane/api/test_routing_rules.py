"""Routing over HTTP: proposed by one, approved by another, tried before, and obeyed by the engine."""

from datetime import timedelta
from typing import Any

import httpx

from connectors.failures import Failure
from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from control_plane.engine import trouble
from control_plane.engine.parts import Unit
from control_plane.store import transactions
from tests.control_plane.api.stand import Stand, at, exc

REFUSED = {"code": "rejected_by_target", "legal_entity": "DE01"}
RULES: dict[str, Any] = {
    "rules": [{"when": REFUSED, "then": {"team": "treasury"}}],
    "teams": {"treasury": {"members": ["tina"]}},
}


async def propose(stand: Stand, key: str, value: dict[str, Any]) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post("/v1/routing-rules/propose", json={**value, "reason": "Treasury asked for it"})


async def approve(stand: Stand, key: str, approval_id: str) -> httpx.Response:
    async with stand.client(key) as client:
        shown = await client.get(f"/v1/approvals/{approval_id}")
        body = {"reason": "Agreed with treasury", "content_sha256": shown.json()["content_sha256"]}
        headers = {"if-match": shown.headers["etag"]}
        return await client.post(f"/v1/approvals/{approval_id}/approve", json=body, headers=headers)


async def in_force(stand: Stand, value: dict[str, Any]) -> None:
    proposed = await propose(stand, stand.key(Role.CONTROLLER), value)
    assert proposed.status_code == 200, proposed.text
    decided = await approve(stand, stand.key(Role.CONTROLLER), proposed.json()["approval_id"])
    assert decided.status_code == 200, decided.text


async def test_rules_take_effect_when_somebody_else_approves_them(stand: Stand) -> None:
    carla = stand.key(Role.CONTROLLER, login="carla")
    proposed = await propose(stand, carla, RULES)
    own = await approve(stand, carla, proposed.json()["approval_id"])
    assert own.status_code == 403
    async with stand.client(carla) as client:
        assert (await client.get("/v1/routing-rules")).json()["version"] == 0
    other = await approve(stand, stand.key(Role.CONTROLLER, login="paul"), proposed.json()["approval_id"])
    assert other.status_code == 200, other.text
    async with stand.client(carla) as client:
        shown = (await client.get("/v1/routing-rules")).json()
    assert (shown["version"], shown["maker"], shown["checker"]) == (1, "carla", "paul")
    assert shown["rules"] == RULES["rules"]
    assert "treasury" in shown["all_teams"]


async def test_the_engine_sends_new_exceptions_by_the_rules(stand: Stand) -> None:
    await in_force(stand, RULES)
    documents = [stand.document(State.FAILED, Reason.REJECTED, legal_entity_id=one) for one in ("DE01", "FR02")]
    with stand.database.write() as session:
        unit = Unit(session, stand.runtime.now(), stand.runtime.ids, {})
        works = transactions.by_ids(session, [one.id for one in documents])
        troubles = [trouble.Trouble(work, (Failure("rejected_by_target"),), "post") for work in works]
        trouble.open_cases(unit, troubles)
    async with stand.client(stand.key(Role.VIEWER)) as client:
        items = (await client.get("/v1/exceptions")).json()["items"]
    routed = {one["legal_entity_id"]: (one["team"], one["routed_by"], one["business_owner"]) for one in items}
    assert routed == {
        "DE01": ("treasury", "rule 1 of version 1", documents[0].counterparty),
        "FR02": ("erp_team", "", documents[1].counterparty),
    }


async def test_a_dry_run_says_what_each_team_would_have_got(stand: Stand) -> None:
    start = stand.runtime.now()
    stand.stuck(legal_entity_id="DE01", amount_minor=1_000, group_minor=1_000)
    stand.stuck(legal_entity_id="FR02", amount_minor=2_000, group_minor=2_000)
    stand.case(stand.document(State.ON_HOLD, Reason.PERIOD), "closed_period")
    stand.runtime.advance(timedelta(days=1))
    stand.stuck(legal_entity_id="DE01")
    body = {**RULES, "since": at(start), "until": at(start + timedelta(hours=1))}
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        answer = (await client.post("/v1/routing-rules/dry-run", json=body)).json()
    loads = {
        one["team"]: (one["before"]["count"], one["after"]["count"], one["after"]["group"]["minor"])
        for one in answer["teams"]
    }
    assert loads == {"erp_team": (2, 1, 2_000), "finance_operations": (1, 1, 41_250), "treasury": (0, 1, 1_000)}


async def test_a_dry_run_shows_nothing_of_other_entities(lite: Stand) -> None:
    start = lite.runtime.now()
    lite.stuck(legal_entity_id="FR02")
    body = {**RULES, "since": at(start), "until": at(start + timedelta(hours=1))}
    async with lite.client(lite.key(Grant(Role.CONTROLLER, "DE01"))) as client:
        answer = await client.post("/v1/routing-rules/dry-run", json=body)
    assert answer.json()["teams"] == []


async def test_rules_that_cannot_be_used_are_refused_where_they_are_wrong(lite: Stand) -> None:
    broken = {"rules": [{"when": {"cod": "x"}, "then": {"team": "erp_team"}}]}
    key = lite.key(Role.CONTROLLER)
    proposed = await propose(lite, key, broken)
    async with lite.client(key) as client:
        period = {"since": "2026-10-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
        tried = await client.post("/v1/routing-rules/dry-run", json={**broken, **period})
    for answer in (proposed, tried):
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == "#/rules/0/when/cod"


async def test_a_rule_that_can_never_match_is_proposed_with_a_warning(lite: Stand) -> None:
    shadowed = {"rules": [{"when": {}, "then": {"team": "erp_team"}}, *RULES["rules"]], "teams": RULES["teams"]}
    answer = await propose(lite, lite.key(Role.CONTROLLER), shadowed)
    assert [one["pointer"] for one in answer.json()["warnings"]] == ["#/rules/1"]


async def test_only_who_may_change_policies_proposes_and_only_one_proposal_waits(lite: Stand) -> None:
    assert (await propose(lite, lite.key(Role.ANALYST), RULES)).status_code == 403
    assert (await propose(lite, lite.key(Grant(Role.CONTROLLER, "DE01")), RULES)).status_code in {403, 404}
    assert (await propose(lite, lite.key(Role.CONTROLLER), RULES)).status_code == 200
    assert (await propose(lite, lite.key(Role.CONTROLLER), RULES)).status_code == 409


async def test_members_of_a_team_accept_for_it_and_others_do_not(lite: Stand) -> None:
    await in_force(lite, RULES)
    anna, tina, berta = (lite.key(Role.ANALYST, login=name) for name in ("anna", "tina", "berta"))
    row = lite.stuck()
    path = f"/v1/exceptions/{exc(row)}"

    async def act(key: str, name: str, body: dict[str, str] | None = None) -> int:
        headers = {"if-match": f'"{lite.case_row(row.id).revision}"'}
        async with lite.client(key) as client:
            return (await client.post(f"{path}/{name}", json=body, headers=headers)).status_code

    assert await act(anna, "claim") == 200
    assert await act(anna, "hand-over", {"reason": "Yours, I think", "team": "treasury"}) == 200
    assert await act(berta, "accept-hand-over") == 409
    assert await act(tina, "accept-hand-over") == 200
    assert lite.case_row(row.id).team == "treasury"
