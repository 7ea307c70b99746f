"""F43: events that come late, several times and in any order."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from connectors.connection import ConnectionSettings
from connectors.contract import Envelope
from connectors.registry import opened
from control_plane.engine.parts import Unit
from control_plane.engine.receive import Feed, receive
from control_plane.store import connections
from control_plane.store.database import Database
from tests.connectors.events.papers import event, report
from tests.faults.conftest import Tell
from tests.faults.figures import length
from tests.stands.world import World, twins, world

DOCUMENTS = length(short=20, full=1_000)
TIMES = 10
PAGE = 7


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def travel(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    """A world to which a travel system sends its events."""
    async with world(database, urls, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        async with opened(ConnectionSettings("travel", "events", "")) as connector:
            one.parts = replace(one.parts, connectors={**one.parts.connectors, "travel": connector})
            configured = [connections.Configured("travel", "events")]
            await one.parts.write(lambda unit: connections.register(unit.session, configured))
            yield one


def _event(number: int) -> Envelope:
    name = f"TR-{number}"
    data = report(document_number=name)
    data["lines"][0]["merchant"] = f"Merchant of {name}"
    return event(data, subject=name, id_=f"{name}-1")


async def test_events_ten_times_in_any_order_have_one_effect(travel: World, tell: Tell) -> None:
    source = travel.parts.connectors["travel"].source
    assert source is not None
    storm = [_event(number) for number in range(DOCUMENTS)] * TIMES
    random.Random(43).shuffle(storm)

    def take(page: list[Envelope], unit: Unit) -> None:
        receive(unit, Feed("travel", "events", source), page)

    for start in range(0, len(storm), PAGE):
        await travel.parts.write(partial(take, storm[start : start + PAGE]))
        if start % (PAGE * PAGE) == 0:
            await travel.settle()
    await travel.settle()
    booked = Counter(one["source_document"] for one in (await travel.erp_books())["documents"])
    rows = await travel.transactions()

    tell("F43", "transactions too many or too few", abs(len(rows) - DOCUMENTS))
    tell("F43", "documents that the ERP has booked more than once", sum(count > 1 for count in booked.values()))
    tell(
        "F43", "documents that are neither booked nor held", sum(row.state not in {"posted", "on_hold"} for row in rows)
    )
