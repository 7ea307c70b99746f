"""The second pair of eyes on a hold: another person, by any name, who had no hand in it, within their limit."""

import pytest

from control_plane.acts.duties import HELD_BY
from control_plane.domain.access import Grant, Role
from control_plane.domain.correction import Change
from control_plane.domain.transaction import Reason, State
from control_plane.flows.flow import LIFTABLE
from control_plane.store import corrections, people, policies
from control_plane.store.corrections import Correction
from tests.control_plane.api.stand import FLOW, Stand, exc, seen

BECAUSE = {"reason": "The budget was raised this morning"}


async def release(stand: Stand, key: str, reason: Reason = Reason.BUDGET) -> tuple[int, str]:
    row = stand.stuck(State.ON_HOLD, reason)
    async with stand.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)
    return answer.status_code, answer.json().get("detail", "")


def person_id(stand: Stand, login: str) -> int:
    with stand.database.read() as session:
        row = people.by_login(session, login)
        assert row is not None
        return row.id


def test_every_hold_that_may_be_lifted_names_the_value_behind_it() -> None:
    assert set(HELD_BY) == LIFTABLE


async def test_who_set_the_rule_does_not_approve_what_it_releases(stand: Stand) -> None:
    key = stand.key(Role.APPROVER, Role.CONTROLLER, login="clara")
    with stand.database.write() as session:
        value = {"exceeded": "hold", "limits": {}}
        now = stand.runtime.now()
        row = policies.propose(session, stand.runtime.ids, FLOW, "budgets", value, maker="clara", now=now)
        policies.approve(session, row.id, checker="paul", now=now)
    status, detail = await release(stand, key)
    assert (status, detail) == (403, "You set the rule that holds it; somebody else has to decide.")
    assert (await release(stand, key, Reason.PERIOD))[0] == 200
    assert (await release(stand, stand.key(Role.APPROVER)))[0] == 200


@pytest.mark.parametrize(("limit", "status"), [(41_249, 403), (41_250, 200), (None, 200)])
async def test_a_hold_is_lifted_up_to_the_limit_of_a_grant(lite: Stand, limit: int | None, status: int) -> None:
    assert (await release(lite, lite.key(Grant(Role.APPROVER, "DE01", limit))))[0] == status


async def test_who_works_on_it_does_not_lift_its_hold_under_another_name(lite: Stand) -> None:
    lite.key(Role.ANALYST, login="anna", employee_ref="E1")
    alias = lite.key(Role.APPROVER, login="anna2", employee_ref="E1")
    row = lite.stuck(State.ON_HOLD, Reason.BUDGET)
    with lite.database.write() as session:
        held = session.get_one(type(row), row.id)
        held.claimed_by, held.state = person_id(lite, "anna"), "in_progress"
        session.add(held)
    async with lite.client(alias) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)
    assert (answer.status_code, answer.json()["detail"][:28]) == (403, "You work on this exception; ")


async def test_who_corrected_a_document_does_not_lift_its_hold(lite: Stand) -> None:
    key = lite.key(Role.ANALYST, Role.APPROVER, login="anna")
    row = lite.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
    assert row.transaction_id is not None
    with lite.database.write() as session:
        said = Correction(
            row.transaction_id,
            1,
            "DE01",
            "typing_error",
            "",
            person_id(lite, "anna"),
            "anna",
            1,
            (Change("a", "b", "c"),),
        )
        corrections.add(session, lite.runtime.ids, said, now=lite.runtime.now())
    async with lite.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)
    assert (answer.status_code, answer.json()["detail"][:27]) == (403, "You corrected the document;")


async def test_a_machine_lifts_nothing(lite: Stand) -> None:
    key = lite.key(Role.APPROVER, login="robot")
    with lite.database.write() as session:
        robot = people.by_login(session, "robot")
        assert robot is not None
        robot.is_machine = True
        session.add(robot)
    assert await release(lite, key) == (403, "A machine decides nothing.")
