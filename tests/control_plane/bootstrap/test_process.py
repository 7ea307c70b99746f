import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from control_plane.bootstrap import process
from control_plane.bootstrap.process import DatabaseInUseError, Process, all_until_stopped, database_url, rest, started
from control_plane.domain.transaction import State
from control_plane.settings import ConfigurationError, Settings
from control_plane.settings.sections import DatabaseSection, EngineSection
from control_plane.store import incarnations, queue
from control_plane.store.database import Database
from control_plane.store.tables import IncarnationRow
from control_plane.store.troubles import DatabaseConflictError
from tests.control_plane.store.documents import TARGET, birth, born


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=DatabaseSection(url=f"sqlite:///{tmp_path / 'tieout.db'}"),
        engine=EngineSection(heartbeat=timedelta(milliseconds=20)),
    )


def _row(database: Database, incarnation: int) -> IncarnationRow:
    with database.read() as session:
        row = session.get(IncarnationRow, incarnation)
    assert row is not None
    return row


async def test_a_start_is_registered_and_its_end_is_noted(settings: Settings) -> None:
    async with started(settings, "embedded") as one:
        row = _row(one.database, one.incarnation)
        assert (row.kind, row.process_id, row.ended_at) == ("embedded", os.getpid(), None)
    async with started(settings, "embedded") as next_one:
        assert _row(next_one.database, one.incarnation).ended_at is not None
        assert next_one.incarnation > one.incarnation


async def test_a_process_that_died_is_ended_by_the_next_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(process, "_end", lambda _: None)
        async with started(settings, "embedded") as one:
            pass
    async with started(settings, "embedded") as next_one:
        assert _row(next_one.database, one.incarnation).ended_at is not None


async def test_what_a_process_died_asking_about_is_asked_by_the_next_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(process, "_end", lambda _: None)
        async with started(settings, "embedded") as one:
            ids, until = one.runtime.ids, one.runtime.now() + timedelta(hours=1)
            held = birth(ids, state=State.IN_DOUBT.value, inquire_at=until, lease_owner=one.incarnation)
            born(one.database, ids, held)
    async with started(settings, "embedded") as next_one:
        with next_one.database.read() as session:
            asked = queue.to_inquire(session, targets=[TARGET], now=next_one.runtime.now(), limit=10)
    assert len(asked) == 1


async def test_a_start_that_gave_way_to_another_one_is_made_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = incarnations.register
    gave_way: list[bool] = []

    def registered(*arguments: Any, **named: Any) -> None:
        if not gave_way:
            gave_way.append(True)
            raise DatabaseConflictError("another start came first")
        register(*arguments, **named)

    monkeypatch.setattr(incarnations, "register", registered)
    async with started(settings, "embedded") as one:
        assert _row(one.database, one.incarnation).ended_at is None
    assert gave_way


@pytest.mark.parametrize(("dies", "is_after_loss"), [(True, True), (False, False)])
async def test_a_start_knows_whether_the_one_before_it_was_lost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, dies: bool, is_after_loss: bool
) -> None:
    with monkeypatch.context() as dying:
        if dies:
            dying.setattr(process, "_end", lambda _: None)
        async with started(settings, "embedded") as one:
            assert not one.is_after_loss
    async with started(settings, "embedded") as next_one:
        assert next_one.is_after_loss is is_after_loss


async def test_sqlite_has_one_process(settings: Settings) -> None:
    async with started(settings, "embedded"):
        with pytest.raises(DatabaseInUseError, match="Another process works on"):
            async with started(settings, "embedded"):
                pass


async def test_signs_of_life_are_given(settings: Settings) -> None:
    async with started(settings, "embedded") as one:
        before = _row(one.database, one.incarnation).heartbeat_at
        await asyncio.sleep(0.3)
        assert _row(one.database, one.incarnation).heartbeat_at > before


async def test_a_process_that_the_others_gave_up_stops(settings: Settings) -> None:
    async with started(settings, "embedded") as one:
        with one.database.write() as session:
            incarnations.end(session, [one.incarnation], now=one.runtime.now())
        assert await rest(one.stop, timedelta(seconds=5))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_the_process_in_order(settings: Settings, number: signal.Signals) -> None:
    async with started(settings, "embedded") as one:
        os.kill(os.getpid(), number)
        assert await rest(one.stop, timedelta(seconds=5))


async def test_the_first_work_that_ends_stops_the_others(settings: Settings) -> None:
    async with started(settings, "embedded") as one:

        async def patient(running: Process) -> None:
            await running.stop.wait()

        async def hasty() -> None:
            raise RuntimeError("it broke")

        with pytest.raises(RuntimeError, match="it broke"):
            await all_until_stopped(one, (patient(one), hasty()))


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite:///:memory:"])
async def test_a_url_that_names_no_database_of_ours_names_the_key(url: str) -> None:
    settings = Settings(database=DatabaseSection(url=url))

    with pytest.raises(ConfigurationError, match=r"database\.url: "):
        async with started(settings, "worker"):
            pass


def test_the_password_is_put_into_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "p@ss")
    section = DatabaseSection(url="postgresql+psycopg://tieout@host/name", password="env:DATABASE_PASSWORD")

    assert database_url(Settings(database=section)) == "postgresql+psycopg://tieout:p%40ss@host/name"
