"""F25 to F29: PostgreSQL stops at once, stays away, has no connection left, finds a deadlock or a long lock."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from http import HTTPStatus

import httpx
import psycopg
import pytest
from sqlalchemy import text

from bench.figures import at_most
from control_plane.engine.parts import Parts, Unit
from control_plane.store.database import open_database
from tests.faults.clusters import Cluster, running_cluster
from tests.faults.conftest import Tell
from tests.faults.figures import length
from tests.faults.grown import Grown, differences, grown
from tests.faults.senders import Sender, sending
from tests.journeys.playing import wait_until
from tests.stands.databases import NoPostgresError
from tests.stands.real_time import RealTimeRuntime

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

STOPS = length(short=2, full=15)
AWAY_SECONDS = length(short=5.0, full=300.0)
LOCKED_SECONDS = length(short=8.0, full=30.0)
STATEMENT_SECONDS = 4
_PULLED = "SELECT count(*) FROM cursor WHERE stream = 'expense_reports' AND read_at > %s"
_LOCK = "SELECT pg_advisory_xact_lock(%s)"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with ExitStack() as stack:
        try:
            running = stack.enter_context(running_cluster())
        except NoPostgresError as error:
            pytest.skip(str(error))
        yield running


@pytest.fixture(scope="module")
def world(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    settings = {"database": {"statement_timeout": STATEMENT_SECONDS, "pool_size": 4}}
    with (
        cluster.stand.empty() as url,
        grown(url, tmp_path_factory.mktemp("grown"), settings) as one,
    ):
        yield one


def _is_taken(sender: Sender, name: str) -> bool:
    answer = sender.send(name)
    return answer is not None and answer.status_code == HTTPStatus.ACCEPTED


def _refused(world: Grown, sender: Sender) -> set[tuple[int, bool]]:
    """Return what an event and the question for readiness are answered while the database is away."""
    answer = sender.send("TR-away")
    ready = httpx.get(f"{world.stage.tieout.address}/readyz", timeout=30, trust_env=False)
    return {(one.status_code, "retry-after" in one.headers) for one in (answer, ready) if one is not None}


def _is_pulled(world: Grown, since: datetime) -> bool:
    return world.number(_PULLED, since) > 0


def _lock_and_commit(connection: psycopg.Connection, key: int) -> None:
    connection.execute(_LOCK, [key])
    connection.commit()


def test_stops_of_the_database_lose_nothing_and_service_is_back_soon(
    world: Grown, cluster: Cluster, tell: Tell
) -> None:
    chance, taken, pulled = random.Random(25), [0.0], [0.0]
    with sending(world.stage.tieout) as sender:
        for stop in range(STOPS):
            world.approve(40)
            time.sleep(chance.uniform(0.3, 2.0))
            cluster.stop()
            cluster.start()
            began, ((at,),) = time.monotonic(), world.rows("SELECT clock_timestamp()")
            wait_until(partial(_is_taken, sender, f"TR-{stop}"), seconds=120, what="a taken event")
            taken.append(time.monotonic() - began)
            wait_until(partial(_is_pulled, world, at), seconds=180, what="a pulled stream")
            pulled.append(time.monotonic() - began)
        proof = world.proof()
        with world.stage.client() as client:
            lost, doubled = sender.missing_and_doubled(client)

    assert differences(proof) == []
    tell("F25", f"documents lost in {STOPS} immediate stops", proof.lost + lost)
    tell("F25", f"documents doubled in {STOPS} immediate stops", proof.doubled + doubled)
    tell("F25", "until events are taken again", max(taken), "s", at_most(10))
    tell("F25", "until the source is asked again", max(pulled), "s", at_most(10))


def test_while_the_database_is_away_everybody_is_told_to_come_back_and_nobody_ends(
    world: Grown, cluster: Cluster, tell: Tell
) -> None:
    world.approve(20)
    with sending(world.stage.tieout) as sender:
        cluster.stop()
        until, told = time.monotonic() + AWAY_SECONDS, set[tuple[int, bool]]()
        while time.monotonic() < until:
            told |= _refused(world, sender)
            time.sleep(0.5)
        cluster.start()
        began = time.monotonic()
        wait_until(lambda: _is_taken(sender, "TR-away"), seconds=120, what="a taken event")
        waited = time.monotonic() - began
        proof = world.proof()
        gone = sum(process.pid is None for process in (world.stage.tieout, world.scheduler, world.worker))

    assert told == {(HTTPStatus.SERVICE_UNAVAILABLE, True)}
    assert differences(proof) == []
    tell("F26", "processes that ended", gone)
    tell("F26", f"until events are taken again after {AWAY_SECONDS:.0f} s", waited, "s", at_most(10))


def test_without_a_free_connection_callers_are_told_to_come_back(world: Grown, tell: Tell) -> None:
    plain = world.database_url.replace("+psycopg", "")
    with sending(world.stage.tieout) as sender, ExitStack() as crowd:
        for _ in range(60):
            with suppress(psycopg.OperationalError):
                crowd.enter_context(psycopg.connect(plain, autocommit=True))
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(sender.send, [f"TR-crowd-{number}" for number in range(100)]))
        answers = Counter(sender.refused)
        crowd.close()
        wait_until(lambda: _is_taken(sender, "TR-crowd-0"), seconds=60, what="a taken event")

    answers[HTTPStatus.SERVICE_UNAVAILABLE] = 0
    tell("F27", "answers that are neither 202 nor 503", answers.total() + len(sender.unanswered))


async def test_a_unit_of_work_that_gives_way_in_a_deadlock_is_run_again(cluster: Cluster, tell: Tell) -> None:
    tries = 0
    with (
        cluster.stand.fresh() as url,
        psycopg.connect(url.replace("+psycopg", "")) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        database = open_database(url)
        other.execute(_LOCK, [2])

        def work(unit: Unit) -> None:
            nonlocal tries
            tries += 1
            unit.session.execute(text("SET LOCAL deadlock_timeout = '100ms'"))
            unit.session.execute(text("SELECT pg_advisory_xact_lock(1)"))
            if tries == 1:
                pool.submit(_lock_and_commit, other, 1)
                time.sleep(0.5)
            unit.session.execute(text("SELECT pg_advisory_xact_lock(2)"))

        await Parts(RealTimeRuntime(), database, {}, {}).write(work)
        database.dispose()

    assert tries == 2
    tell("F28", "deadlocks that anybody hears of", 0)


def test_a_long_lock_on_a_hot_table_ends_in_time_and_piles_nothing_up(world: Grown, tell: Tell) -> None:
    slowest, most = 0.0, 0
    with sending(world.stage.tieout) as sender, psycopg.connect(world.database_url.replace("+psycopg", "")) as holder:
        holder.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        until = time.monotonic() + LOCKED_SECONDS
        while time.monotonic() < until:
            began = time.monotonic()
            answer = sender.send("TR-locked")
            slowest = max(slowest, time.monotonic() - began)
            assert answer is not None
            assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            most = max(most, world.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        ready = httpx.get(f"{world.stage.tieout.address}/readyz", timeout=30, trust_env=False).status_code
        holder.rollback()
        wait_until(lambda: _is_taken(sender, "TR-locked"), seconds=60, what="a taken event")

    assert ready == HTTPStatus.SERVICE_UNAVAILABLE
    tell("F29", "statements that waited for the lock at once", most, "", at_most(16))
    tell("F29", "until a caller was told to come back", slowest, "s", at_most(STATEMENT_SECONDS + 2))
