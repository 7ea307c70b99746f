import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, text
from sqlmodel import Session, select

from control_plane.store import database as database_module
from control_plane.store.database import Database, DatabaseUrlError, advisory_lock, open_database
from control_plane.store.statements import table_of
from control_plane.store.tables import CursorRow
from control_plane.store.troubles import DatabaseAwayError, DatabaseFullError, DatabaseReadOnlyError
from tests.stands.databases import PostgresStand, SqliteStand
from tests.stands.runtime import MORNING

WRITERS = 8
WRITES_EACH = 40


@pytest.fixture
def sqlite(sqlite_stand: SqliteStand) -> Iterator[Database]:
    with sqlite_stand.fresh() as url:
        opened = open_database(url)
        yield opened
        opened.dispose()


@pytest.fixture
def postgresql(postgres_server: PostgresStand) -> Iterator[Database]:
    opened = open_database(postgres_server.clean(), pool_size=1)
    yield opened
    opened.dispose()


def add_cursor(session: Session, stream: str) -> None:
    session.add(CursorRow(connection="erp", stream=stream, value="7", read_at=MORNING))
    session.flush()


def count_cursors(session: Session) -> int:
    return session.exec(select(func.count()).select_from(CursorRow)).one()


def test_a_unit_of_work_is_committed_at_its_end(database: Database) -> None:
    with database.write() as session:
        add_cursor(session, "projects")

    with database.read() as session:
        assert count_cursors(session) == 1


def test_a_unit_of_work_that_fails_leaves_nothing(database: Database) -> None:
    def fail(session: Session) -> None:
        add_cursor(session, "projects")
        raise InterruptedError

    with pytest.raises(InterruptedError), database.write() as session:
        fail(session)

    with database.read() as session:
        assert count_cursors(session) == 0


def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    moment = datetime.fromisoformat("2026-03-29T03:30:00.000123+02:00")
    with database.write() as session:
        session.add(CursorRow(connection="erp", stream="projects", read_at=moment))

    with database.read() as session:
        found = session.exec(select(CursorRow.read_at)).one()

    assert found == moment
    assert found.tzinfo is UTC


def test_all_figures_of_a_read_come_from_one_moment(database: Database) -> None:
    with database.read() as reading:
        before = count_cursors(reading)
        with database.write() as writing:
            add_cursor(writing, "projects")

        assert count_cursors(reading) == before


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseReadOnlyError), database.read() as session:
        add_cursor(session, "projects")

    with database.write() as session:
        add_cursor(session, "projects")


def test_eight_writers_and_a_reader_meet_no_error_and_lose_nothing(database: Database) -> None:
    def write_many(writer: int) -> None:
        for number in range(WRITES_EACH):
            with database.write() as session:
                add_cursor(session, f"{writer}-{number}")

    def read_many(_: int) -> None:
        for _ in range(WRITES_EACH):
            with database.read() as session:
                count_cursors(session)

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        done = [pool.submit(write_many, writer) for writer in range(WRITERS)]
        done.append(pool.submit(read_many, 0))
        for future in done:
            future.result(timeout=60)

    with database.read() as session:
        assert count_cursors(session) == WRITERS * WRITES_EACH


def test_a_busy_writer_keeps_nobody_out(database: Database) -> None:
    is_over = threading.Event()

    def write_on() -> None:
        while not is_over.wait(timeout=0):
            with database.write() as session:
                session.execute(text("SELECT 1"))
                time.sleep(0.005)

    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(write_on) for _ in range(2)]
        began = time.monotonic()
        for number in range(10):
            with database.write() as session:
                add_cursor(session, str(number))
        waited = time.monotonic() - began
        is_over.set()
        for future in busy:
            future.result(timeout=5)

    assert waited < 5


def test_on_sqlite_a_unit_of_work_begins_only_after_the_one_before_has_ended(sqlite: Database) -> None:
    began = threading.Event()

    def second() -> None:
        with sqlite.write():
            began.set()

    thread = threading.Thread(target=second)
    with sqlite.write():
        thread.start()
        assert not began.wait(timeout=0.05)
    thread.join(timeout=5)

    assert began.is_set()


def test_a_lock_is_held_until_the_end_of_the_unit_of_work(database: Database) -> None:
    order: list[str] = []
    is_held = threading.Event()

    def second() -> None:
        is_held.wait(timeout=5)
        with database.write() as session:
            advisory_lock(session, ["travel|4711"])
            order.append("second")

    thread = threading.Thread(target=second)
    with database.write() as session:
        advisory_lock(session, ["travel|4711"])
        thread.start()
        is_held.set()
        thread.join(timeout=0.05)
        order.append("first")
    thread.join(timeout=5)

    assert order == ["first", "second"]


def test_holders_of_the_same_keys_in_any_order_never_wait_for_each_other(database: Database) -> None:
    keys = [f"report-{number}" for number in range(20)]

    def lock(ordered: list[str]) -> None:
        for _ in range(20):
            with database.write() as session:
                advisory_lock(session, ordered)

    with ThreadPoolExecutor(4) as pool:
        orders = [keys, keys[::-1], keys[10:] + keys[:10], keys[::2] + keys[1::2]]
        for future in [pool.submit(lock, order) for order in orders]:
            future.result(timeout=30)


def test_a_lock_on_nothing_waits_for_nothing(database: Database) -> None:
    with database.write() as session:
        advisory_lock(session, [])


def test_a_full_postgresql_is_named(postgresql: Database) -> None:
    with pytest.raises(DatabaseFullError, match="no space left"), postgresql.write() as session:
        session.execute(text("DO $$ BEGIN RAISE disk_full; END $$"))


def test_a_full_disk_under_sqlite_is_named_and_passes(sqlite: Database) -> None:
    large = CursorRow(connection="erp", stream="projects", value="7" * 1_000_000, read_at=MORNING)
    with sqlite.write() as session:
        session.execute(text("PRAGMA max_page_count = 1"))  # SQLite takes the present size as the least

    with pytest.raises(DatabaseFullError, match="no space left"), sqlite.write() as session:
        session.connection().execute(insert(table_of(CursorRow)), [large.model_dump()])

    with sqlite.write() as session:
        session.execute(text("PRAGMA max_page_count = 1073741823"))
        add_cursor(session, "projects")


def test_a_postgresql_that_takes_no_writes_is_named(postgresql: Database) -> None:
    with postgresql.write() as session:
        session.execute(text("SELECT set_config('default_transaction_read_only', 'on', false)"))

    with pytest.raises(DatabaseReadOnlyError), postgresql.write() as session:
        add_cursor(session, "projects")


def test_a_sqlite_file_that_takes_no_writes_is_named(sqlite: Database) -> None:
    with sqlite.write() as session:
        session.execute(text("PRAGMA query_only = ON"))

    with pytest.raises(DatabaseReadOnlyError), sqlite.write() as session:
        add_cursor(session, "projects")


def test_another_process_that_holds_the_file_too_long_is_trouble_that_passes(
    sqlite_stand: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", timedelta(milliseconds=20))
    with sqlite_stand.fresh() as url:
        database = open_database(url)
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseAwayError, match="locked"), database.write():
            pass

        other.execute("ROLLBACK")
        other.close()
        with database.write() as session:
            add_cursor(session, "projects")
        database.dispose()


def test_a_lost_connection_is_named_and_the_next_unit_of_work_has_a_new_one(postgresql: Database) -> None:
    with pytest.raises(DatabaseAwayError), postgresql.write() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with postgresql.write() as session:
        add_cursor(session, "projects")


def test_a_statement_that_takes_too_long_is_ended(postgres_server: PostgresStand) -> None:
    database = open_database(postgres_server.clean(), statement_timeout=timedelta(milliseconds=20))
    with pytest.raises(DatabaseAwayError, match="statement timeout"), database.read() as session:
        session.execute(text("SELECT pg_sleep(5)"))
    database.dispose()


def test_the_database_tells_how_far_ahead_its_time_is(database: Database) -> None:
    behind = timedelta(hours=1)

    offset = database.clock_offset(lambda: datetime.now(UTC) - behind)

    expected = timedelta(0) if database.dialect == "sqlite" else behind
    assert abs(offset - expected) < timedelta(minutes=1)


def test_a_look_at_the_database_that_stalls_does_not_move_the_clock(database: Database) -> None:
    stalls = iter([timedelta(0), timedelta(seconds=10)])  # the end of the first look

    offset = database.clock_offset(lambda: datetime.now(UTC) + next(stalls, timedelta(0)))

    assert abs(offset) < timedelta(seconds=1)


def test_other_errors_stay_what_they_are(database: Database) -> None:
    with pytest.raises(Exception, match="nowhere"), database.write() as session:
        session.execute(text("SELECT name FROM nowhere"))


def test_the_folder_of_a_new_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/deep/er/tieout.db")
    database.dispose()

    assert (tmp_path / "deep/er/tieout.db").exists()


def test_sqlite_writes_ahead_and_waits_for_the_disk(sqlite: Database) -> None:
    with sqlite.write() as session:
        pragmas = [session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous")]

    assert pragmas == ["wal", 2]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql+psycopg://tieout:secret@127.0.0.1:1/tieout", "Cannot open postgresql"),
        ("sqlite:////dev/null/tieout.db", "Cannot make the folder"),
    ],
)
def test_a_database_out_of_reach_is_said_in_one_line_without_the_password(url: str, sentence: str) -> None:
    with pytest.raises(DatabaseAwayError, match=sentence) as caught:
        open_database(url)

    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["tieout.db", "sqlite://", "sqlite:///:memory:", "mysql://localhost/tieout", "postgresql://localhost/tieout"]
)
def test_what_names_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="sqlite:///"):
        open_database(url)


def test_postgresql_without_its_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(DatabaseUrlError, match=r"tieout\[postgres\]"):
        open_database("postgresql+psycopg://127.0.0.1/tieout")
