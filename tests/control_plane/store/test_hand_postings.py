"""What two persons say was posted by hand is asked about once at a time, until it is settled."""

from datetime import date, timedelta

from control_plane.domain.hand_posting import Said
from control_plane.store import hand_postings
from control_plane.store.database import Database
from control_plane.store.hand_postings import Wanted
from control_plane.store.tables import HandPostingRow
from tests.stands.runtime import MORNING

SAID = Said(("4711", "4712"), date(2026, 3, 2))
WANTED = Wanted(approval_id=1, transaction_id=2, target="erp", said=SAID, fence=3, by="anna, paul")
LATER = MORNING + timedelta(seconds=30)


def due(database: Database, targets: set[str], *, seconds: int = 0) -> list[HandPostingRow]:
    now = MORNING + timedelta(seconds=seconds)
    with database.write() as session:
        rows = hand_postings.due(session, targets, now=now, limit=9)
        assert bool(rows) <= hand_postings.has_due(session, now=now)
        session.expunge_all()
        return rows


def test_what_is_wanted_is_asked_about_where_its_target_is_open(database: Database) -> None:
    with database.write() as session:
        hand_postings.add(session, WANTED, now=MORNING)
    (row,) = due(database, {"erp", "other"})
    assert (hand_postings.said_of(row), row.fence, row.by) == (SAID, 3, "anna, paul")
    assert due(database, {"other"}) == due(database, set()) == []


def test_it_is_asked_about_later_again_until_it_is_settled(database: Database) -> None:
    with database.write() as session:
        hand_postings.add(session, WANTED, now=MORNING)
    (row,) = due(database, {"erp"})
    with database.write() as session:
        hand_postings.ask_again(session, row, at=LATER)
    assert due(database, {"erp"}) == []
    assert [one.asked_count for one in due(database, {"erp"}, seconds=30)] == [1]
    with database.write() as session:
        hand_postings.settle(session, row, "found", now=LATER)
        hand_postings.settle(session, row, "otherwise", now=LATER)
    assert due(database, {"erp"}, seconds=60) == []
    with database.read() as session:
        assert session.get_one(HandPostingRow, 1).answer == "found"
        assert not hand_postings.has_due(session, now=LATER)
