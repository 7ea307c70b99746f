"""Bulk operations over HTTP: planned, started, watched and halted, and who gets which answer."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest

from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.store.database import Database
from tests.control_plane.acts.bulk_stand import BulkStand
from tests.stands.runtime import StandRuntime

URL: Final = "/v1/bulk-operations"
BECAUSE: Final = {"reason": "The tax codes are right now"}
CODES: Final = ("tax_refused", "rejected_by_target")
RETRY: Final = {**BECAUSE, "act": "retry", "code": "tax_refused"}


@pytest.fixture
def lite(sqlite_database: Database, runtime: StandRuntime) -> BulkStand:
    return BulkStand(sqlite_database, runtime)


async def act(client: httpx.AsyncClient, shown: Mapping[str, Any], name: str) -> httpx.Response:
    headers = {"if-match": f'"{shown["revision"]}"'}
    return await client.post(f"{URL}/{shown['id']}/{name}", json=BECAUSE, headers=headers)


async def test_a_plan_shows_what_it_is_about_and_what_it_would_meet(lite: BulkStand) -> None:
    lite.failed(3)
    async with lite.client(lite.key(Role.ANALYST, login="anna")) as client:
        answer = await client.post(URL, json=RETRY)
    planned = answer.json()
    assert (answer.status_code, planned["state"], planned["maker"]) == (200, "planned", "anna")
    assert answer.headers["etag"] == '"1"'
    assert planned["plan"]["amounts"]["group"] == {"minor": 30_000, "currency": "EUR", "decimal": "300.00"}
    assert planned["plan"]["calls"][0]["count"] == 3
    nobody_else = {"running": 0, "succeeded": 0, "failed": 0, "skipped": 0}
    assert planned["progress"] == {"total": 3, "waiting": 3, **nobody_else}
    assert planned["acts"] == ["start", "cancel"]
    assert planned["selection"] == {"filters": {"code": "tax_refused"}, "identifiers": []}


async def test_it_is_started_paused_resumed_and_cancelled_as_it_was_seen(lite: BulkStand) -> None:
    lite.failed(3)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        planned = (await client.post(URL, json=RETRY)).json()
        started = (await act(client, planned, "start")).json()
        stale = await act(client, planned, "pause")
        paused = (await act(client, started, "pause")).json()
        impossible = await act(client, paused, "start")
        resumed = (await act(client, paused, "resume")).json()
        cancelled = (await act(client, resumed, "cancel")).json()
        unseen = await client.post(f"{URL}/{planned['id']}/pause", json=BECAUSE)
    states = [one["state"] for one in (started, paused, resumed, cancelled)]
    assert states == ["running", "paused", "running", "cancelled"]
    assert (stale.status_code, impossible.status_code, unseen.status_code) == (412, 409, 428)
    assert impossible.json()["detail"] == "It is paused."
    assert (cancelled["progress"]["skipped"], cancelled["acts"]) == (3, [])


async def test_a_changed_set_is_refused_with_the_difference(lite: BulkStand) -> None:
    lite.failed(2)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        planned = (await client.post(URL, json=RETRY)).json()
        lite.failed(1)
        refused = await act(client, planned, "start")
    assert refused.status_code == 409
    assert "1 came (DOC-" in refused.json()["detail"]


async def test_of_200_pasted_identifiers_the_unknown_ones_are_named(lite: BulkStand) -> None:
    cases = lite.failed(17)
    known = [public_id("exc", one.id) for one in cases]
    unknown = ["4711", "4712", "exc_0000000000000"]
    async with lite.client(lite.key(Role.ANALYST)) as client:
        answer = await client.post(URL, json={**BECAUSE, "act": "retry", "identifiers": [*known, *unknown]})
        too_many = await client.post(URL, json={**RETRY, "identifiers": [str(one) for one in range(201)]})
    planned = answer.json()
    assert (planned["progress"]["total"], planned["plan"]["unknown"]) == (17, unknown)
    assert too_many.status_code == 422


async def test_its_items_are_listed_in_their_order_page_by_page(lite: BulkStand) -> None:
    cases = lite.failed(3)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        planned = (await client.post(URL, json=RETRY)).json()
        where = f"{URL}/{planned['id']}/items"
        first = (await client.get(where, params={"limit": 2})).json()
        rest = (await client.get(where, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        none = (await client.get(where, params={"state": "failed"})).json()
    items = [*first["items"], *rest["items"]]
    assert [one["exception_id"] for one in items] == [public_id("exc", one.id) for one in cases]
    assert {one["state"] for one in items} == {"waiting"}
    assert (rest["next_cursor"], none["items"]) == (None, [])


async def test_operations_are_listed_the_newest_first_to_those_in_reach(lite: BulkStand) -> None:
    lite.failed(2)
    lite.failed(2, CODES[1])
    anna = lite.key(Role.ANALYST)
    async with lite.client(anna) as client:
        plans = [
            (await client.post(URL, json={**RETRY, "code": c})).json() for c in ("tax_refused", "rejected_by_target")
        ]
        mine = (await client.get(URL, params={"mine": "true"})).json()["items"]
        running = (await client.get(URL, params={"state": "running"})).json()["items"]
    async with lite.client(lite.key(Grant(Role.VIEWER, "FR02"))) as client:
        elsewhere = (await client.get(URL)).json()["items"]
        hidden = await client.get(f"{URL}/{plans[0]['id']}")
    assert [one["id"] for one in mine] == [one["id"] for one in reversed(plans)]
    assert (running, elsewhere, hidden.status_code) == ([], [], 404)


async def test_the_same_key_plans_once(lite: BulkStand) -> None:
    lite.failed(2)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        headers = {"idempotency-key": "plan-1"}
        answers = [await client.post(URL, json=RETRY, headers=headers) for _ in range(2)]
        listed = (await client.get(URL)).json()["items"]
    assert answers[0].json() == answers[1].json()
    assert len(listed) == 1


async def test_who_may_not_do_the_act_plans_nothing(lite: BulkStand) -> None:
    lite.failed(2)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        refused = await client.post(URL, json=RETRY)
        nonsense = await client.post(URL, json={**RETRY, "act": "delete"})
    assert (refused.status_code, nonsense.status_code) == (403, 422)
