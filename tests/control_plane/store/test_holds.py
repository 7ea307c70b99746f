import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from control_plane.store import holds
from control_plane.store.database import Database
from control_plane.store.holds import CLOCK, POSTING, HoldKey
from control_plane.store.tables import HoldRow
from tests.stands.runtime import MORNING

PROJECT: HoldKey = ("project", "DE01", "P-1")
BOOKED: HoldKey = (POSTING, "", "R1")
HOUR = timedelta(hours=1)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def hold(database: Database, number: int, *keys: HoldKey) -> None:
    with database.write() as session:
        holds.replace(session, {number: keys})


def wake(database: Database, *keys: HoldKey) -> int:
    with database.write() as session:
        return holds.wake(session, keys, now=MORNING)


def woken(database: Database, at: timedelta = timedelta(0)) -> list[int]:
    with database.read() as session:
        return holds.woken(session, now=MORNING + at, limit=10)


def test_a_change_wakes_what_waits_for_it_and_nothing_else(database: Database) -> None:
    hold(database, 1, PROJECT, ("policy", "", "routing"))
    hold(database, 2, PROJECT)
    hold(database, 3, ("project", "DE01", "P-2"), ("gl_account", "DE01", "P-1"))

    assert wake(database, PROJECT) == 2
    assert woken(database) == [1, 2]
    assert wake(database) == 0


@pytest.mark.parametrize(("waits", "changed"), [("", "DE01"), ("DE01", ""), ("DE01", "CH01")])
def test_a_record_of_any_legal_entity_wakes_what_waits_for_its_code(
    database: Database, waits: str, changed: str
) -> None:
    hold(database, 1, ("project", waits, "P-1"))

    assert wake(database, ("project", changed, "P-1")) == 1


def test_what_was_looked_at_sleeps_until_the_next_change(database: Database) -> None:
    hold(database, 1, PROJECT)
    wake(database, PROJECT)
    with database.write() as session:
        holds.sleep(session, [1])

    assert woken(database) == []
    wake(database, PROJECT)
    assert woken(database) == [1]


def test_what_is_awaited_is_said_anew(database: Database) -> None:
    hold(database, 1, PROJECT)
    hold(database, 1, BOOKED, BOOKED)
    assert (wake(database, PROJECT), wake(database, BOOKED)) == (0, 1)

    hold(database, 1)
    assert wake(database, BOOKED) == 0
    with database.read() as session:
        assert session.exec(select(HoldRow)).all() == []


def test_a_hold_may_end_by_the_clock(database: Database) -> None:
    with database.write() as session:
        holds.replace(session, {1: [(CLOCK, "", "cutoff")], 2: [PROJECT]}, {1: MORNING + HOUR})

    assert woken(database) == []
    assert woken(database, HOUR) == [1]


def test_those_woken_come_once_each_the_oldest_first(database: Database) -> None:
    for number in (3, 1, 2):
        hold(database, number, PROJECT, BOOKED)
    wake(database, PROJECT, BOOKED)

    assert woken(database) == [1, 2, 3]
    with database.read() as session:
        assert holds.woken(session, now=MORNING, limit=2) == [1, 2]


@contextmanager
def meanwhile(database: Database, *keys: HoldKey) -> Iterator[list[int]]:
    """Wake the keys in another unit of work, which may have to wait for the block to end."""
    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(wake(database, *keys)))
    thread.start()
    thread.join(timeout=0.2)
    yield counts
    thread.join(timeout=10)
    assert not thread.is_alive()


def watch_and_hold(session: Session, watched: Iterable[HoldKey], awaited: HoldKey) -> None:
    holds.watch(session, watched)
    holds.replace(session, {1: [awaited]})


@pytest.mark.postgres
@POSTGRESQL
@pytest.mark.parametrize(("watched", "awaited"), [((), PROJECT), ((BOOKED,), BOOKED)])
def test_a_change_between_the_look_and_the_hold_is_not_missed(
    database: Database, watched: Iterable[HoldKey], awaited: HoldKey
) -> None:
    with database.write() as session:
        watch_and_hold(session, watched, awaited)
        with meanwhile(database, awaited) as counts:
            assert counts == []  # it waits, so that it sees the hold
            session.commit()

    assert counts == [1]
    assert woken(database) == [1]


@pytest.mark.postgres
@POSTGRESQL
def test_a_posting_does_not_wait_for_those_who_watch_others(database: Database) -> None:
    with database.write() as session:
        holds.watch(session, [(POSTING, "", "R2")])
        with meanwhile(database, BOOKED) as counts:
            assert counts == [0]


def test_any_number_may_watch_at_once(database: Database) -> None:
    with database.write() as session:
        holds.watch(session)
        if database.dialect == "postgresql":
            with database.write() as other:
                holds.watch(other)


def test_thousands_behind_one_record_are_looked_at_page_by_page_each_once_and_in_order(database: Database) -> None:
    count, page = 5_000, 200
    with database.write() as session:
        holds.replace(session, {number: [PROJECT, ("policy", "", "routing")] for number in range(1, count + 1)})
    assert wake(database, PROJECT) == count

    seen: list[int] = []
    for _ in range(count // page):
        with database.write() as session:
            found = holds.woken(session, now=MORNING, limit=page)
            holds.sleep(session, found)
        assert len(found) == page
        seen += found
    assert seen == list(range(1, count + 1))
    assert woken(database) == []
