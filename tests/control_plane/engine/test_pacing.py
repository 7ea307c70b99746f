"""What the ERP sees of the pacing: how often it is called while it is away, after its return and beside its limit."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from connectors.contract import Intent, Outcome, Traits
from connectors.limits import Allowance, Limits
from control_plane.domain.pacing import PROBE_EVERY
from control_plane.engine.deliver import deliver
from control_plane.store import pacing
from tests.stands.backlog import LATENCY, LIMIT, SECOND, Backlog, Erp, fill
from tests.stands.runtime import MORNING
from tests.stands.virtual_time import VirtualRuntime, run


def busiest_second(moments: Sequence[datetime]) -> int:
    moments = sorted(moments)
    return max((bisect_left(moments, at + SECOND) - number for number, at in enumerate(moments)), default=0)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_backlog_drains_at_the_limit_and_never_above_it(backlog: Backlog, workers: int) -> None:
    count, back_at = 4_000, MORNING + timedelta(minutes=2)
    erp = backlog.send(Erp(back_at=back_at, limit=LIMIT), count, workers=workers)
    booked = sorted(erp.booked.values())
    first, last = booked[0], booked[-1]
    assert len(erp.booked) == count
    assert last - first <= 1.1 * timedelta(seconds=count / LIMIT)
    steady = [at for at in booked if first + 2 * SECOND <= at < last - SECOND]
    assert len(steady) / (steady[-1] - steady[0]).total_seconds() >= 0.95 * LIMIT
    assert busiest_second(erp.calls) <= LIMIT
    assert erp.refused == []
    assert [at for at in erp.failed if at >= first] == []


@pytest.mark.slow
def test_while_the_erp_is_away_it_is_called_once_in_30_seconds(backlog: Backlog) -> None:
    erp = backlog.send(Erp(back_at=MORNING + timedelta(minutes=8)), 300, workers=2)
    assert len(erp.booked) == 300
    at_first = [at for at in erp.failed if at < erp.failed[0] + SECOND]
    probes = erp.failed[len(at_first) :]
    assert len(at_first) <= 45
    assert len(probes) >= 10
    assert all(later - earlier >= PROBE_EVERY for earlier, later in pairwise(probes))


@pytest.mark.parametrize("asked", [1.0, 4.0, 20.0])
def test_a_pause_that_the_erp_asks_for_is_kept_within_a_tenth(backlog: Backlog, asked: float) -> None:
    erp = backlog.send(Erp(limit=20, retry_after_seconds=asked), 40, limits=Limits())
    refused_at = erp.refused[0] + LATENCY
    resting = [at for at in erp.calls if refused_at + LATENCY < at < refused_at + 0.9 * asked * SECOND]
    again = min(at for at in erp.calls if at > refused_at + LATENCY)
    assert resting == []
    assert again <= refused_at + 1.1 * asked * SECOND
    assert len(erp.booked) == 40


def test_what_the_erp_says_of_its_limit_slows_us_down(backlog: Backlog) -> None:
    erp = Erp()
    backlog.send(erp, 60, limits=Limits(), take_allowance=lambda: Allowance(10.0, 30.0))
    assert busiest_second(erp.calls[20:]) <= 10


def test_a_connection_without_limits_and_troubles_costs_nothing(backlog: Backlog) -> None:
    erp = backlog.send(Erp(), 100, limits=Limits())
    assert len(erp.booked) == 100
    with backlog.database.read() as session:
        assert pacing.every(session) == {}


def test_a_failure_now_and_then_is_nobodys_news(backlog: Backlog) -> None:
    erp = backlog.send(Erp(fails_each=7), 100, limits=Limits())
    assert len(erp.booked) == 100
    assert len(erp.failed) > 10
    with backlog.database.read() as session:
        assert pacing.every(session) == {}


class Ticking(VirtualRuntime):
    """A runtime whose time passes between two looks at the clock, as real time does."""

    looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return super().now() + self.looks * timedelta(microseconds=1)


@dataclass(slots=True)
class Sluggish(Erp):
    """An ERP that takes longer for a call than its limit leaves between two."""

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        await asyncio.sleep(0.58)
        return await super(Sluggish, self).post(intents)


def test_a_call_that_comes_after_its_moment_uses_one_permit_only(backlog: Backlog) -> None:
    fill(backlog.database, backlog.ids, 12)
    erp = Sluggish(traits=Traits(batch=1, concurrency=1))
    run(deliver(replace(backlog.worker(1, erp, Limits(2)), runtime=Ticking(backlog.ids, 1))))
    assert len(erp.booked) == 12
    assert max(erp.calls) - min(erp.calls) <= 12 * timedelta(milliseconds=620)
