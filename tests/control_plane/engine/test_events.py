"""Documents that others send us in our own words, on their whole way into the books."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.canonical.events import EventType
from connectors.connection import ConnectionSettings
from connectors.registry import opened
from control_plane.domain.transaction import State
from control_plane.engine.keep import Kept, keep
from control_plane.engine.receive import Feed
from control_plane.store import connections
from tests.connectors.events.papers import event, report
from tests.control_plane.engine.test_payments import pay
from tests.stands.world import GRACE, World


@pytest.fixture
async def travel(w: World) -> AsyncIterator[World]:
    """A world to which a travel system sends its events."""
    async with opened(ConnectionSettings("travel", "events", "")) as connector:
        w.parts = replace(w.parts, connectors={**w.parts.connectors, "travel": connector})
        await w.parts.write(lambda u: connections.register(u.session, [connections.Configured("travel", "events")]))
        yield w


async def send(w: World, data: Any, type_: str = EventType.EXPENSE_REPORT_APPROVED, **named: str) -> Kept:
    source = w.parts.connectors["travel"].source
    assert source
    feed, envelope = Feed("travel", "events", source), event(data, type_, **named)
    kept = await w.parts.write(lambda unit: keep(unit, feed, [envelope]))
    await w.settle()
    return kept


async def told(w: World) -> list[str]:
    """Return what was born to be told to anybody."""
    flows = ("posting_confirmation", "payment_confirmation")
    return [row.business_reference for flow in flows for row in await w.transactions(flow)]


async def test_a_sent_document_is_booked_once_and_nobody_is_told(travel: World) -> None:
    await send(travel, report())
    again = await send(travel, report())
    assert again.repeated == {("travel", "TR-4711-2")}
    (row,) = await travel.transactions()
    assert (row.state, row.source_system, row.source_id) == ("posted", "travel", "TR-4711")
    (booked,) = (await travel.erp_books())["documents"]
    assert (booked["total"], booked["source_document"]) == ("119.00", "TR-4711")
    assert await told(travel) == []


async def test_a_payment_is_noted_and_nobody_is_told(travel: World) -> None:
    await send(travel, report())
    await pay(travel, source_document="TR-4711", kind="full")
    await travel.pull("erp", "payments")
    await travel.settle()
    assert [row.payment_status for row in await travel.transactions()] == ["paid"]
    assert await told(travel) == []


async def test_a_sent_recall_takes_every_version_back(travel: World) -> None:
    await send(travel, report())
    await send(travel, {"source_document_id": ""}, EventType.EXPENSE_REPORT_RECALLED, id_="recall-1")
    assert [row.state for row in await travel.transactions()] == [State.REVERSED]


async def test_a_sent_document_that_cannot_be_read_has_its_place_and_its_reason(travel: World) -> None:
    await send(travel, report(total={"amount": "119.005", "currency": "EUR"}))
    (row,) = await travel.transactions()
    assert (row.state, row.reason, row.document_number, row.currency) == ("failed", "contract", "TR-4711", "XXX")
    (case,) = await travel.cases()
    assert case.sentence == "Document TR-4711 has the amount 119.005, which EUR cannot hold exactly."


async def test_events_that_are_sent_again_after_a_recall_change_nothing(travel: World) -> None:
    recall = {"source_document_id": ""}
    for _ in range(2):  # the answer to the first time was lost
        await send(travel, report())
        await send(travel, recall, EventType.EXPENSE_REPORT_RECALLED, id_="recall-1")

    assert [row.state for row in await travel.transactions()] == ["reversed"]


async def test_a_version_that_was_approved_before_the_one_we_have_comes_late_and_replaces_nothing(
    travel: World,
) -> None:
    await send(travel, report(document_number="TR-4711-B", approved_at="2026-10-15T12:00:00Z"), id_="TR-4711-2")
    await send(travel, report(document_number="TR-4711-A", approved_at="2026-10-15T08:00:00Z"), id_="TR-4711-1")

    rows = await travel.transactions()
    assert [(row.document_number, row.state) for row in rows] == [("TR-4711-B", "posted"), ("TR-4711-A", "superseded")]
    (booked,) = (await travel.erp_books())["documents"]
    assert booked["text"] == "TR-4711-B"


async def test_versions_in_the_wrong_order_leave_the_one_that_was_approved_last(travel: World) -> None:
    unclear = {"kind": "status", "moment": "before", "path": "/v1/documents$", "status": 500, "count": 1}
    await travel.faults("erp", [unclear])
    for hour in (12, 8, 10):
        await send(travel, report(approved_at=f"2026-10-15T{hour:02}:00:00Z"), id_=f"TR-4711-{hour}")

    await travel.settle_over(GRACE)

    assert [row.state for row in await travel.transactions()] == ["posted", "superseded", "superseded"]
