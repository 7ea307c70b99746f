from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from connectors.canonical.events import EventType
from connectors.contract import Envelope
from control_plane.domain.transaction import State
from control_plane.store import inbox, transactions
from control_plane.store.database import Database
from control_plane.store.inbox import Arrival, Earlier, digest
from control_plane.store.tables import InboxRow
from tests.control_plane.store.documents import birth, born
from tests.stands.runtime import MORNING, CountingIds

LATER = MORNING + timedelta(hours=1)
ENVELOPE = Envelope("R1-1", "concur", EventType.EXPENSE_REPORT_APPROVED, "R1", MORNING, b"{}")
KEY = ("concur", "R1-1")


def arrive(database: Database, ids: CountingIds, envelope: Envelope = ENVELOPE, **changes: Any) -> Arrival:
    arrival = Arrival(
        inbox_id=ids.draw(),
        envelope=envelope,
        sha256=digest(envelope),
        generation=0,
        payload_id=ids.draw(),
        legal_entity_id="DE01",
        transaction_id=None,
        needs_acknowledgement=True,
        received_at=MORNING,
    )
    arrival = arrival._replace(**changes)
    with database.write() as session:
        inbox.add(session, [arrival], connection="concur", stream="expense_reports")
    return arrival


def earlier(database: Database, *envelopes: Envelope) -> dict[tuple[str, str], Earlier]:
    with database.read() as session:
        return dict(inbox.earlier(session, envelopes or [ENVELOPE]))


def with_transaction(database: Database, ids: CountingIds, state: State, *, is_recalled: bool = False) -> Earlier:
    recalled_at = MORNING if is_recalled else None
    (work,) = born(database, ids, birth(ids, state=state.value, recalled_at=recalled_at))
    arrive(database, ids, transaction_id=work.id)
    return earlier(database)[KEY]


def test_what_never_came_has_no_receipt(database: Database) -> None:
    assert earlier(database) == {}


def test_a_redelivery_is_counted_and_acknowledged_again(database: Database, ids: CountingIds) -> None:
    arrival = arrive(database, ids)
    with database.write() as session:
        inbox.acknowledged(session, [arrival.inbox_id], now=MORNING)
        inbox.count_again(session, [arrival.inbox_id], now=LATER)
        inbox.count_again(session, [], now=LATER)

    with database.read() as session:
        (row,) = session.exec(select(InboxRow)).all()
        assert [one.id for one in inbox.unacknowledged(session, "concur", 10)] == [row.id]
    assert (row.received_count, row.received_at, row.last_received_at) == (2, MORNING, LATER)


@pytest.mark.parametrize("state", [State.READY, State.IN_FLIGHT, State.POSTED, State.FAILED, State.SUPERSEDED])
def test_the_same_content_of_a_living_or_replaced_version_is_a_redelivery(
    database: Database, ids: CountingIds, state: State
) -> None:
    before = with_transaction(database, ids, state)

    assert before.is_repeated_by(digest(ENVELOPE), is_pulled=True)
    assert not before.is_repeated_by(digest(replace(ENVELOPE, payload=b"[]")), is_pulled=True)


@pytest.mark.parametrize(
    ("state", "is_recalled"),
    [
        (State.CANCELLED, True),
        (State.CANCELLED, False),
        (State.RETURNED_TO_SOURCE, False),
        (State.REVERSED, True),
        (State.IN_FLIGHT, True),
    ],
)
def test_the_same_content_after_a_recall_or_a_return_is_approved_anew(
    database: Database, ids: CountingIds, state: State, *, is_recalled: bool
) -> None:
    before = with_transaction(database, ids, state, is_recalled=is_recalled)
    assert not before.is_repeated_by(digest(ENVELOPE), is_pulled=True)
    assert before.is_repeated_by(digest(ENVELOPE), is_pulled=False)


def test_the_newest_receipt_counts(database: Database, ids: CountingIds) -> None:
    changed = replace(ENVELOPE, payload=b'{"total":"2"}')
    arrive(database, ids)
    second = arrive(database, ids, changed, generation=1, transaction_id=5)
    other = arrive(database, ids, replace(ENVELOPE, id="R1-2"))
    arrive(database, ids, replace(ENVELOPE, source="other"))

    found = earlier(database, ENVELOPE, other.envelope)
    assert found == {
        KEY: Earlier(second.inbox_id, 1, digest(changed), None, 5),
        ("concur", "R1-2"): Earlier(other.inbox_id, 0, digest(ENVELOPE), None, None),
    }


def test_one_generation_of_an_event_is_stored_once(database: Database, ids: CountingIds) -> None:
    arrive(database, ids)
    with pytest.raises(IntegrityError):
        arrive(database, ids)


def test_what_is_ours_waits_for_its_acknowledgement_in_its_order(database: Database, ids: CountingIds) -> None:
    first, second, told = [arrive(database, ids, replace(ENVELOPE, id=f"R{number}")) for number in range(3)]
    arrive(database, ids, replace(ENVELOPE, id="recall"), needs_acknowledgement=False)
    with database.write() as session:
        inbox.acknowledged(session, [told.inbox_id], now=MORNING)
        inbox.acknowledged(session, [], now=MORNING)

    with database.read() as session:
        assert [row.id for row in inbox.unacknowledged(session, "concur", 10)] == [first.inbox_id, second.inbox_id]
        assert [row.id for row in inbox.unacknowledged(session, "concur", 1)] == [first.inbox_id]
        assert inbox.unacknowledged(session, "erp", 10) == []


def test_a_receipt_is_found_by_its_payload(database: Database, ids: CountingIds) -> None:
    first, second = arrive(database, ids), arrive(database, ids, replace(ENVELOPE, id="R2"))

    with database.read() as session:
        found = inbox.headers_of(session, [first.payload_id, second.payload_id, 1])
    assert {number: row.event_id for number, row in found.items()} == {
        first.payload_id: "R1-1",
        second.payload_id: "R2",
    }


def test_a_transaction_is_seen_with_its_state(database: Database, ids: CountingIds) -> None:
    before = with_transaction(database, ids, State.ON_HOLD)

    with database.read() as session:
        (work,) = transactions.by_ids(session, [before.transaction_id or 0])
    assert (before.state, before.is_recalled) == (work.seen.state, False)
