import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.bootstrap.system import SystemClock, SystemIds, SystemRuntime, system_time
from control_plane.domain.identity import MAX_SLOT

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


class Ticks:
    """A monotonic clock in the test's hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def clock(ticks: Ticks) -> SystemClock:
    return SystemClock(NOON, ticks)


def test_time_passes_with_the_monotonic_clock(clock: SystemClock, ticks: Ticks) -> None:
    ticks.seconds = 7.5

    assert clock.now() == NOON + timedelta(seconds=7.5)


def test_a_clock_that_is_behind_takes_over_the_true_time_at_once(clock: SystemClock) -> None:
    clock.follow(NOON + timedelta(hours=1))

    assert clock.now() == NOON + timedelta(hours=1)


def test_a_clock_that_is_ahead_slows_down_and_never_runs_backwards(clock: SystemClock, ticks: Ticks) -> None:
    clock.follow(NOON - timedelta(seconds=10))
    moments = [clock.now()]
    for second in range(1, 31):
        ticks.seconds = second
        clock.follow(NOON - timedelta(seconds=10) + timedelta(seconds=second))
        moments.append(clock.now())

    assert moments == sorted(moments)
    assert moments[10] == NOON + timedelta(seconds=5)
    assert moments[20:] == [NOON + timedelta(seconds=second - 10) for second in range(20, 31)]


def test_a_clock_that_was_ahead_by_a_moment_is_right_again_a_moment_later(clock: SystemClock, ticks: Ticks) -> None:
    moment = timedelta(milliseconds=2)
    clock.follow(NOON - moment)
    moments = []
    for ticks.seconds in (0.002, 0.004, 10):
        moments.append(clock.now() - NOON)

    assert moments == [moment / 2, moment, timedelta(seconds=10) - moment]


def test_ids_ascend_while_the_clock_stands_still(clock: SystemClock) -> None:
    ids = SystemIds(clock, slot=3)

    drawn = ids.draw_many(5000) + [ids.draw() for _ in range(10)]

    assert drawn == sorted(set(drawn))


def test_ids_of_two_slots_never_meet(clock: SystemClock) -> None:
    one, other = (SystemIds(clock, slot) for slot in (0, MAX_SLOT))

    assert not set(one.draw_many(9000)) & set(other.draw_many(9000))


def test_ids_follow_the_time(clock: SystemClock, ticks: Ticks) -> None:
    ids = SystemIds(clock, slot=0)
    early = ids.draw()
    ticks.seconds = 0.001

    assert ids.draw() - early >= 1 << 22


async def test_the_runtime_runs_the_store_in_its_one_thread_and_sleeps() -> None:
    runtime = SystemRuntime(SystemClock(system_time()), 0, threads=1)
    names = {await runtime.in_store(lambda: threading.current_thread().name) for _ in range(5)}
    before = runtime.now()
    await runtime.sleep(timedelta(milliseconds=5))

    assert names == {"store_0"}
    assert runtime.now() - before >= timedelta(milliseconds=4)
    assert 0 <= runtime.random() < 1
    runtime.close()


async def test_what_is_spawned_goes_on_by_itself_and_can_be_waited_for() -> None:
    runtime = SystemRuntime(SystemClock(system_time()), 0, threads=1)
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    await runtime.spawn(work(), name="work")

    assert done.is_set()
    runtime.close()
