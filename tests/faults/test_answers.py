"""F7 to F12, F17 and F18: answers that are lost, cut, faked or late, and what the ERP's own books say then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import pytest

from bench.figures import at_most
from connectors.connection import ConnectionSettings
from connectors.registry import opened
from connectors.twins.fault_proxy import FaultProxy
from connectors.twins.faults import FaultScript, Kind, Moment, Rule
from control_plane.store.database import Database
from tests.faults.conftest import Tell
from tests.faults.figures import length
from tests.stands.claims import claim
from tests.stands.world import World, twins, world

pytestmark = pytest.mark.slow

DEADLINE: Final = 1
EACH: Final = length(short=1, full=5)
POSTS: Final = "/v1/documents$"
LOST: Final = (
    ("F7", "an answer that never comes", Rule(kind=Kind.SWALLOW, path=POSTS)),
    ("F8", "a connection that is reset", Rule(kind=Kind.RESET, path=POSTS)),
    ("F8", "a connection that is closed", Rule(kind=Kind.CLOSE, path=POSTS)),
    ("F9", "half an answer", Rule(kind=Kind.TRUNCATE, path=POSTS)),
    ("F9", "an answer that is no JSON", Rule(kind=Kind.GARBAGE, path=POSTS)),
    ("F9", "a page for people", Rule(kind=Kind.HTML, path=POSTS)),
    ("F10", "a gateway that gives up", Rule(kind=Kind.STATUS, status=502, path=POSTS)),
    ("F10", "a gateway that waits no longer", Rule(kind=Kind.STATUS, status=504, path=POSTS)),
    ("F12", "an answer byte by byte", Rule(kind=Kind.DRIP, path=POSTS, seconds=0.2)),
)


@dataclass(slots=True)
class Behind:
    """A world whose ERP stands behind a proxy, which lets faults strike."""

    world: World
    script: FaultScript

    async def send(self, *reports: str) -> None:
        """Approve documents and let them be posted, as far as that goes at once."""
        await self.world.approve(*[claim(report) for report in reports])
        await self.world.pull("concur", "expense_reports")
        await self.world.settle()

    async def doubted_after(self, report: str) -> float:
        """Return how many seconds after it was sent a document that nothing else happened to was in doubt."""
        (row,) = [one for one in await self.world.transactions() if one.source_id == report]
        at = {entry.to_state: entry.at for entry in await self.world.story(row.id) if entry.to_state}
        assert row.state == "in_doubt", report
        return (at["in_doubt"] - at["in_flight"]).total_seconds()

    async def booked(self) -> list[str]:
        """Return the business objects in the ERP's own books, as often as they stand there."""
        return [one["source_document"] for one in (await self.world.erp_books())["documents"]]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@asynccontextmanager
async def _behind(database: Database, **options: str) -> AsyncIterator[Behind]:
    script, chosen = FaultScript(), {"deadline_seconds": str(DEADLINE), "visibility_grace_seconds": "60", **options}
    with twins() as urls:
        async with world(database, urls) as one, FaultProxy(urls[1], script) as proxy:
            await one.learn()
            settings = ConnectionSettings("erp", "sandbox_erp", proxy.url, {"api_key": "sandbox-key"}, chosen)
            async with opened(settings) as connector:
                one.parts = replace(one.parts, connectors={**one.parts.connectors, "erp": connector})
                yield Behind(one, script)


async def test_whatever_hides_an_answer_is_a_doubt_at_once_and_one_booking_in_the_end(
    database: Database, tell: Tell
) -> None:
    async with _behind(database) as erp:
        for number, (row, name, rule) in enumerate(LOST):
            reports = [f"R{number}-{each}" for each in range(EACH)]
            slowest = 0.0
            for report in reports:
                erp.script.replace([rule])
                await erp.send(report)
                slowest = max(slowest, await erp.doubted_after(report))
                erp.script.replace([])
                await erp.send(f"{report}-fine")  # else so many failures in a row would open the breaker
            tell(row, f"until {name} is a doubt", slowest, "s", at_most(DEADLINE + 1))
        await erp.world.settle_over(timedelta(seconds=61))
        rows = await erp.world.transactions()
        booked = await erp.booked()

    assert {(one.state, one.attempt_count) for one in rows} == {("posted", 1)}
    tell("F7", "bookings too many or too few after lost answers", abs(len(booked) - len(rows)))
    tell("F7", "documents that were booked twice", len(booked) - len(set(booked)))


async def test_what_the_erp_shows_late_is_waited_for(database: Database, tell: Tell) -> None:
    async with _behind(database, visibility_grace_seconds="3") as erp:
        late = {"dedupe": "none", "visibility_seconds": 2.0}
        (await erp.world.erp.patch("/twin/settings", json=late)).raise_for_status()
        erp.script.replace([Rule(kind=Kind.RESET, path=POSTS, count=1)])
        await erp.send("R1")
        for _ in range(40):
            await erp.world.settle()
            await erp.world.parts.runtime.sleep(timedelta(milliseconds=250))
        states = [one.state for one in await erp.world.transactions()]
        booked = await erp.booked()

    assert states == ["posted"]
    tell("F17", "documents that were sent again before the ERP showed them", len(booked) - 1)


async def test_what_cannot_be_asked_is_never_sent_again(database: Database, tell: Tell) -> None:
    async with _behind(database, dedupe="none") as erp:
        (await erp.world.erp.patch("/twin/settings", json={"dedupe": "none"})).raise_for_status()
        erp.script.replace([Rule(kind=Kind.RESET, path=POSTS, moment=moment, count=1) for moment in Moment])
        await erp.send("R1")
        await erp.send("R2")
        await erp.world.settle_over(timedelta(days=1), turns=4)
        rows, cases = await erp.world.transactions(), await erp.world.cases()

    assert [row.state for row in rows] == ["in_doubt", "in_doubt"]
    assert {case.code for case in cases} == {"cannot_be_asked"}
    tell("F18", "documents that were sent again by themselves", sum(row.attempt_count - 1 for row in rows))
