import threading
from collections.abc import Iterable

import pytest
from sqlmodel import Session, select

from control_plane.domain.ledger import NOTHING, Amounts, LedgerKey, Movement
from control_plane.domain.machine import By
from control_plane.domain.transaction import State
from control_plane.store import ledger
from control_plane.store.database import Database
from control_plane.store.tables import LedgerBalanceRow, LedgerMovementRow
from tests.control_plane.store.documents import at_once, birth, born, change, leased, recorded
from tests.stands.balance import is_balanced
from tests.stands.runtime import MORNING, CountingIds, StandRuntime

KEY = LedgerKey("expense_report", "DE01", "EUR", "2026-03", "", "ready", "new")
BLOCKED = KEY._replace(state="on_hold", reason="budget")
TEN = Amounts(1, 1000, 0, 900)


def move(database: Database, *movements: Movement) -> None:
    with database.write() as session:
        ledger.move(session, movements, now=MORNING)


def balances(database: Database) -> dict[LedgerKey, Amounts]:
    with database.read() as session:
        return dict(ledger.balances(session))


def test_movements_are_netted_and_add_up(database: Database) -> None:
    move(database, (KEY, TEN), (KEY, TEN))
    move(database, (KEY, -TEN), (BLOCKED, TEN))

    assert balances(database) == {KEY: TEN, BLOCKED: TEN}


def test_positive_and_negative_amounts_are_kept_apart(database: Database) -> None:
    move(database, (KEY, Amounts(1, 1000, 0, 0)), (KEY, Amounts(1, 0, -1000, 0)))

    assert balances(database)[KEY] == Amounts(2, 1000, -1000, 0)


def test_what_goes_to_and_fro_in_one_unit_of_work_leaves_no_trace(database: Database) -> None:
    move(database, (KEY, TEN), (KEY, -TEN))

    assert balances(database) == {}


def test_what_was_booked_at_several_places_of_one_unit_of_work_is_written_once(database: Database) -> None:
    with database.write() as session:
        ledger.move(session, [(KEY, TEN)], now=MORNING)
        ledger.move(session, [(KEY, TEN)], now=MORNING)
        assert ledger.balances(session) == []

    assert balances(database) == {KEY: TEN + TEN}


def test_what_is_rolled_back_was_never_moved(database: Database) -> None:
    def fail(session: Session) -> None:
        ledger.move(session, [(KEY, TEN)], now=MORNING)
        raise LookupError

    with pytest.raises(LookupError), database.write() as session:
        fail(session)
    move(database, (BLOCKED, TEN))

    assert balances(database) == {BLOCKED: TEN}


def test_each_day_has_its_own_movements(database: Database, runtime: StandRuntime) -> None:
    days = [MORNING, MORNING.replace(day=17)]
    for day in days:
        with database.write() as session:
            ledger.move(session, [(KEY, TEN)], now=day)

    with database.read() as session:
        found = {row.day: row.count for row in session.exec(select(LedgerMovementRow)).all()}
    assert found == {day.date(): 1 for day in days}
    assert balances(database) == {KEY: TEN + TEN}


def test_many_writers_of_the_same_lines_lose_nothing(database: Database) -> None:
    def write(number: int) -> None:
        keys = [KEY, BLOCKED] if number % 2 else [BLOCKED, KEY]
        move(database, *[(key, TEN) for key in keys])

    at_once(write, range(40))

    assert {key: amounts.count for key, amounts in balances(database).items()} == {KEY: 40, BLOCKED: 40}


def test_the_ledger_balances_at_every_moment_that_a_reader_sees(database: Database, ids: CountingIds) -> None:
    """Every commit is balanced by itself, so whoever looks between any two of them finds it so."""
    stop = threading.Event()
    seen: list[bool] = []

    def look() -> None:
        while not stop.is_set():
            with database.read() as session:
                seen.append(is_balanced(session))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        at_once(lambda number: _live(database, ids, number), range(12), threads=3)
    finally:
        stop.set()
        watcher.join()

    assert seen
    assert all(seen)
    assert _counts(database) == {"failed": 12}


def _live(database: Database, ids: CountingIds, number: int) -> None:
    born(database, ids, birth(ids, f"R{number}", amount_minor=number - 6))
    for work in leased(database, ids):
        recorded(database, ids, change(work.seen, State.FAILED, By.LEASE))


def _counts(database: Database) -> dict[str, int]:
    with database.read() as session:
        rows: Iterable[LedgerBalanceRow] = session.exec(select(LedgerBalanceRow)).all()
    return {row.state: row.count for row in rows if row.count}


def test_a_line_that_was_emptied_weighs_nothing(database: Database) -> None:
    move(database, (KEY, TEN))
    move(database, (KEY, -TEN))

    assert balances(database) == {KEY: NOTHING}
