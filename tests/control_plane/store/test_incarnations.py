from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from control_plane.store import incarnations
from control_plane.store.database import Database
from control_plane.store.incarnations import NoFreeSlotError, Start
from control_plane.store.statements import insert_many
from control_plane.store.tables import IncarnationRow
from tests.stands.runtime import MORNING, CountingIds

WORKER = Start("worker", "host-1", 4711)
SILENCE = timedelta(seconds=45)


def start(database: Database, ids: CountingIds, *, at: timedelta = timedelta(0)) -> tuple[int, int]:
    now = MORNING + at
    with database.write() as session:
        slot = incarnations.free_slot(session, silent_since=now - SILENCE)
        number = ids.draw()
        incarnations.register(session, number, WORKER, slot=slot, now=now)
    return number, slot


def test_processes_that_live_together_have_slots_of_their_own(database: Database, ids: CountingIds) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: start(database, ids), range(8)))

    assert sorted(slot for _, slot in started) == list(range(8))


def test_the_slot_of_a_process_that_is_gone_is_the_last_to_be_given_again(database: Database, ids: CountingIds) -> None:
    start(database, ids)

    _, slot = start(database, ids, at=timedelta(hours=1))

    assert slot == 1


def test_slots_go_round_past_those_of_the_living(database: Database, ids: CountingIds) -> None:
    rows = [
        IncarnationRow(
            id=ids.draw(), kind="worker", slot=slot, host="h", process_id=1, started_at=MORNING, heartbeat_at=MORNING
        ).model_dump()
        for slot in (0, 1, 1023)
    ]
    with database.write() as session:
        insert_many(session, IncarnationRow, rows)

    assert start(database, ids)[1] == 2


def test_without_a_free_slot_nothing_starts(database: Database, ids: CountingIds) -> None:
    rows = [
        IncarnationRow(
            id=ids.draw(), kind="worker", slot=slot, host="h", process_id=1, started_at=MORNING, heartbeat_at=MORNING
        ).model_dump()
        for slot in range(1024)
    ]
    with database.write() as session:
        insert_many(session, IncarnationRow, rows)

    with pytest.raises(NoFreeSlotError, match="1024"):
        start(database, ids)


def test_who_gives_no_sign_is_silent_and_who_does_is_not(database: Database, ids: CountingIds) -> None:
    quiet, lively = start(database, ids)[0], start(database, ids)[0]
    later = MORNING + timedelta(minutes=1)

    with database.write() as session:
        assert incarnations.beat(session, lively, now=later)
        assert incarnations.silent(session, silent_since=later - SILENCE) == [quiet]


def test_who_was_given_up_learns_it_from_its_next_beat(database: Database, ids: CountingIds) -> None:
    number = start(database, ids)[0]
    with database.write() as session:
        incarnations.end(session, [number], now=MORNING)
        assert not incarnations.beat(session, number, now=MORNING)
        assert incarnations.gone(session) == [number]


def test_in_the_embedded_shape_all_who_have_not_ended_are_gone_at_the_next_start(
    database: Database, ids: CountingIds
) -> None:
    first, second = start(database, ids)[0], start(database, ids)[0]
    with database.write() as session:
        incarnations.end(session, [first], now=MORNING)
        assert incarnations.unended(session) == [second]
        incarnations.end(session, incarnations.unended(session), now=MORNING)
        assert incarnations.gone(session) == [second, first]
