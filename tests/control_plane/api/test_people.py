"""Who asks, one-time codes, flows, master data and the audit over HTTP."""

from datetime import timedelta

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.api.app import create_app
from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from control_plane.store import holds, master_data, people, policies
from tests.control_plane.api.stand import FLOW, Stand


async def test_i_am_told_who_i_am_and_what_i_may(lite: Stand) -> None:
    async with lite.client(lite.key(Grant(Role.ANALYST, "DE01"), Role.VIEWER, login="anna")) as client:
        me = (await client.get("/v1/me")).json()
    assert (me["login"], me["name"], me["group_currency"]) == ("anna", "Anna", "EUR")
    assert [(one["role"], one["legal_entity_id"], one["limit"]) for one in me["grants"]] == [
        ("analyst", "DE01", None),
        ("viewer", "*", None),
    ]
    assert me["acts"] == ["break_glass", "claim", "comment", "propose", "read", "retry", "return"]


async def test_a_one_time_code_signs_in_once(stand: Stand) -> None:
    stand.key(Role.ANALYST, login="anna")
    with stand.database.read() as session:
        anna = people.by_login(session, "anna")
        assert anna is not None
    services = stand.services
    code = services.sign_in_codes.issue(anna.id, expires_at=stand.runtime.now() + timedelta(minutes=5))
    stale = services.sign_in_codes.issue(anna.id, expires_at=stand.runtime.now())
    app = create_app(services)
    async with stand.client(app=app) as client:
        signed_in = await client.post(f"/v1/sign-in-codes/{code}")
        again = await client.post(f"/v1/sign-in-codes/{code}")
        late = await client.post(f"/v1/sign-in-codes/{stale}")
        wrong = await client.post("/v1/sign-in-codes/guess")
    assert [signed_in.status_code, again.status_code, late.status_code, wrong.status_code] == [200, 404, 404, 404]
    key = signed_in.json()["key"]
    async with stand.client(key) as client:
        assert (await client.get("/v1/me")).json()["login"] == "anna"
        stand.runtime.advance(timedelta(hours=8))
        assert (await client.get("/v1/me")).status_code == 401


async def test_a_code_of_somebody_who_was_shut_out_opens_nothing(lite: Stand) -> None:
    lite.key(Role.ANALYST, login="anna")
    services = lite.services
    with lite.database.write() as session:
        anna = people.by_login(session, "anna")
        assert anna is not None
        people.deactivate(session, anna.id)
    code = services.sign_in_codes.issue(anna.id, expires_at=lite.runtime.now() + timedelta(minutes=5))
    async with lite.client(app=create_app(services)) as client:
        assert (await client.post(f"/v1/sign-in-codes/{code}")).status_code == 404


async def test_flows_show_their_steps_and_the_policy_in_force(lite: Stand) -> None:
    now = lite.runtime.now()
    with lite.database.write() as session:
        row = policies.propose(session, lite.runtime.ids, FLOW, "routing", {"rules": []}, maker="mia", now=now)
        policies.approve(session, row.id, checker="carl", now=now)
        policies.propose(session, lite.runtime.ids, FLOW, "routing", {"rules": [1]}, maker="mia", now=now)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        flow = (await client.get("/v1/flows")).json()["items"][0]
    values = {one["key"]: one for one in flow["policy"]}
    assert "validate" in flow["steps"]
    promised = {"start": "received", "stop": "posted", "within": "8 business hours", "pause": []}
    assert flow["sla"] == [promised]
    assert (values["routing"]["version"], values["routing"]["checker"], values["routing"]["value"]) == (
        1,
        "carl",
        {"rules": []},
    )
    assert any(one["version"] == 0 for one in flow["policy"])


async def test_a_flow_shows_the_promise_in_force(lite: Stand) -> None:
    now, value = lite.runtime.now(), {"business_hours": 1, "at_risk_after": "1/2"}
    with lite.database.write() as session:
        row = policies.propose(session, lite.runtime.ids, FLOW, "sla", value, maker="mia", now=now)
        policies.approve(session, row.id, checker="carl", now=now)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        flow = (await client.get("/v1/flows")).json()["items"][0]
    assert flow["sla"][0]["within"] == "1 business hour"


async def test_master_data_is_shown_as_it_stands_and_stood_with_what_waits_for_it(stand: Stand) -> None:
    def project(code: str, *, active: bool, entity: str = "") -> MasterRecord:
        return MasterRecord(Domain.PROJECT, code, f"Project {code}", active, {"currency": "EUR"}, entity)

    first = [project("P-1", active=True), project("P-2", active=True), project("P-3", active=True, entity="FR02")]
    with stand.database.write() as session:
        master_data.record(session, "erp", first, now=stand.runtime.now(), ids=stand.runtime.ids)
    then = stand.runtime.now()
    stand.runtime.advance(timedelta(days=1))
    with stand.database.write() as session:
        changed = [project("P-1", active=False)]
        master_data.record(session, "erp", changed, now=stand.runtime.now(), ids=stand.runtime.ids)
    held = stand.document(State.ON_HOLD, Reason.MASTER_DATA)
    with stand.database.write() as session:
        holds.replace(session, {held.id: [("project", "", "P-1")]})
    async with stand.client(stand.key(Grant(Role.VIEWER, "DE01"))) as client:
        path = "/v1/master-data/project"
        now = (await client.get(path, params={"limit": 1})).json()
        rest = (await client.get(path, params={"limit": 1, "cursor": now["next_cursor"]})).json()
        before = (await client.get(path, params={"as_of": then.isoformat()})).json()["items"]
        inactive = (await client.get(path, params={"active": "false", "q": "P-"})).json()["items"]
    assert [(one["code"], one["active"], one["version"]) for one in now["items"]] == [("P-1", False, 2)]
    assert now["items"][0]["waiting"]["count"] == 1
    assert [one["code"] for one in rest["items"]] == ["P-2"]
    assert rest["next_cursor"] is None
    assert [(one["code"], one["active"]) for one in before] == [("P-1", True), ("P-2", True)]
    assert [one["code"] for one in inactive] == ["P-1"]


async def test_the_audit_is_for_auditors_and_controllers(lite: Stand) -> None:
    for role, status in ((Role.AUDITOR, 200), (Role.CONTROLLER, 200), (Role.ANALYST, 403), (Role.INTEGRATOR, 403)):
        async with lite.client(lite.key(role)) as client:
            assert (await client.get("/v1/audit")).status_code == status
