"""The way that SQLite takes to the rows: as long on the first day as with a million transactions."""

import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

import pytest
from sqlmodel import Session

from control_plane import store
from control_plane.store.database import Database
from control_plane.store.prepared import Prepared

GROWING = (
    "transaction",
    "look_up",
    "lineage",
    "posting",
    "payload",
    "inbox",
    "exception_case",
    "hold",
    "master_data",
    "audit",
)
PARTIAL = {
    "ix_transaction_to_check",
    "ix_transaction_reap",
    "ix_inbox_unread",
    "ix_hold_woken",
}
"""Indexes of what waits only: to read one of them from its beginning is the shortest way."""
TOO_WIDE = re.compile(r"SEARCH (transaction|lineage) USING (COVERING )?INDEX \S+ \(flow=\?\)")
WHOLE = re.compile(rf"SCAN ({'|'.join(GROWING)})(?: USING (?:COVERING )?INDEX (\S+))?$")


def statements() -> Iterator[tuple[str, Prepared]]:
    for module in pkgutil.walk_packages(store.__path__, f"{store.__name__}."):
        if ".migrations" not in module.name:
            for name, value in vars(import_module(module.name)).items():
                if isinstance(value, Prepared):
                    yield f"{module.name.rpartition('.')[2]}.{name}", value


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.read() as one:
        yield one


def plan_of(session: Session, statement: Prepared) -> list[str]:
    """Return SQLite's steps; none for what only PostgreSQL understands."""
    spelled = statement._of(session.connection())
    driver = session.connection().connection.dbapi_connection
    assert driver is not None
    cursor = driver.cursor()
    with suppress(sqlite3.OperationalError):
        cursor.execute(f"EXPLAIN QUERY PLAN {spelled.text}", [None] * len(spelled.places or ()))
        return [step for _, _, _, step in cursor.fetchall()]
    return []


def detours(steps: list[str]) -> list[str]:
    whole = [step for step in steps if (found := WHOLE.match(step)) and found[2] not in PARTIAL]
    return whole + [step for step in steps if TOO_WIDE.match(step)]


def test_no_statement_reads_a_growing_table_from_end_to_end(session: Session) -> None:
    plans = {name: plan_of(session, one) for name, one in statements()}

    assert sum(map(bool, plans.values())) > 50
    assert {name: found for name, plan in plans.items() if (found := detours(plan))} == {}
