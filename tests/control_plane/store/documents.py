"""Transactions made to measure, for the tests of the store: everything that a test does not name is filled in."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, Seen, State, transition
from control_plane.runtime import Ids
from control_plane.store import queue, transactions, transitions
from control_plane.store.database import Database
from control_plane.store.tables import TransactionRow
from control_plane.store.transactions import Birth, Work
from control_plane.store.transitions import Change
from tests.stands.runtime import MORNING

T = TypeVar("T")

LATER = MORNING + timedelta(minutes=1)
FLOW, TARGET = "expense_report", "erp"


def birth(ids: Ids, key: str = "R1", **changes: Any) -> Birth:
    """Return the birth of a document of a business object."""
    number = ids.draw()
    row = {
        "id": number,
        "flow": FLOW,
        "connection": "concur",
        "target": TARGET,
        "legal_entity_id": "DE01",
        "source_system": "concur",
        "source_id": key,
        "source_document_id": f"{key}-{number}",
        "business_reference": f"EXR-{number}",
        "order_key": f"{FLOW}|concur|{key}",
        "state": State.READY.value,
        "reason": Reason.NEW.value,
        "currency": "EUR",
        "amount_minor": 10_000,
        "cohort": "2026-03",
        "received_at": MORNING,
        "updated_at": MORNING,
        "priority_at": MORNING,
        "payload_id": 1,
    }
    return Birth({**row, **changes})


def born(database: Database, ids: Ids, *births: Birth) -> list[Work]:
    """Bear the documents and return them as the engine finds them."""
    with database.write() as session:
        transactions.bear(session, births, ids, now=MORNING)
        return transactions.by_ids(session, [one.row["id"] for one in births])


def lease(session: Session, ids: Ids, *, owner: int = 7, until: datetime | None = None, **wanted: Any) -> list[Work]:
    """Lease what is due a minute later."""
    which = queue.Wanted(**{"target": TARGET, "flows": [FLOW], "limit": 100, **wanted})
    return queue.lease(session, ids, which, owner=owner, now=LATER, until=until or LATER + timedelta(seconds=30))


def leased(database: Database, ids: Ids, **changes: Any) -> list[Work]:
    """Lease in a unit of work of its own."""
    with database.write() as session:
        return lease(session, ids, **changes)


def change(seen: Seen, to: State, by: By = By.SYSTEM, reason: Reason = Reason.NONE, **sets: Any) -> Change:
    """Return a decided change of what was seen."""
    return Change(transition(seen, to, reason=reason, by=by, now=LATER), name="test", sets=sets)


def recorded(database: Database, ids: Ids, *changes: Change) -> transitions.Recorded:
    """Take changes through the door in a unit of work of their own."""
    with database.write() as session:
        return transitions.record(session, changes, ids)


def rows(database: Database) -> dict[int, TransactionRow]:
    """Return every transaction by id, oldest first."""
    with database.read() as session:
        found = session.exec(select(TransactionRow).order_by(col(TransactionRow.id))).all()
    return {row.id: row for row in found}


def at_once(work: Callable[[int], T], numbers: Iterable[int], threads: int = 8) -> list[T]:
    """Return what the work gives for every number, eight of them running at a time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, numbers))
