"""What all workers share about a connection: its limit, its breaker, its permits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest

from connectors.limits import Limits
from control_plane.domain.pacing import AT_MOST, PROBE_EVERY, Breaker, Grant, Report
from control_plane.domain.pacing import draw as permits
from control_plane.store import pacing
from control_plane.store.database import Database
from tests.stands.runtime import MORNING

LIMITS = Limits(calls_per_second=100)
DEAD = Report(failed_in_a_row=10)
SECOND = timedelta(seconds=1)


def draw(database: Database, wanted: int, *, after: timedelta = timedelta(0)) -> Grant:
    with database.write() as session:
        return pacing.draw(session, "erp", LIMITS, partial(permits, wanted=wanted, now=MORNING + after))[1]


def test_a_connection_is_known_from_its_first_permit_on(database: Database) -> None:
    with database.read() as session:
        assert pacing.every(session) == {}
    grant = draw(database, 5)
    with database.read() as session:
        state = pacing.every(session)["erp"]
    assert (state.limits, state.breaker) == (LIMITS, Breaker.CLOSED)
    assert state.free_at == grant.first_at + 5 * grant.interval


def test_workers_who_draw_at_the_same_time_share_one_limit(database: Database) -> None:
    with ThreadPoolExecutor(4) as workers:
        grants = list(workers.map(lambda _: draw(database, 10), range(4)))
    moments = sorted(grant.first_at + number * grant.interval for grant in grants for number in range(grant.count))
    assert len(moments) == 40
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) >= timedelta(seconds=1 / (100 * AT_MOST)) - timedelta(microseconds=1)


def test_one_of_several_workers_probes_an_open_breaker(database: Database) -> None:
    with database.write() as session:
        assert pacing.tell(session, "erp", LIMITS, DEAD, now=MORNING).breaker is Breaker.OPEN
    with ThreadPoolExecutor(4) as workers:
        grants = list(workers.map(lambda _: draw(database, 10, after=PROBE_EVERY), range(4)))
    assert sorted(grant.count for grant in grants) == [0, 0, 0, 1]
    assert draw(database, 10, after=2 * PROBE_EVERY - SECOND).count == 0
    assert draw(database, 10, after=2 * PROBE_EVERY).is_probe


def test_everything_is_remembered_as_it_was_told(database: Database) -> None:
    with database.write() as session:
        told = pacing.tell(session, "erp", LIMITS, Report(rest=timedelta(seconds=20)), now=MORNING)
        told = pacing.tell(session, "erp", LIMITS, DEAD, now=MORNING)
        _, grant = pacing.draw(session, "erp", LIMITS, partial(permits, wanted=1, now=MORNING + 31 * SECOND))
        told = pacing.tell(session, "erp", LIMITS, Report(has_succeeded=True, is_probe=True), now=MORNING + 32 * SECOND)
    assert grant.is_probe
    with database.read() as session:
        assert pacing.every(session) == {"erp": told}
    assert told.breaker is Breaker.HALF_OPEN


@pytest.mark.parametrize("again", [False, True])
def test_declared_limits_are_shown_and_change_nothing_else(database: Database, *, again: bool) -> None:
    with database.write() as session:
        opened = pacing.tell(session, "erp", Limits(), DEAD, now=MORNING)
        for _ in range(1 + again):
            pacing.declare(session, [("erp", Limits(7, burst=3)), ("concur", Limits())])
    with database.read() as session:
        known = pacing.every(session)
    assert known["erp"].limits == Limits(7, burst=3)
    assert known["erp"].probe_at == opened.probe_at
    assert known["concur"].breaker is Breaker.CLOSED
