"""The queue's questions go by their partial indexes, on a table that is mostly history."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from control_plane.domain.transaction import OPEN, State
from control_plane.store import holds, inbox, promises, queue, transitions
from control_plane.store.database import Database, open_database
from control_plane.store.statements import insert_many
from control_plane.store.tables import HoldRow, InboxRow, TransactionRow
from tests.control_plane.store.documents import FLOW, LATER, TARGET, lease
from tests.stands.runtime import MORNING, CountingIds

ROWS = 20_000
STATES = (State.RECEIVED, State.READY, State.IN_FLIGHT, State.IN_DOUBT, State.ON_HOLD)
HOUR = timedelta(hours=1)

Question = Callable[[Session, CountingIds], object]
QUESTIONS: dict[str, tuple[str, Question]] = {
    "lease": ("ix_transaction_lease", lambda session, ids: lease(session, ids, limit=10)),
    "promote": ("ix_transaction_order", lambda session, _: transitions.promote(session, {f"{FLOW}|concur|R40"})),
    "to_check": ("ix_transaction_to_check", lambda session, _: queue.to_check(session, 10)),
    "to_inquire": (
        "ix_transaction_inquire",
        lambda session, _: queue.to_inquire(session, targets=[TARGET], now=LATER, limit=10),
    ),
    "to_reap": ("ix_transaction_reap", lambda session, _: queue.to_reap(session, now=MORNING, limit=10)),
    "to_reverse": (
        "ix_transaction_reverse",
        lambda session, _: queue.to_reverse(session, now=MORNING, until=LATER, limit=10),
    ),
    "sla": ("ix_transaction_sla", lambda session, _: promises.due(session, now=MORNING, limit=10)),
    "wake": ("ix_hold_awaited", lambda session, _: holds.wake(session, [("project", "", "P-7")], now=MORNING)),
    "woken": ("ix_hold_woken", lambda session, _: holds.woken(session, now=MORNING, limit=10)),
    "unacknowledged": ("ix_inbox_unacknowledged", lambda session, _: inbox.unacknowledged(session, "concur", 10)),
    "is anything unread": ("ix_inbox_unread", lambda session, _: inbox.has_unread(session)),
    "unread": ("ix_inbox_unread", lambda session, _: inbox.unread(session, ["concur"], 10)),
}


@pytest.fixture
def filled(own_database_url: str) -> Iterator[Database]:
    """A database of its own with much history; the planner knows it, and nobody forces its hand."""
    database = open_database(own_database_url)
    with database.write() as session:
        insert_many(session, TransactionRow, [transaction(number) for number in range(ROWS)])
        insert_many(session, HoldRow, [hold(number) for number in range(2_000)])
        insert_many(session, InboxRow, [receipt(number) for number in range(ROWS)])
        session.execute(text("ANALYZE"))
    yield database
    database.dispose()


TRANSACTION = TransactionRow(
    id=0,
    flow=FLOW,
    connection="concur",
    target=TARGET,
    source_system="concur",
    source_id="",
    business_reference="",
    order_key="",
    state="",
    currency="EUR",
    cohort="2026-03",
    received_at=MORNING,
    updated_at=MORNING,
    payload_id=0,
    priority_at=MORNING,
).model_dump()
HOLD = HoldRow(transaction_id=0, domain="project", legal_entity_id="", code="").model_dump()
RECEIPT = InboxRow(
    id=0,
    connection="concur",
    stream="expense_reports",
    source="concur",
    event_id="",
    type="expense_report.approved.v1",
    subject="",
    occurred_at=MORNING,
    received_at=MORNING,
    last_received_at=MORNING,
    payload_id=0,
    content_sha256="",
    needs_acknowledgement=True,
).model_dump()


def transaction(number: int) -> dict[str, Any]:
    """Return a row of a year's work: of two hundred documents one is still under way."""
    state = STATES[number // 200 % len(STATES)] if number % 200 == 0 else State.POSTED
    moment = MORNING + timedelta(seconds=number)
    return TRANSACTION | {
        "id": number,
        "source_id": f"R{number}",
        "business_reference": f"EXR-{number}",
        "order_key": f"{FLOW}|concur|R{number}",
        "is_open": state in OPEN,
        "is_head": state in OPEN,
        "state": state.value,
        "priority_at": moment,
        "lease_until": moment if state is State.IN_FLIGHT else None,
        "inquire_at": moment if state is State.IN_DOUBT else None,
        "sla_next_at": moment if state in OPEN else None,
        "reversal_wanted_at": moment if number % 1000 == 1 else None,
    }


def hold(number: int) -> dict[str, Any]:
    woken_at = MORNING if number % 500 == 0 else None
    return HOLD | {"transaction_id": number, "code": f"P-{number % 300}", "woken_at": woken_at}


def receipt(number: int) -> dict[str, Any]:
    acknowledged_at = None if number % 500 == 0 else MORNING
    return RECEIPT | {"id": number, "event_id": f"R{number}-1", "acknowledged_at": acknowledged_at}


def test_no_question_of_the_queue_reads_the_whole_table(filled: Database, ids: CountingIds) -> None:
    plans = {name: plan_of(filled, ids, question) for name, (_, question) in QUESTIONS.items()}

    missing = {name: plan for name, plan in plans.items() if QUESTIONS[name][0] not in plan}
    assert missing == {}
    scans = ("Seq Scan on transaction", "Seq Scan on hold", "Seq Scan on inbox", "SCAN transaction\n", "SCAN hold\n")
    assert {name: plan for name, plan in plans.items() if any(scan in plan for scan in scans)} == {}


def plan_of(database: Database, ids: CountingIds, question: Question) -> str:
    """Return how the database would answer everything that the question asks of it."""
    with database.write() as session, noted(database) as asked:
        question(session, ids)
        session.rollback()
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    told = [statement for statement in asked if statement[0].startswith(("SELECT", "UPDATE", "WITH"))]
    with database.writer.connect() as connection:
        found = [connection.exec_driver_sql(f"{explain} {sql}", values).all() for sql, values in told]
    return "\n".join(str(row[-1]) for rows in found for row in rows) + "\n"


@contextmanager
def noted(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Note the statements that are sent, with their values."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    event.listen(database.writer, "before_cursor_execute", note)
    yield asked
    event.remove(database.writer, "before_cursor_execute", note)
