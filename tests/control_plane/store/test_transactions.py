from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.store import incarnations, lineage, queue, transactions
from control_plane.store.database import Database
from control_plane.store.incarnations import Start
from tests.control_plane.store.documents import (
    FLOW,
    LATER,
    TARGET,
    at_once,
    birth,
    born,
    change,
    leased,
    recorded,
    rows,
)
from tests.stands.balance import is_balanced
from tests.stands.runtime import MORNING, CountingIds

HOUR = timedelta(hours=1)


def test_the_first_of_an_order_key_is_its_head_and_the_others_wait(database: Database, ids: CountingIds) -> None:
    born(database, ids, birth(ids), birth(ids), birth(ids, "R2", state=State.DUPLICATE.value), birth(ids, "R2"))
    born(database, ids, birth(ids))

    assert [(row.is_head, row.is_open) for row in rows(database).values()] == [
        (True, True),
        (False, True),
        (False, False),
        (True, True),
        (False, True),
    ]


def test_a_birth_is_told_and_weighed(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids, amount_minor=-500, group_minor=-450))

    assert (work.name, work.id, work.seen.amount_minor) == (work.source_id, work.seen.id, -500)
    with database.read() as session:
        (told,) = lineage.story_of(session, [work.id])
        assert is_balanced(session)
    assert (told.kind, told.name, told.to_state) == ("received", "concur", "ready")


def test_no_births_are_nothing_done(database: Database, ids: CountingIds) -> None:
    assert born(database, ids) == []


def test_under_many_writers_every_order_key_has_one_head(database: Database, ids: CountingIds) -> None:
    def write(number: int) -> None:
        (work,) = born(database, ids, birth(ids, f"R{number % 3}"))
        if number % 2:
            recorded(database, ids, change(work.seen, State.CANCELLED, By.SOURCE))

    at_once(write, range(48))

    found = rows(database).values()
    assert Counter(row.order_key for row in found if row.is_head) == Counter({row.order_key for row in found})
    assert all(row.is_open for row in found if row.is_head)


def test_a_head_stays_the_only_one_when_another_with_an_earlier_id_came_after_it(
    database: Database, ids: CountingIds
) -> None:
    slow, quick, third = (birth(ids, "R1") for _ in range(3))
    (head,) = born(database, ids, quick)
    born(database, ids, slow)
    (last,) = born(database, ids, third)

    recorded(database, ids, change(last.seen, State.CANCELLED, By.SOURCE))

    assert [row.id for row in rows(database).values() if row.is_head] == [head.id]


def test_a_lease_takes_heads_that_are_due_the_oldest_promise_first(database: Database, ids: CountingIds) -> None:
    late, early, _behind, _later, _held, _flow, _target = born(
        database,
        ids,
        birth(ids, "R1", priority_at=LATER),
        birth(ids, "R2", priority_at=MORNING),
        birth(ids, "R2"),
        birth(ids, "R3", priority_at=LATER + timedelta(seconds=1)),
        birth(ids, "R4", state=State.ON_HOLD.value),
        birth(ids, "R5", flow="another"),
        birth(ids, "R6", target="another"),
    )

    assert [work.id for work in leased(database, ids, limit=1)] == [early.id]
    assert [work.id for work in leased(database, ids)] == [late.id]
    assert leased(database, ids) == []


def test_what_is_due_soonest_goes_first_where_not_all_can_go_at_once(database: Database, ids: CountingIds) -> None:
    relaxed, urgent, _not_yet = born(
        database,
        ids,
        birth(ids, "R1", due_at=LATER + timedelta(days=2)),
        birth(ids, "R2", due_at=LATER + timedelta(hours=1)),
        birth(ids, "R3", due_at=LATER, priority_at=LATER + timedelta(seconds=1)),
    )

    assert [work.id for work in leased(database, ids, limit=1, by_deadline=True)] == [urgent.id]
    assert [work.id for work in leased(database, ids, limit=9, by_deadline=True)] == [relaxed.id]


def test_what_waits_longest_follows_where_all_that_is_due_soonest_has_to_wait(
    database: Database, ids: CountingIds
) -> None:
    waiting = [birth(ids, f"W{number}", due_at=LATER, priority_at=LATER + timedelta(days=1)) for number in range(1000)]
    *_, free = born(database, ids, *waiting, birth(ids, "R1", due_at=LATER + timedelta(days=2)))

    assert [work.id for work in leased(database, ids, limit=1, by_deadline=True)] == [free.id]


@pytest.mark.parametrize("column", ["recalled_at", "reversal_wanted_at"])
def test_what_is_being_taken_back_is_not_leased(database: Database, ids: CountingIds, column: str) -> None:
    taken_back: dict[str, Any] = {column: MORNING}
    born(database, ids, birth(ids, **taken_back))

    assert leased(database, ids) == []


def test_a_lease_is_the_intent_with_its_story_and_its_movement(database: Database, ids: CountingIds) -> None:
    born(database, ids, birth(ids))

    (work,) = leased(database, ids)

    row = rows(database)[work.id]
    assert (row.state, row.lease_owner, row.lease_until) == ("in_flight", 7, LATER + timedelta(seconds=30))
    assert (work.attempt_count, work.first_attempt_at, work.last_sent_at, work.seen.fence) == (1, LATER, LATER, 1)
    with database.read() as session:
        told = lineage.story_of(session, [work.id])[-1]
        assert is_balanced(session)
    assert (told.name, told.from_state, told.to_state, told.fence) == ("lease", "ready", "in_flight", 1)
    assert told.facts == {"attempt": 1, "owner": 7, "reference": work.business_reference}


def test_two_workers_never_lease_the_same(database: Database, ids: CountingIds) -> None:
    born(database, ids, *[birth(ids, f"R{number}") for number in range(120)])

    def work(number: int) -> list[int]:
        return [one.id for one in leased(database, ids, owner=number, limit=5)]

    taken = Counter(number for batch in at_once(work, range(32)) for number in batch)

    assert len(taken) == 120
    assert set(taken.values()) == {1}
    assert {row.attempt_count for row in rows(database).values()} == {1}


def test_a_late_completion_is_refused(database: Database, ids: CountingIds) -> None:
    born(database, ids, birth(ids))
    (work,) = leased(database, ids)
    recorded(database, ids, change(work.seen, State.IN_DOUBT, By.REAPER, Reason.LEASE_LOST))

    assert not recorded(database, ids, change(work.seen, State.POSTED, By.LEASE)).applied
    assert rows(database)[work.id].state == "in_doubt"


def test_what_was_received_is_checked_in_its_order(database: Database, ids: CountingIds) -> None:
    works = born(database, ids, *[birth(ids, state=State.RECEIVED.value) for _ in range(3)], birth(ids))

    with database.write() as session:
        assert queue.to_check(session, 2) == works[:2]


def doubtful(ids: CountingIds, **changes: Any) -> transactions.Birth:
    return birth(ids, **{"state": State.IN_DOUBT.value, "inquire_at": MORNING, "last_sent_at": MORNING, **changes})


def to_inquire(session: Session) -> list[int]:
    return [work.id for work in queue.to_inquire(session, targets=[TARGET], now=LATER, limit=10)]


def test_what_may_be_booked_is_asked_about_when_its_time_has_come(database: Database, ids: CountingIds) -> None:
    second, first, _later, _never, _elsewhere = born(
        database,
        ids,
        doubtful(ids, inquire_at=LATER),
        doubtful(ids, state=State.AWAITING_ACK.value),
        doubtful(ids, inquire_at=LATER + timedelta(seconds=1)),
        doubtful(ids, inquire_at=None),
        doubtful(ids, target="another"),
    )
    with database.write() as session:
        assert to_inquire(session) == [first.id, second.id]
        queue.ask_again(session, [queue.Question(first.seen, LATER + HOUR, 1), queue.Question(second.seen, None, 0)])
        assert to_inquire(session) == []

    assert rows(database)[first.id].absent_count == 1


def test_an_answer_about_an_earlier_attempt_does_not_count_for_the_next(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, doubtful(ids))
    recorded(database, ids, change(work.seen, State.READY, inquire_at=None))
    (again,) = leased(database, ids)
    recorded(database, ids, change(again.seen, State.IN_DOUBT, By.LEASE, inquire_at=LATER + HOUR))

    with database.write() as session:
        queue.ask_again(session, [queue.Question(work.seen, LATER, absent_count=1)])

    row = rows(database)[work.id]
    assert (row.inquire_at, row.absent_count) == (LATER + HOUR, 0)


def test_what_a_silent_or_ended_worker_held_is_taken_over(database: Database, ids: CountingIds) -> None:
    born(database, ids, birth(ids, "R1"))
    (overdue,) = leased(database, ids, owner=1, until=LATER)
    born(database, ids, birth(ids, "R2"))
    (orphan,) = leased(database, ids, owner=2)
    born(database, ids, birth(ids, "R3"))
    leased(database, ids, owner=3)
    with database.write() as session:
        for number in (2, 3):
            incarnations.register(session, number, Start("worker", "host", number), slot=number, now=MORNING)
        incarnations.end(session, [2], now=LATER)
        found = queue.to_reap(session, now=LATER, limit=10)

    assert [work.id for work in found] == [overdue.id, orphan.id]


def test_a_reversal_is_picked_up_by_one_worker_for_a_while(database: Database, ids: CountingIds) -> None:
    first, second = born(database, ids, *[birth(ids, name, state=State.POSTED.value) for name in ("R1", "R2")])
    with database.write() as session:
        transactions.want_reversal(session, [first.id], now=MORNING)
        transactions.want_reversal(session, [second.id], now=LATER + HOUR)
        picked = queue.to_reverse(session, now=LATER, until=LATER + HOUR, limit=10)
        assert [work.id for work in picked] == [first.id]
        assert queue.to_reverse(session, now=LATER, until=LATER + HOUR, limit=10) == []
        transactions.want_reversal(session, [first.id, second.id], now=None)
        assert queue.to_reverse(session, now=LATER + 2 * HOUR, until=LATER, limit=10) == []


def test_a_recall_is_kept_unless_the_document_has_ended(database: Database, ids: CountingIds) -> None:
    states = (State.READY, State.IN_FLIGHT, State.POSTED, State.REVERSED)
    works = born(database, ids, *[birth(ids, state, state=state.value) for state in states])
    numbers = [work.id for work in works]

    with database.write() as session:
        transactions.mark_recalled(session, numbers, now=LATER)
        marked = transactions.recalled(session, numbers)

    assert [(work.seen.state, work.recalled_at) for work in marked] == [(state, LATER) for state in states[:3]]


def test_what_is_held_is_found_among_others(database: Database, ids: CountingIds) -> None:
    works = born(database, ids, birth(ids), birth(ids, "R2", state=State.ON_HOLD.value))

    with database.write() as session:
        assert transactions.standing(session, State.ON_HOLD, [work.id for work in works]) == works[1:]


def test_every_version_of_a_business_object_is_found(database: Database, ids: CountingIds) -> None:
    first, second, *_ = born(
        database, ids, birth(ids), birth(ids, version=2), birth(ids, flow="another"), birth(ids, source_system="other")
    )

    with database.read() as session:
        assert transactions.versions_of(session, FLOW, [("concur", "R1"), ("concur", "R9")]) == [first, second]


def test_two_documents_of_a_flow_never_share_a_business_reference(database: Database, ids: CountingIds) -> None:
    shared = {"business_reference": "EXR-1"}
    born(database, ids, birth(ids, **shared), birth(ids, flow="another", **shared))

    with pytest.raises(IntegrityError):
        born(database, ids, birth(ids, "R2", **shared))


def test_standing_documents_over_the_same_amount_are_found_the_newest_first(
    database: Database, ids: CountingIds
) -> None:
    works = born(
        database,
        ids,
        birth(ids, "R1", content_hash="1", marks={"merchants": ["m"], "receipts": ["r"]}),
        birth(ids, "R2", content_hash="2", state=State.REVERSED.value),
        birth(ids, "R3", state=State.CANCELLED.value),
        birth(ids, "R4", amount_minor=1),
        birth(ids, "R5", currency="CHF"),
        birth(ids, "R6", amount_minor=0),
        birth(ids, "R7", amount_minor=0),
    )

    with database.read() as session:
        newer, older = transactions.of_same_amount(session, works[:1])
        assert transactions.of_same_amount(session, works[5:]) == []
    assert (newer.transaction_id, newer.source_id) == (works[1].id, "R2")
    assert (older.transaction_id, [*older.merchants], [*older.receipts]) == (works[0].id, ["m"], ["r"])


def test_a_payment_is_noted_without_moving_the_document(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids, state=State.POSTED.value))
    with database.write() as session:
        transactions.set_payment_status(session, [work.id], "paid")

    row = rows(database)[work.id]
    assert (row.payment_status, row.state, row.fence, row.revision) == ("paid", "posted", 0, 2)


def test_a_row_is_read_whole(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids))

    with database.read() as session:
        row = transactions.row_of(session, work.id)
        assert transactions.row_of(session, work.id + 1) is None
    assert row is not None
    assert transactions.seen_of(row) == work.seen
