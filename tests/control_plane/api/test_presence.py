"""Absence and delegation: claims go back to the team, and a substitute is both persons where it counts."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from control_plane.domain.access import Role
from control_plane.domain.identity import public_id
from control_plane.domain.materiality import Materiality
from control_plane.domain.transaction import Reason, State
from control_plane.store import exception_sweeps
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import Stand, at, exc, seen

DAY = timedelta(days=1)


def while_away(stand: Stand, days: int = 3, **fields: str) -> dict[str, str]:
    now = stand.runtime.now()
    return {"starts_at": at(now), "ends_at": at(now + days * DAY), "reason": "On holiday", **fields}


async def post(stand: Stand, key: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post(f"/v1/{path}", json=body)


async def act(
    stand: Stand, key: str, row: ExceptionCaseRow, name: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    async with stand.client(key) as client:
        headers = seen(stand.case_row(row.id))
        return await client.post(f"/v1/exceptions/{exc(row)}/{name}", json=body, headers=headers)


def sweep(stand: Stand) -> None:
    with stand.database.write() as session:
        if exception_sweeps.has_due(session, now=stand.runtime.now()):
            exception_sweeps.sweep(session, Materiality, now=stand.runtime.now())


async def test_what_somebody_claimed_before_going_away_is_back_with_the_team(stand: Stand) -> None:
    anna = stand.key(Role.ANALYST, login="anna")
    before, meanwhile = stand.stuck(), stand.stuck()
    await act(stand, anna, before, "claim")
    await act(stand, anna, before, "start-work")
    stand.runtime.advance(timedelta(seconds=1))
    answer = await post(stand, anna, "absences", while_away(stand))
    assert [one["person"] for one in answer.json()["absences"]] == ["anna"]
    stand.runtime.advance(timedelta(seconds=1))
    await act(stand, anna, meanwhile, "claim")
    sweep(stand)
    assert [stand.case_row(one.id).state for one in (before, meanwhile)] == ["new", "assigned"]


async def test_nothing_is_handed_to_somebody_who_is_away(lite: Stand) -> None:
    anna, berta = lite.key(Role.ANALYST), lite.key(Role.ANALYST, login="berta")
    row = lite.stuck()
    await act(lite, anna, row, "claim")
    noted = await post(lite, berta, "absences", while_away(lite))
    lite.runtime.advance(timedelta(seconds=1))
    wanted = {"reason": "Your project", "person": "berta"}
    refused = await act(lite, anna, row, "hand-over", wanted)
    assert (refused.status_code, "is away until" in refused.json()["detail"]) == (409, True)
    back = await post(lite, berta, f"absences/{noted.json()['absences'][0]['id']}/end", {"reason": "Back early"})
    assert back.json()["absences"] == []
    assert (await act(lite, anna, row, "hand-over", wanted)).status_code == 200


@pytest.mark.parametrize(
    ("days", "status"), [(1, 200), (0, 409), (-2, 409), (400, 409)], ids=["a day", "nothing", "over", "for ever"]
)
async def test_an_absence_lasts_and_ends(lite: Stand, days: int, status: int) -> None:
    answer = await post(lite, lite.key(Role.ANALYST), "absences", while_away(lite, days))
    assert answer.status_code == status


async def test_an_absence_that_is_over_or_unknown_is_not_ended(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST)
    noted = await post(lite, anna, "absences", while_away(lite))
    path, because = f"absences/{noted.json()['absences'][0]['id']}/end", {"reason": "Back early"}
    assert (await post(lite, lite.key(Role.ANALYST), path, because)).status_code == 403
    lite.runtime.advance(4 * DAY)
    assert (await post(lite, anna, path, because)).status_code == 409
    for kind, prefix in (("absences", "abs"), ("delegations", "dlg")):
        assert (await post(lite, anna, f"{kind}/{public_id(prefix, 5)}/end", because)).status_code == 404


async def test_an_absence_that_has_not_begun_is_as_if_never_noted(lite: Stand) -> None:
    anna, now = lite.key(Role.ANALYST, login="anna"), lite.runtime.now()
    wanted = {"starts_at": at(now + DAY), "ends_at": at(now + 2 * DAY), "reason": "On holiday"}
    noted = await post(lite, anna, "absences", wanted)
    await post(lite, anna, f"absences/{noted.json()['absences'][0]['id']}/end", {"reason": "Not going"})
    async with lite.client(anna) as client:
        assert (await client.get("/v1/absences")).json() == {"absences": [], "delegations": []}


async def test_only_an_administrator_speaks_for_others(lite: Stand) -> None:
    lite.key(Role.ANALYST, login="anna")
    about_anna = while_away(lite, person="anna")
    assert (await post(lite, lite.key(Role.CONTROLLER), "absences", about_anna)).status_code == 403
    admin = lite.key(Role.ADMIN, login="ada")
    noted = await post(lite, admin, "absences", about_anna)
    assert noted.status_code == 200
    lite.key(Role.ANALYST, login="berta")
    assert (await post(lite, lite.key(Role.ANALYST), "delegations", {**about_anna, "to": "berta"})).status_code == 403
    assert (await post(lite, admin, "delegations", {**about_anna, "to": "berta"})).status_code == 200
    assert (await post(lite, admin, "absences", while_away(lite, person="nobody"))).status_code == 409


async def test_a_substitute_has_the_roles_of_who_is_away_for_so_long(stand: Stand) -> None:
    paul, vera = stand.key(Role.APPROVER, login="paul"), stand.key(Role.VIEWER, login="vera")
    row = stand.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
    assert (await act(stand, vera, row, "release", {"reason": "Paul is away"})).status_code == 403
    begun = await post(stand, paul, "delegations", while_away(stand, to="vera"))
    assert [(one["person"], one["to"]) for one in begun.json()["delegations"]] == [("paul", "vera")]
    stand.runtime.advance(timedelta(minutes=1))
    assert (await act(stand, vera, row, "release", {"reason": "Paul is away"})).status_code == 200
    stand.runtime.advance(3 * DAY)
    other = stand.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
    assert (await act(stand, vera, other, "release", {"reason": "Paul is away"})).status_code == 403


async def test_a_substitute_takes_over_what_the_other_one_had(lite: Stand) -> None:
    anna, berta = lite.key(Role.ANALYST, login="anna"), lite.key(Role.ANALYST, login="berta")
    row = lite.stuck()
    await act(lite, anna, row, "claim")
    assert (await act(lite, berta, row, "claim")).status_code == 409
    await post(lite, anna, "delegations", while_away(lite, to="berta"))
    lite.runtime.advance(timedelta(minutes=1))
    async with lite.client(berta) as client:
        assert "claim" in (await client.get(f"/v1/exceptions/{exc(row)}")).json()["acts"]
    taken = await act(lite, berta, row, "claim")
    assert (taken.status_code, taken.json()["claimed_by"]["login"]) == (200, "berta")


async def test_a_delegation_is_ended_by_whose_work_it_is(lite: Stand) -> None:
    paul, vera = lite.key(Role.APPROVER, login="paul"), lite.key(Role.VIEWER, login="vera")
    begun = await post(lite, paul, "delegations", while_away(lite, to="vera"))
    path = f"delegations/{begun.json()['delegations'][0]['id']}/end"
    lite.runtime.advance(timedelta(minutes=1))
    assert (await post(lite, vera, path, {"reason": "Too much"})).status_code == 403
    ended = await post(lite, paul, path, {"reason": "Back early"})
    assert (ended.status_code, ended.json()["delegations"]) == (200, [])
    assert (await post(lite, paul, path, {"reason": "Back early"})).status_code == 409
    lite.runtime.advance(timedelta(minutes=1))
    row = lite.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
    assert (await act(lite, vera, row, "release", {"reason": "Paul is away"})).status_code == 403


async def test_what_stands_against_the_one_stands_against_the_other(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST, Role.APPROVER, login="anna", employee_ref="E4711")
    paul = lite.key(Role.APPROVER, login="paul")
    await post(lite, anna, "delegations", while_away(lite, to="paul"))
    lite.runtime.advance(timedelta(minutes=1))
    hers = lite.stuck(State.ON_HOLD, Reason.BUDGET, counterparty="E4711")
    worked = lite.stuck(State.ON_HOLD, Reason.BUDGET)
    await act(lite, anna, worked, "claim")
    for row in (hers, worked):  # it pays her; she works on it
        assert (await act(lite, paul, row, "release", {"reason": "Anna is away"})).status_code == 403
    free = lite.stuck(State.ON_HOLD, Reason.BUDGET)
    assert (await act(lite, paul, free, "release", {"reason": "Anna is away"})).status_code == 200


async def test_a_delegation_goes_to_another_living_person_and_no_further(lite: Stand) -> None:
    anna, berta = lite.key(Role.APPROVER, login="anna"), lite.key(Role.VIEWER, login="berta")
    carl = lite.key(Role.VIEWER, login="carl")
    for to in ("anna", "nobody"):
        assert (await post(lite, anna, "delegations", while_away(lite, to=to))).status_code == 409
    await post(lite, anna, "delegations", while_away(lite, to="berta"))
    await post(lite, berta, "delegations", while_away(lite, to="carl"))
    lite.runtime.advance(timedelta(minutes=1))
    row = lite.stuck(State.ON_HOLD, Reason.BUDGET)
    assert (await act(lite, carl, row, "release", {"reason": "Both are away"})).status_code == 403


async def test_absences_and_delegations_are_on_record(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST, login="anna")
    lite.key(Role.ANALYST, login="berta")
    await post(lite, anna, "absences", while_away(lite))
    await post(lite, anna, "delegations", while_away(lite, to="berta"))
    async with lite.client(lite.key(Role.AUDITOR)) as client:
        entries = (await client.get("/v1/audit", params={"actor": "anna"})).json()["items"]
    assert [(one["action"], one["reason"]) for one in entries] == [
        ("delegation.begin", "On holiday"),
        ("absence.note", "On holiday"),
    ]
