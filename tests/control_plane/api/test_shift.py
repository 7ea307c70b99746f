"""The shift's summary, letters that nobody sends, and values of the whole group."""

from datetime import timedelta
from typing import Any

import pytest

from control_plane.domain.access import Role
from control_plane.domain.replies import SHIPPED
from control_plane.domain.transaction import Reason, State
from control_plane.store import exception_cases, policies
from tests.control_plane.api.stand import Stand, at, exc
from tests.control_plane.api.test_exception_acts import done, later
from tests.control_plane.api.test_routing_rules import approve


async def test_a_shift_is_handed_over_with_what_came_was_taken_done_and_put_aside(stand: Stand) -> None:
    anna = stand.key(Role.ANALYST, login="anna")
    old = stand.stuck(amount_minor=500, group_minor=500)
    stand.runtime.advance(timedelta(hours=1))
    since = stand.runtime.now()
    new, aside, solved, offered = stand.stuck(), stand.stuck(), stand.stuck(), stand.stuck()
    other_team = stand.case(stand.document(State.ON_HOLD, Reason.PERIOD), "closed_period")
    for row in (old, aside, offered):
        await done(stand, anna, row, "claim")
    await done(stand, anna, aside, "defer", {"reason": "Mail sent", "wake_at": at(later(stand))})
    await done(stand, anna, offered, "hand-over", {"reason": "Your entity", "team": "integration_platform"})
    with stand.database.write() as session:
        exception_cases.resolve_for(session, {solved.transaction_id or 0: "posted as 49"}, now=stand.runtime.now())
    async with stand.client(anna) as client:
        answer = await client.get("/v1/shift-summary", params={"since": at(since), "team": "erp_team"})
    parts = {one["name"]: one for one in answer.json()["parts"]}
    counts = {name: part["totals"]["count"] for name, part in parts.items()}
    assert counts == {
        "new": 4,
        "regressed": 0,
        "claimed": 3,
        "handed_over": 1,
        "deferred": 1,
        "pending_approval": 0,
        "resolved": 1,
        "overdue": 0,
        "unclaimed": 1,
    }
    assert [one["id"] for one in parts["unclaimed"]["first"]] == [exc(new)]
    assert parts["claimed"]["totals"]["group"]["minor"] == 500 + 2 * 41_250
    assert exc(other_team) not in answer.text


async def test_a_part_counts_more_than_it_shows(lite: Stand) -> None:
    since = lite.runtime.now()
    for _ in range(12):
        lite.stuck()
    async with lite.client(lite.key(Role.VIEWER)) as client:
        parts = (await client.get("/v1/shift-summary", params={"since": at(since)})).json()["parts"]
    assert (parts[0]["name"], parts[0]["totals"]["count"], len(parts[0]["first"])) == ("new", 12, 10)


async def test_a_shift_needs_a_beginning(lite: Stand) -> None:
    async with lite.client(lite.key(Role.VIEWER)) as client:
        assert (await client.get("/v1/shift-summary")).status_code == 422
        assert (await client.get("/v1/shift-summary", params={"since": "yesterday"})).status_code == 422


async def test_letters_are_shown_with_the_documents_values(lite: Stand) -> None:
    row = lite.case(lite.document(State.FAILED, Reason.REJECTED), problem="The project is {amount} inactive")
    async with lite.client(lite.key(Role.VIEWER)) as client:
        letters = (await client.get(f"/v1/exceptions/{exc(row)}/replies")).json()["items"]
        unknown = await client.get("/v1/exceptions/exc_0000000000007/replies")
    found = {one["name"]: one for one in letters}
    number = lite.transaction_row(row.transaction_id).document_number
    assert found.keys() == SHIPPED.keys()
    letter = found["correct_and_submit_again"]
    assert (letter["to"], letter["subject"]) == ("employee", f"Please correct {number}")
    assert f"your document {number} over 412.50 EUR cannot be booked yet" in letter["body"]
    assert "The project is {amount} inactive" in letter["body"]
    assert unknown.status_code == 404


async def test_values_of_the_group_change_under_four_eyes(stand: Stand) -> None:
    carla, paul = stand.key(Role.CONTROLLER, login="carla"), stand.key(Role.CONTROLLER, login="paul")
    body = {"value": {"*": 100, "DE01": 7}, "reason": "The auditors asked for it"}
    async with stand.client(carla) as client:
        proposed = (await client.post("/v1/group-values/materiality/propose", json=body)).json()
        assert (await client.get("/v1/group-values/materiality")).json()["version"] == 0
    assert (await approve(stand, carla, proposed["approval_id"])).status_code == 403
    assert (await approve(stand, paul, proposed["approval_id"])).status_code == 200
    async with stand.client(carla) as client:
        shown = (await client.get("/v1/group-values/materiality")).json()
    assert (shown["version"], shown["value"], shown["maker"], shown["checker"]) == (1, body["value"], "carla", "paul")


async def test_a_value_that_was_proposed_over_another_version_does_not_take_effect(lite: Stand) -> None:
    body = {"value": {"*": 100}, "reason": "The auditors asked for it"}
    async with lite.client(lite.key(Role.CONTROLLER)) as client:
        proposed = (await client.post("/v1/group-values/materiality/propose", json=body)).json()
    with lite.database.write() as session:
        now = lite.runtime.now()
        other = policies.propose(session, lite.runtime.ids, policies.EVERY_FLOW, "materiality", {}, maker="a", now=now)
        policies.approve(session, other.id, checker="b", now=now)
    answer = await approve(lite, lite.key(Role.CONTROLLER), proposed["approval_id"])
    assert (answer.status_code, "propose it anew" in answer.json()["detail"]) == (409, True)


async def test_a_refused_value_leaves_everything_as_it_is(lite: Stand) -> None:
    body = {"value": {"*": 100}, "reason": "The auditors asked for it"}
    async with lite.client(lite.key(Role.CONTROLLER)) as client:
        proposed = (await client.post("/v1/group-values/materiality/propose", json=body)).json()
    async with lite.client(lite.key(Role.CONTROLLER)) as client:
        path = f"/v1/approvals/{proposed['approval_id']}"
        shown = await client.get(path)
        decision = {"reason": "Too low for us", "content_sha256": shown.json()["content_sha256"]}
        refused = await client.post(f"{path}/refuse", json=decision, headers={"if-match": shown.headers["etag"]})
        assert refused.status_code == 200, refused.text
        assert (await client.get("/v1/group-values/materiality")).json()["version"] == 0


async def test_a_governed_letter_stands_over_the_shipped_one(lite: Stand) -> None:
    letter = {"to": "supplier", "subject": "{document}: one more thing", "body": "It is about {amount}."}
    body = {"value": {"we_are_on_it": letter}, "reason": "Shorter is kinder"}
    async with lite.client(lite.key(Role.CONTROLLER)) as client:
        proposed = (await client.post("/v1/group-values/reply_templates/propose", json=body)).json()
    await approve(lite, lite.key(Role.CONTROLLER), proposed["approval_id"])
    row = lite.stuck()
    async with lite.client(lite.key(Role.VIEWER)) as client:
        letters = (await client.get(f"/v1/exceptions/{exc(row)}/replies")).json()["items"]
    assert {one["body"] for one in letters if one["name"] == "we_are_on_it"} == {"It is about 412.50 EUR."}


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("materiality", {"*": -1}, 422),
        ("reply_templates", {"x": {"to": "boss", "subject": "x", "body": "x"}}, 422),
        ("exception_routing", {"rules": [7]}, 422),
        ("anything", {}, 404),
    ],
)
async def test_a_value_that_cannot_be_used_is_not_proposed(
    lite: Stand, key: str, value: dict[str, Any], status: int
) -> None:
    async with lite.client(lite.key(Role.CONTROLLER)) as client:
        answer = await client.post(f"/v1/group-values/{key}/propose", json={"value": value, "reason": "Because"})
        assert (await client.get("/v1/group-values/anything")).status_code == 404
    assert answer.status_code == status
