"""F30: a replica takes over that had not received the last commits."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from connectors.canonical.events import EventType
from connectors.connection import ConnectionSettings
from connectors.registry import opened
from control_plane.domain.access import EVERYWHERE
from control_plane.engine.receive import Feed, receive
from control_plane.engine.warn import Look, alerts
from control_plane.store import connections
from control_plane.store.database import open_database
from tests.connectors.events.papers import event, report
from tests.faults.clusters import Cluster, running_cluster
from tests.faults.conftest import Tell
from tests.stands.claims import claim
from tests.stands.databases import NoPostgresError
from tests.stands.world import GRACE, World, twins, world

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with ExitStack() as stack:
        try:
            running = stack.enter_context(running_cluster())
        except NoPostgresError as error:
            pytest.skip(str(error))
        yield running


@pytest.fixture
async def w(cluster: Cluster) -> AsyncIterator[World]:
    """A world on a database with a replica, to which a travel system sends its events as well."""
    with cluster.stand.fresh() as url, twins() as urls:
        database = open_database(url)
        async with world(database, urls) as one, opened(ConnectionSettings("travel", "events", "")) as travel:
            one.parts = replace(one.parts, connectors={**one.parts.connectors, "travel": travel})
            await one.parts.write(
                lambda u: connections.register(u.session, [connections.Configured("travel", "events")])
            )
            await one.learn()
            yield one
        database.dispose()


async def send(w: World) -> None:
    """Send an event as its source does until it hears that it was taken: at least once."""
    source = w.parts.connectors["travel"].source
    assert source
    feed, envelope = Feed("travel", "events", source), event(report(), EventType.EXPENSE_REPORT_APPROVED)
    await w.parts.write(lambda unit: receive(unit, feed, [envelope]))
    await w.settle()


async def booked(w: World) -> list[str]:
    return sorted(document["source_document"] for document in (await w.erp_books())["documents"])


async def test_what_the_lost_commits_had_sent_is_found_in_the_books_and_not_sent_again(
    w: World, cluster: Cluster, tell: Tell
) -> None:
    (await w.erp.patch("/twin/settings", json={"dedupe": "none"})).raise_for_status()
    away = {"kind": "status", "moment": "before", "path": "/v1/documents$", "status": 503}
    await w.faults("erp", [away])
    await w.approve(*(claim(f"R{number}") for number in range(10)))
    await w.pull("concur", "expense_reports")
    await w.settle()
    copy = cluster.copied()

    await w.faults("erp", [])
    await send(w)
    await w.settle_over(GRACE)
    before = await booked(w)
    assert len(before) == 11
    cluster.go_on_from(copy)
    await send(w)
    await w.settle_over(GRACE, turns=5)

    states = [row.state for row in await w.transactions()]
    tell("F30", "documents lost", 11 - states.count("posted"))
    tell("F30", "documents booked twice", len(await booked(w)) - len(set(before)))
    told = await w.parts.read(lambda session: alerts(Look(session, EVERYWHERE, w.runtime.now(), GRACE)))
    assert "database_taken_over" in [alert.name for alert in told]
