"""What happened, told as events: once, in order, to whom it concerns."""

from typing import Any

import httpx

from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import State
from tests.control_plane.api.stand import Stand


async def page(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.get("/v1/events", params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_reader_gets_everything_once_and_goes_on_from_its_cursor(stand: Stand) -> None:
    stand.stuck()
    stand.document(State.POSTED)
    async with stand.client(stand.key(Role.MACHINE)) as client:
        whole = await page(client)
        told, cursor = [], ""
        for _ in range(20):
            one = await page(client, limit=1, cursor=cursor)
            told += one["items"]
            cursor = one["next_cursor"]
            if one["is_up_to_date"]:
                break
        stand.document(State.POSTED)
        later = await page(client, cursor=cursor)

    assert told == whole["items"]
    assert [event["time"] for event in told] == sorted(event["time"] for event in told)
    assert {event["subject"] for event in later["items"]}.isdisjoint(event["subject"] for event in told)
    assert later["items"]


async def test_an_event_is_a_cloud_event_with_what_happened_and_no_amount(stand: Stand) -> None:
    stand.document(State.POSTED)
    async with stand.client(stand.key(Role.MACHINE)) as client:
        event = (await page(client))["items"][-1]

    assert {"specversion", "id", "source", "type", "subject", "time", "data"} <= event.keys()
    assert event["type"].endswith(".v1")
    assert not any("amount" in name or "minor" in name for name in event["data"])


async def test_events_of_other_legal_entities_are_not_told_and_hold_nothing_up(stand: Stand) -> None:
    stand.document(State.POSTED, legal_entity_id="FR01")
    async with stand.client(stand.key(Grant(Role.VIEWER, "DE01"))) as client:
        first = await page(client)
        stand.document(State.POSTED, legal_entity_id="DE01")
        second = await page(client, cursor=first["next_cursor"])

    assert first["items"] == []
    assert {event["data"]["legal_entity_id"] for event in second["items"]} == {"DE01"}
