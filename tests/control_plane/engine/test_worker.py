"""A worker that is told to stop: what is on its way is finished, the rest is given back at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import Traits
from connectors.limits import Limits
from control_plane.engine.deliver import deliver
from control_plane.engine.parts import Parts
from control_plane.engine.worker import work
from control_plane.store.pacing import every
from tests.control_plane.store.documents import rows
from tests.stands.backlog import LATENCY, SECOND, Backlog, Erp, fill, now_here
from tests.stands.virtual_time import run


async def told_to_stop(parts: Parts, after: timedelta) -> timedelta:
    """Let a worker work and tell it to stop; return how long it took to end."""
    stop = asyncio.Event()
    working = asyncio.ensure_future(work(parts, stop, (deliver,)))
    await asyncio.sleep(after.total_seconds())
    stop.set()
    begun_at = now_here()
    await working
    return now_here() - begun_at


@pytest.mark.parametrize("limits", [Limits(), Limits(10)])
def test_a_worker_that_is_told_to_stop_finishes_what_is_on_its_way_and_gives_the_rest_back(
    backlog: Backlog, limits: Limits
) -> None:
    fill(backlog.database, backlog.ids, 150)
    erp = Erp(traits=Traits(batch=1, concurrency=4))
    took = run(told_to_stop(backlog.worker(1, erp, limits), after=LATENCY * 5))
    found = list(rows(backlog.database).values())
    states = {state: sum(row.state == state for row in found) for state in ("posted", "ready", "in_flight")}
    assert took < SECOND * 2
    assert states == {"posted": len(erp.booked), "ready": 150 - len(erp.booked), "in_flight": 0}
    assert 0 < len(erp.booked) < 40
    assert max(erp.booked.values()) - min(erp.booked.values()) <= LATENCY * 6


def test_another_worker_goes_on_at_once(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 100)
    erp = Erp(traits=Traits(batch=1, concurrency=4))
    run(told_to_stop(backlog.worker(1, erp, Limits()), after=LATENCY * 5))
    backlog.send(erp, 100, limits=Limits(), is_filled=True, within=timedelta(minutes=1))
    assert len(erp.booked) == 100
    assert max(row.attempt_count for row in rows(backlog.database).values()) == 2


def test_no_more_calls_are_in_flight_than_the_worker_was_told(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 40)
    erp = Erp(traits=Traits(batch=1, concurrency=16))
    parts = backlog.worker(1, erp, Limits())
    run(deliver(replace(parts, settings=replace(parts.settings, concurrency=3))))
    assert erp.most_at_once == 3
    with backlog.database.read() as session:
        assert every(session) == {}
