"""Examples of what the faults have brought to light, each as small as it can be shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from control_plane.bootstrap import process
from control_plane.bootstrap.system import SystemClock
from control_plane.engine.parts import Unit
from control_plane.engine.pull import RUN_LEASE, pull_next
from control_plane.store import runs
from control_plane.store.database import Database
from tests.stands.claims import claim
from tests.stands.world import World, twins, world


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


def _lease(unit: Unit, owner: int) -> str:
    run = runs.lease_next(unit.session, owner=owner, now=unit.now, until=unit.now + RUN_LEASE)
    return "" if run is None else run.stream


async def _cut_off(w: World, owner: int) -> None:
    """Let a worker begin a run whose end the database does not hear of."""
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    assert await w.parts.write(lambda unit: _lease(unit, owner)) == "expense_reports"


async def test_a_run_that_the_database_cut_off_is_begun_anew_by_its_worker_at_once(
    database: Database, urls: tuple[str, str]
) -> None:
    async with world(database, urls) as w:
        await _cut_off(w, owner=w.parts.incarnation)

        assert await pull_next(w.parts) == 1


async def test_a_run_of_another_worker_is_left_to_it_until_its_lease_ends(
    database: Database, urls: tuple[str, str]
) -> None:
    async with world(database, urls) as w:
        await _cut_off(w, owner=w.parts.incarnation + 1)

        assert await pull_next(w.parts) == 0
        w.runtime.advance(RUN_LEASE + timedelta(seconds=1))
        assert await pull_next(w.parts) == 1


def test_the_databases_time_is_followed_whatever_the_machines_clock_does_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.dialect == "sqlite":
        pytest.skip("the machine's time is the database's")
    clock = SystemClock(datetime.now(UTC))
    monkeypatch.setattr(process, "system_time", lambda: datetime.now(UTC) + timedelta(hours=1))

    assert abs(process._true_time(database, clock) - datetime.now(UTC)) < timedelta(minutes=1)


def test_nobody_is_given_up_for_a_silence_in_which_nobody_could_speak() -> None:
    start, beat = datetime(2026, 3, 16, tzinfo=UTC), timedelta(seconds=10)
    sight = process.Sight.of(start)
    judged = [sight.may_judge(start + beat * number) for number in range(1, 10)]
    back_at = start + timedelta(minutes=5)
    after = [sight.may_judge(back_at + beat * number) for number in range(6)]

    assert judged == [False] * 4 + [True] * 5
    assert after == [False] * 5 + [True]


def test_after_a_write_that_the_disk_did_not_keep_reads_go_on(database: Database) -> None:
    def count(session: Session) -> int:
        return len(runs.schedules(session))

    database.is_untrusted.set()

    with database.read() as session:
        assert count(session) == 0
