from collections.abc import Sequence
from typing import Any

import httpx

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from control_plane.flows.expense_policy import DEFAULTS
from control_plane.store import holds, master_data
from control_plane.store.holds import HoldKey
from tests.control_plane.api.stand import FLOW, Stand
from tests.control_plane.api.test_failure_rules import approve

WISH = {
    "domain": "employee",
    "source_system": "concur",
    "source_key": "E-777",
    "erp_key": "E-003",
    "reason": "The same person, hired twice",
}


def known(stand: Stand, *records: MasterRecord) -> None:
    with stand.database.write() as session:
        master_data.record(session, "erp", records, now=stand.runtime.now(), ids=stand.runtime.ids)


def employee(code: str, *, active: bool = True) -> MasterRecord:
    return MasterRecord(Domain.EMPLOYEE, code, "Anna Example", active=active, attributes={}, legal_entity="DE01")


def held(stand: Stand, *keys: HoldKey) -> int:
    document = stand.document(State.ON_HOLD, Reason.MASTER_DATA)
    with stand.database.write() as session:
        holds.replace(session, {document.id: keys})
    return document.id


def woken(stand: Stand) -> Sequence[int]:
    with stand.database.read() as session:
        return holds.woken(session, now=stand.runtime.now(), limit=10)


async def propose(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.post("/v1/bindings/propose", json={**WISH, **changes})


async def test_a_binding_takes_effect_when_a_second_person_agrees_and_wakes_what_waited_for_it(stand: Stand) -> None:
    known(stand, employee("E-003"))
    waiting = held(stand, ("employee", "DE01", "E-777"))
    held(stand, ("employee", "DE01", "E-778"))
    async with stand.client(stand.key(Role.ANALYST)) as maker, stand.client(stand.key(Role.APPROVER)) as checker:
        proposed = await propose(maker)
        assert woken(stand) == []
        done = await approve(checker, proposed.json()["approval_id"])
        listed = (await maker.get("/v1/bindings", params={"domain": "employee"})).json()["items"]
        again = await propose(maker)
    assert (proposed.status_code, done.status_code, again.status_code) == (200, 200, 409)
    assert woken(stand) == [waiting]
    assert [(one["source_key"], one["erp_key"], one["version"]) for one in listed] == [("E-777", "E-003", 1)]


async def test_a_key_that_is_bound_anew_wakes_what_waited_under_the_old_one(stand: Stand) -> None:
    known(stand, employee("E-003"), employee("E-004"))
    async with stand.client(stand.key(Role.ANALYST)) as maker, stand.client(stand.key(Role.APPROVER)) as checker:
        await approve(checker, (await propose(maker)).json()["approval_id"])
        waiting = held(stand, ("employee", "DE01", "E-003"))
        await approve(checker, (await propose(maker, erp_key="E-004")).json()["approval_id"])
    assert woken(stand) == [waiting]


async def test_nothing_is_bound_to_what_the_erp_does_not_have_or_does_not_use(stand: Stand) -> None:
    known(stand, employee("E-003", active=False))
    async with stand.client(stand.key(Role.ANALYST)) as client:
        inactive = await propose(client)
        missing = await propose(client, erp_key="E-999")
        own_list = await propose(client, domain="period", erp_key="2026-03")
    assert [one.status_code for one in (inactive, missing, own_list)] == [409, 409, 409]


async def test_nobody_agrees_to_a_binding_that_pays_them(stand: Stand) -> None:
    known(stand, employee("E-003"))
    own = stand.key(Grant(Role.APPROVER, "DE01"), employee_ref="E-003")
    async with stand.client(stand.key(Role.ANALYST)) as maker, stand.client(own) as checker:
        refused = await approve(checker, (await propose(maker)).json()["approval_id"])
    assert refused.status_code == 403


async def test_another_field_mapping_is_agreed_to_by_two_and_wakes_what_the_flow_holds(stand: Stand) -> None:
    waiting = held(stand, holds.policy_key(FLOW))
    path = f"/v1/flows/{FLOW}/policy/propose"
    mapping = {"by_expense_type": {"TRAIN": "474100"}, "default": "474300"}
    async with stand.client(stand.key(Role.CONTROLLER)) as maker, stand.client(stand.key(Role.CONTROLLER)) as checker:
        wrong = await maker.post(path, json={"key": "accounts", "value": {"default": 7}, "reason": "Try it"})
        missing = await maker.post(path, json={"key": "colors", "value": {}, "reason": "Try it"})
        body = {"key": "accounts", "value": mapping, "reason": "Trains have an account of their own"}
        proposed = await maker.post(path, json=body)
        assert woken(stand) == []
        done = await approve(checker, proposed.json()["approval_id"])
        flows = (await maker.get("/v1/flows")).json()["items"]
    assert [one.status_code for one in (wrong, missing, proposed, done)] == [409, 409, 200, 200]
    assert woken(stand) == [waiting]
    (flow,) = [one for one in flows if one["name"] == FLOW]
    assert {one["key"]: one["value"] for one in flow["policy"]} == {**DEFAULTS, "accounts": mapping}
