"""F3, F6, F37, F38, F40 and F41: workers and schedulers that die, freeze, or live in another time."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from bench.figures import at_least, at_most
from control_plane.proof.stage import TieoutProcess
from tests.faults.conftest import Tell
from tests.faults.figures import length, only_in_full
from tests.faults.grown import DEADLINE, LEASE, POSTS, Grown, differences, grown
from tests.faults.machine import faketime
from tests.journeys.playing import wait_until
from tests.stands.databases import PostgresStand

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

TAKEN_OVER_WITHIN = LEASE + 15
"""The lease, and as long as P6 allows beside it."""
ASLEEP_SECONDS = length(short=6.0, full=600.0)
SLOW = {"kind": "latency", "moment": "after", "path": POSTS, "seconds": DEADLINE - 1}
_HELD = """
    SELECT count(*) FROM transaction JOIN incarnation ON incarnation.id = lease_owner
    WHERE state = 'in_flight' AND process_id = %s
"""
_BORN = "SELECT count(*) FROM incarnation WHERE process_id = %s AND ended_at IS NULL"
_ASKED = "SELECT count(*) FROM lineage WHERE name = 'asked' OR (kind = 'transition' AND from_state = 'in_doubt')"
_LATE = "SELECT count(*) FROM lineage WHERE name = 'late_result'"
_RUNS = "SELECT scheduled_for FROM sync_run WHERE connection = 'erp' AND stream = 'payments' ORDER BY scheduled_for"
_REAPED = "SELECT count(*) FROM lineage WHERE name = 'reap'"


@pytest.fixture(scope="module")
def world(postgres_server: PostgresStand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    with postgres_server.empty() as url, grown(url, tmp_path_factory.mktemp("grown")) as one:
        yield one


@contextmanager
def _frozen(process: TieoutProcess) -> Iterator[None]:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextmanager
def _without_scheduler(world: Grown) -> Iterator[None]:
    world.scheduler.end()
    try:
        yield
    finally:
        world.scheduler.begin()


@contextmanager
def _busy_worker(world: Grown) -> Iterator[TieoutProcess]:
    """Give a further worker that has documents on their way to a slow ERP."""
    with world.beside("worker") as (one,):
        wait_until(lambda: world.number(_BORN, one.pid) > 0, seconds=120, what="a further worker")
        world.faults(SLOW)
        with _frozen(world.worker):
            world.approve(30)
            wait_until(lambda: world.number(_HELD, one.pid) > 0, seconds=60, what="a document in flight")
        yield one


def _in_another_time(*words: str) -> Sequence[str]:
    """Return the words under which a process has a clock of its own; time still passes for it as for everybody."""
    return ("env", f"LD_PRELOAD={faketime()}", "FAKETIME_DONT_FAKE_MONOTONIC=1", *words)


def _runs(world: Grown) -> list[datetime]:
    """Return for which moments a stream that is pulled every two seconds was planned."""
    return [at for (at,) in world.rows(_RUNS)]


def _have_run(world: Grown, count: int) -> bool:
    return len(_runs(world)) >= count


@only_in_full("tests/journeys/test_workers.py")
def test_a_worker_that_slept_through_two_leases_is_refused(world: Grown, tell: Tell) -> None:
    before = world.number(_LATE)
    with _busy_worker(world) as first:
        with _frozen(first):
            world.faults()
            time.sleep(2 * LEASE)
            wait_until(lambda: world.number(_HELD, first.pid) == 0, seconds=60, what="the takeover")
        proof = world.proof()
        late = world.number(_LATE) - before

    assert differences(proof) == []
    tell("F6", "results of the sleeper that were kept as evidence", late, "", at_least(1))
    tell("F6", "documents lost or doubled by the sleeper", proof.lost + proof.doubled)


def test_what_a_killed_worker_held_is_asked_about_in_time(world: Grown, tell: Tell) -> None:
    with _busy_worker(world) as first:
        asked = world.number(_ASKED)
        first.kill()
    began = time.monotonic()
    world.faults()
    wait_until(lambda: world.number(_ASKED) > asked, seconds=120, what="a question")
    waited = time.monotonic() - began
    proof = world.proof()

    assert differences(proof) == []
    tell("F3", f"until the ERP is asked, with a lease of {LEASE} s", waited, "s", at_most(TAKEN_OVER_WITHIN))
    tell("F3", "documents lost or doubled by the dead", proof.lost + proof.doubled)


def test_workers_five_minutes_apart_take_nothing_from_each_other(world: Grown, tell: Tell) -> None:
    ahead = _in_another_time("FAKETIME=+5m")
    reaped = world.number(_REAPED)
    with world.beside("worker", under=ahead):
        world.approve(60)
        proof = world.proof()
        reaped = world.number(_REAPED) - reaped

    assert differences(proof) == []
    tell("F38", "documents taken from a worker that lived", reaped)
    tell("F38", "documents lost or doubled by the skew", proof.lost + proof.doubled)


def test_steps_of_the_clock_stop_no_schedule_and_double_no_run(world: Grown, tmp_path: Path, tell: Tell) -> None:
    clock, longest = tmp_path / "clock", 0.0
    clock.write_text("+0")
    stepping = _in_another_time(f"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_NO_CACHE=1")
    with _without_scheduler(world), world.beside("scheduler", "worker", under=stepping):
        wait_until(partial(_have_run, world, len(_runs(world)) + 2), seconds=120, what="two runs")
        for step in ("+1h", "+0"):
            clock.write_text(step)
            world.approve(10)
            planned, began = len(_runs(world)), time.monotonic()
            wait_until(partial(_have_run, world, planned + 2), seconds=120, what="two runs")
            longest = max(longest, time.monotonic() - began)
        proof = world.proof()
    moments = _runs(world)

    assert differences(proof) == []
    tell("F37", "the longest gap between runs around a step by an hour", longest, "s", at_most(60))
    tell(
        "F37", "runs doubled, documents lost or doubled", len(moments) - len(set(moments)) + proof.lost + proof.doubled
    )


def test_a_scheduler_that_slept_makes_up_for_it_once(world: Grown, tell: Tell) -> None:
    with world.beside("scheduler") as (second,):
        planned = len(_runs(world))
        wait_until(lambda: len(_runs(world)) > planned, seconds=60, what="a run")
        with _frozen(world.scheduler), _frozen(second):
            time.sleep(1)
            asleep = len(_runs(world))
            time.sleep(ASLEEP_SECONDS)
        wait_until(lambda: len(_runs(world)) >= asleep + 3, seconds=60, what="three runs")
        moments = _runs(world)

    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments[planned:])]
    made_up_for = sum(0 < step < 1 for step in steps)
    tell("F40", "runs beside the one that makes up for what was slept through", made_up_for)
    tell("F41", "runs that two schedulers planned for the same moment", len(moments) - len(set(moments)))
