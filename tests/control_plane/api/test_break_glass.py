"""Break-glass over HTTP: rights for a while, for a reason, and another person's look at them afterwards."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from control_plane.domain.access import Grant, Role
from control_plane.store import people
from control_plane.store.database import Database
from control_plane.store.statements import table_of
from control_plane.store.tables import BreakGlassRow
from tests.control_plane.api.stand import Stand, exc, seen

EMERGENCY = {
    "role": "approver",
    "legal_entity_id": "DE01",
    "minutes": 60,
    "reason": "Month end, and both approvers are on a plane",
}
BECAUSE = {"reason": "It is right so"}


async def take(stand: Stand, key: str, **other: Any) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post("/v1/break-glass", json=EMERGENCY | other)


async def act(stand: Stand, key: str, taken: dict[str, Any], name: str, **body: Any) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post(
            f"/v1/break-glass/{taken['id']}/{name}",
            headers={"if-match": f'"{taken["revision"]}"'},
            json=BECAUSE | body,
        )


def later(stand: Stand, **time: int) -> None:
    stand.runtime.advance(timedelta(**time))


async def release(stand: Stand, key: str) -> int:
    from control_plane.domain.transaction import Reason, State  # noqa: PLC0415

    row = stand.stuck(State.ON_HOLD, Reason.BUDGET)
    async with stand.client(key) as client:
        return (await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)).status_code


async def test_rights_are_there_for_a_while_and_end_by_themselves(stand: Stand) -> None:
    key = stand.key(Role.ANALYST, login="anna")
    assert await release(stand, key) == 403
    taken = await take(stand, key)
    assert taken.status_code == 200, taken.text
    later(stand, seconds=2)
    assert await release(stand, key) == 200
    later(stand, minutes=61)
    assert await release(stand, key) == 403


async def test_rights_are_given_back_early(lite: Stand) -> None:
    key = lite.key(Role.ANALYST)
    taken = (await take(lite, key)).json()
    later(lite, minutes=1)
    assert (await act(lite, key, taken, "give-back")).status_code == 200
    later(lite, seconds=2)
    assert await release(lite, key) == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "admin"}, 403),
        ({"role": "auditor"}, 403),
        ({"legal_entity_id": "FR02"}, 404),
        ({"legal_entity_id": "*"}, 404),
        ({"reason": "hurry"}, 422),
        ({"minutes": 241}, 422),
        ({"minutes": 0}, 422),
        ({"role": "analyst"}, 409),
    ],
)
async def test_not_every_right_is_taken(lite: Stand, change: dict[str, Any], status: int) -> None:
    assert (await take(lite, lite.key(Grant(Role.ANALYST, "DE01")), **change)).status_code == status


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.ADMIN, Role.MACHINE])
async def test_not_everybody_takes_them(lite: Stand, role: Role) -> None:
    assert (await take(lite, lite.key(role))).status_code in {403, 404}


async def test_somebody_else_looks_at_it_once_it_is_over_with_everything_that_was_done(stand: Stand) -> None:
    anna, controller = stand.key(Role.ANALYST, login="anna"), stand.key(Role.CONTROLLER, login="clara")
    taken = (await take(stand, anna)).json()
    later(stand, seconds=2)
    await release(stand, anna)
    assert (await act(stand, controller, taken, "review", was_justified=True)).status_code == 403
    later(stand, hours=2)
    async with stand.client(controller) as client:
        open_ones = (await client.get("/v1/break-glass", params={"is_reviewed": "false"})).json()
        shown = (await client.get(f"/v1/break-glass/{taken['id']}")).json()
    assert (open_ones["unreviewed_count"], open_ones["items"][0]["acts"]) == (1, ["review"])
    assert [deed["action"] for deed in shown["deeds"]] == ["break_glass.take", "exception.release"]
    reviewed = await act(stand, controller, taken, "review", was_justified=True)
    assert (reviewed.status_code, reviewed.json()["reviewer"]) == (200, "clara")
    assert (await act(stand, controller, reviewed.json(), "review", was_justified=True)).status_code == 409


async def test_nobody_looks_at_their_own_nor_at_that_of_who_they_report_to(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST, Role.CONTROLLER, login="anna", employee_ref="E1")
    alias = lite.key(Role.CONTROLLER, login="anna2", employee_ref="E1")
    below = lite.key(Role.CONTROLLER, login="ben", employee_ref="E3")
    elevated = lite.key(Role.CONTROLLER, login="ed")
    with lite.database.write() as session:
        boss, ben = people.by_login(session, "anna"), people.by_login(session, "ben")
        assert boss is not None
        assert ben is not None
        ben.reports_to = boss.id
        session.add(ben)
    taken = (await take(lite, anna)).json()
    later(lite, minutes=90)
    assert (await take(lite, elevated)).status_code == 200
    for key in (anna, alias, below, elevated):
        assert (await act(lite, key, taken, "review", was_justified=True)).status_code == 403
    assert (await act(lite, lite.key(Role.CONTROLLER), taken, "review", was_justified=False)).status_code == 200


async def test_who_has_nothing_to_do_with_it_does_not_know_of_it(lite: Stand) -> None:
    taken = (await take(lite, lite.key(Role.ANALYST))).json()
    async with lite.client(lite.key(Role.ANALYST)) as client:
        assert (await client.get(f"/v1/break-glass/{taken['id']}")).status_code == 404
        assert (await client.get("/v1/break-glass")).json()["items"] == []


async def test_nobody_reviews_their_own_not_even_by_sql(database: Database, stand: Stand) -> None:
    await take(stand, stand.key(Role.ANALYST, employee_ref="E1"))
    table = table_of(BreakGlassRow)
    now = stand.runtime.now()
    for who, constraint in (
        ({"reviewer_id": table.c.person_id}, "four_eyes"),
        ({"reviewer_id": 1, "reviewer_employee_ref": "E1"}, "two_persons"),
        ({}, "reviewed_by_somebody"),
    ):
        with pytest.raises(IntegrityError, match=constraint), database.write() as session:
            session.connection().execute(update(table).values(reviewed_at=now, **who))


async def test_nobody_gives_back_what_is_somebody_elses_or_over(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST)
    taken = (await take(lite, anna)).json()
    assert (await act(lite, lite.key(Role.CONTROLLER), taken, "give-back")).status_code == 404
    assert (await act(lite, anna, taken | {"revision": 7}, "give-back")).status_code == 412
    later(lite, hours=2)
    assert (await act(lite, anna, taken, "give-back")).status_code == 409
    assert (
        await act(lite, lite.key(Role.CONTROLLER), taken | {"revision": 7}, "review", was_justified=True)
    ).status_code == 412


async def test_what_is_taken_twice_is_taken_once(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST)
    assert (await take(lite, anna)).status_code == 200
    later(lite, seconds=2)
    assert (await take(lite, anna)).status_code == 409
    later(lite, hours=2)
    assert (await take(lite, anna)).status_code == 200
