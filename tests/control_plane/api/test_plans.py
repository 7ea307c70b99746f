"""Figures and searches go by indexes: none reads every transaction."""

import re

import pytest
from sqlalchemy import event

from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from tests.control_plane.api.stand import Stand

PARTIAL = r"(?! USING (COVERING )?INDEX (ix_transaction_(order|late|aside)|ix_inbox_unread))"
FIRST_FOUND = r"SEARCH transaction( USING INDEX \S+ \(flow=\?\))?$"
WHOLE_TABLE = re.compile(rf"SCAN (transaction|look_up|lineage|posting|inbox){PARTIAL}|{FIRST_FOUND}")

QUESTIONS = (
    "/v1/ledger",
    "/v1/ledger?legal_entity_id=DE01",
    "/v1/ledger/states",
    "/v1/slas",
    "/v1/exceptions",
    "/v1/exceptions/figures",
    "/v1/causes",
    "/v1/shift-summary?since=2026-10-15T08:00:00Z",
    "/v1/connections",
    "/v1/alerts",
    "/v1/transactions?q=RE-1",
    "/v1/transactions?q=412.50",
    "/v1/transactions?place=blocked&flow=expense_report",
    "/v1/transactions?place=withdrawn",
    "/v1/transactions?sla_status=breached",
    "/v1/transactions?is_open=true&legal_entity_id=DE01",
    "/metrics",
)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("entity", ["*", "DE01"])
async def test_no_question_reads_every_transaction(lite: Stand, question: str, entity: str) -> None:
    lite.stuck(State.ON_HOLD, Reason.MASTER_DATA)
    lite.document(State.POSTED)
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        asked.append((statement, parameters))

    if question == "/metrics" and entity != "*":
        return
    key = lite.key(Grant(Role.VIEWER, entity))
    event.listen(lite.database.reader, "before_cursor_execute", note)
    async with lite.client(key) as client:
        assert (await client.get(question)).status_code == 200
    event.remove(lite.database.reader, "before_cursor_execute", note)
    assert asked
    with lite.database.reader.connect() as connection:
        for statement, parameters in asked:
            if not statement.startswith("SELECT"):
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [row[3] for row in plan]
            assert not [step for step in steps if WHOLE_TABLE.search(step)], (statement, steps)
