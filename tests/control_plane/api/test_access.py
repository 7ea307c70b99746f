"""Access over HTTP: nobody changes anybody's rights alone, and nobody their own."""

from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from control_plane.domain.access import Grant, Role
from control_plane.store import people
from tests.control_plane.api.stand import Stand
from tests.control_plane.api.test_failure_rules import approve

BECAUSE: Final = {"reason": "The yearly review of rights"}
SMALL: Final = {"role": "approver", "legal_entity_id": "DE01", "limit_minor": 250_000}


async def propose(client: httpx.AsyncClient, login: str, **wanted: Any) -> httpx.Response:
    return await client.post(f"/v1/people/{login}/propose-access", json=BECAUSE | wanted)


async def decided(client: httpx.AsyncClient, proposed: httpx.Response) -> httpx.Response:
    return await approve(client, proposed.json()["approval_id"])


async def person(client: httpx.AsyncClient, login: str) -> dict[str, Any]:
    items = (await client.get("/v1/people")).json()["items"]
    return dict(next(one for one in items if one["login"] == login))


@pytest.fixture
def ada(stand: Stand) -> str:
    """Return the key of an administrator, who reads no document."""
    return stand.key(Role.ADMIN, login="ada")


@pytest.fixture
def carl(stand: Stand) -> str:
    return stand.key(Role.CONTROLLER, login="carl")


async def test_nobody_proposes_their_own_rights_by_any_name(stand: Stand) -> None:
    ada = stand.key(Role.ADMIN, login="ada", employee_ref="E-ADA")
    stand.key(login="ada2", employee_ref="E-ADA")
    async with stand.client(ada) as client:
        answers = [await propose(client, login, grants=[SMALL]) for login in ("ada", "ada2")]
    assert [one.status_code for one in answers] == [403, 403]


async def test_what_fits_nothing_is_refused_with_the_reason(stand: Stand, ada: str) -> None:
    stand.key(Role.ANALYST, login="anna")
    async with stand.client(ada) as client:
        said = {
            "nobody": await propose(client, "nobody", grants=[]),
            "unchanged": await propose(client, "anna", reports_to="", grants=[{"role": "analyst"}]),
            "nothing": await propose(client, "anna"),
            "twice": await propose(client, "anna", grants=[SMALL, SMALL | {"limit_minor": 1}]),
            "no superior": await propose(client, "anna", reports_to="nobody"),
            "oneself": await propose(client, "anna", reports_to="anna"),
            "below nothing": await propose(client, "anna", grants=[SMALL | {"limit_minor": -1}]),
            "no role": await propose(client, "anna", grants=[{"role": "king"}]),
        }
    assert {name: one.status_code for name, one in said.items()} == {
        "nobody": 404,
        "unchanged": 409,
        "nothing": 409,
        "twice": 409,
        "no superior": 409,
        "oneself": 409,
        "below nothing": 422,
        "no role": 422,
    }


async def test_superiors_never_form_a_ring(stand: Stand, ada: str, carl: str) -> None:
    for login in ("anna", "ben", "cora"):
        stand.key(Role.ANALYST, login=login)
    async with stand.client(ada) as admin, stand.client(carl) as checker:
        for login, above in (("anna", "ben"), ("ben", "cora")):
            assert (await decided(checker, await propose(admin, login, reports_to=above))).status_code == 200
        ring = await propose(admin, "cora", reports_to="anna")
    assert (ring.status_code, ring.json()["detail"]) == (409, "anna is cora, or reports to them.")


async def test_neither_its_maker_nor_whom_it_is_about_nor_who_reports_to_them_decides_it(stand: Stand) -> None:
    ada = stand.key(Role.ADMIN, Role.CONTROLLER, login="ada")
    boss = stand.key(Role.CONTROLLER, login="boss", employee_ref="E-BOSS")
    below = stand.key(Role.CONTROLLER, login="below", employee_ref="E-BELOW")
    with stand.database.write() as session:
        row, above = people.by_login(session, "below"), people.by_login(session, "boss")
        assert row is not None
        assert above is not None
        row.reports_to = above.id
        session.add(row)
    async with stand.client(ada) as maker, stand.client(boss) as about, stand.client(below) as under:
        proposed = await propose(maker, "boss", grants=[SMALL])
        answers = [await decided(client, proposed) for client in (maker, about, under)]
        assert (await person(maker, "boss"))["grants"][0]["role"] == "controller"
    assert [one.status_code for one in answers] == [403, 403, 403]


async def test_access_that_changed_meanwhile_is_proposed_anew(stand: Stand, ada: str, carl: str) -> None:
    stand.key(Role.ANALYST, login="anna")
    async with stand.client(ada) as admin, stand.client(carl) as checker:
        proposed = await propose(admin, "anna", grants=[SMALL])
        with stand.database.write() as session:
            anna = people.by_login(session, "anna")
            assert anna is not None
            people.set_grants(session, anna.id, [Grant(Role.VIEWER)])
        late = await decided(checker, proposed)
        assert [one["role"] for one in (await person(admin, "anna"))["grants"]] == ["viewer"]
    assert late.status_code == 409


async def test_a_limit_and_a_superior_hold_when_a_second_person_agrees(stand: Stand, ada: str, carl: str) -> None:
    anna = stand.key(Role.ANALYST, login="anna")
    async with stand.client(ada) as admin, stand.client(carl) as checker:
        proposed = await propose(admin, "anna", reports_to="carl", grants=[SMALL])
        before = await person(admin, "anna")
        assert (await decided(checker, proposed)).status_code == 200
        after = await person(checker, "anna")
        told = (await checker.get("/v1/audit", params={"action": "access.approve"})).json()["items"]
    async with stand.client(anna) as client:
        stand.runtime.advance(timedelta(seconds=2))
        me = (await client.get("/v1/me")).json()
    assert (before["reports_to"], [one["role"] for one in before["grants"]]) == ("", ["analyst"])
    assert after["reports_to"] == "carl"
    assert [(one["role"], one["legal_entity_id"], one["limit"]["minor"]) for one in after["grants"]] == [
        ("approver", "DE01", 250_000)
    ]
    assert me["grants"] == after["grants"]
    assert [(one["actor"], one["before"]["reports_to"], one["after"]["reports_to"]) for one in told] == [
        ("carl", "", "carl")
    ]


async def test_what_is_lent_in_an_emergency_outlasts_a_change_of_access(stand: Stand, ada: str, carl: str) -> None:
    anna = stand.key(Role.ANALYST, login="anna")
    emergency = {"role": "integrator", "legal_entity_id": "*", "minutes": 5, "reason": "Everything stands still"}
    async with stand.client(anna) as client, stand.client(ada) as admin, stand.client(carl) as checker:
        assert (await client.post("/v1/break-glass", json=emergency)).status_code == 200
        assert (await decided(checker, await propose(admin, "anna", grants=[]))).status_code == 200
        grants = (await person(admin, "anna"))["grants"]
    assert [(one["role"], one["valid_until"] is None) for one in grants] == [("integrator", False)]


async def test_an_administrator_sees_and_takes_back_what_they_proposed_and_no_more(stand: Stand, ada: str) -> None:
    stand.key(Role.ANALYST, login="anna")
    async with stand.client(ada) as client:
        number = (await propose(client, "anna", grants=[SMALL])).json()["approval_id"]
        mine = (await client.get("/v1/approvals", params={"mine": "true"})).json()["items"]
        every = await client.get("/v1/approvals")
        withdrawn = await client.post(
            f"/v1/approvals/{number}/withdraw", json=BECAUSE, headers={"if-match": f'"{mine[0]["revision"]}"'}
        )
    assert [(one["id"], one["content"]["login"], one["acts"]) for one in mine] == [(number, "anna", ["withdraw"])]
    assert (every.status_code, withdrawn.json()["state"]) == (403, "withdrawn")


async def test_who_may_what_is_shown_to_those_who_manage_or_audit_it(lite: Stand) -> None:
    answers = {}
    for role in (Role.ADMIN, Role.AUDITOR, Role.CONTROLLER, Role.ANALYST, Role.VIEWER):
        async with lite.client(lite.key(role)) as client:
            answers[role] = (await client.get("/v1/people")).status_code
    assert answers == {
        Role.ADMIN: 200,
        Role.AUDITOR: 200,
        Role.CONTROLLER: 200,
        Role.ANALYST: 403,
        Role.VIEWER: 403,
    }
