"""What the database itself refuses, whoever asks."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Delete, Insert, Update, delete, insert, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from control_plane.domain.transaction import TRANSITIONS, State
from control_plane.store import payloads, policies
from control_plane.store.database import Database
from control_plane.store.payloads import Payload
from control_plane.store.statements import table_of
from control_plane.store.tables import (
    AuditRow,
    CauseMergeRow,
    CauseNoteRow,
    FailureRuleRow,
    LineageRow,
    PayloadRow,
    PolicyRow,
    PostingRow,
    TransactionRow,
)
from tests.stands.runtime import MORNING, CountingIds

EMPTIED_NEVER = (
    *("audit", "lineage", "look_up", "payload", "policy", "posting", "transaction"),
    *("cause_note", "cause_merge", "failure_rule"),
)
FINAL = sorted(state for state in State if not TRANSITIONS[state])

AUDIT = AuditRow(
    seq=1,
    occurred_at=MORNING,
    actor="anna",
    action="claim",
    object_type="exception",
    object_id="1",
    previous_hash="",
    hash="",
)
LINEAGE = LineageRow(id=1, transaction_id=1, flow="expense_report", kind="step", at=MORNING, by="system", name="bind")
PAYLOAD = PayloadRow(id=1, kind="envelope", content_type="", body=b"{}", sha256="", recorded_at=MORNING)
POLICY = PolicyRow(id=1, flow="expense_report", key="routing", version=1, maker="anna", recorded_at=MORNING)
NOTE = CauseNoteRow(
    id=1, fingerprint="v1:a", text="It closes on Fridays.", author_id=1, author="anna", written_at=MORNING
)
MERGE = CauseMergeRow(
    id=1,
    fingerprint="v1:a",
    into_fingerprint="v1:b",
    is_merged=True,
    reason="One and the same",
    person_id=1,
    person="anna",
    decided_at=MORNING,
)
RULE = FailureRuleRow(
    id=1,
    name="tax key",
    version=1,
    is_active=True,
    answer_code="FS-215",
    code="tax_refused",
    maker_id=1,
    maker="anna",
    checker_id=2,
    checker="berta",
    approved_at=MORNING,
)
POSTING = PostingRow(
    id=1,
    transaction_id=1,
    legal_entity_id="DE01",
    target="erp",
    company="1000",
    fiscal_year="2026",
    document_type="KR",
    number="1",
    reference="r",
    posting_date=MORNING.date(),
    currency="EUR",
    recorded_at=MORNING,
)


def transaction(state: State) -> TransactionRow:
    return TransactionRow(
        id=1,
        flow="expense_report",
        connection="concur",
        source_system="concur",
        source_id="R1",
        business_reference="r",
        order_key="k",
        state=state,
        currency="EUR",
        cohort="2026-03",
        received_at=MORNING,
        updated_at=MORNING,
        payload_id=1,
        priority_at=MORNING,
    )


def put(session: Session, row: SQLModel) -> None:
    session.connection().execute(insert(table_of(type(row))), [row.model_dump()])


def refuse(database: Database, row: SQLModel, statement: Insert | Update | Delete) -> None:
    with database.write() as session:
        put(session, row)
    with pytest.raises(IntegrityError, match=r"is|stays"), database.write() as session:
        session.connection().execute(statement)


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (AUDIT, {"reason": "another"}),
        (LINEAGE, {"to_state": "posted"}),
        (PAYLOAD, {"body": b"[]"}),
        (PAYLOAD, {"body": None}),
        (PAYLOAD, {"body": None, "erased_at": MORNING, "sha256": "another"}),
        (POLICY, {"value": {"limit": 9}}),
        (POLICY, {"checker": "berta", "approved_at": MORNING, "maker": "carla"}),
        (NOTE, {"text": "Never mind."}),
        (MERGE, {"is_merged": False}),
        (RULE, {"is_active": False}),
    ],
)
def test_what_is_on_record_is_not_changed(database: Database, row: SQLModel, change: Mapping[str, Any]) -> None:
    refuse(database, row, update(table_of(type(row))).values(change))


@pytest.mark.parametrize("row", [AUDIT, LINEAGE, PAYLOAD, POLICY, POSTING, NOTE, MERGE, RULE, transaction(State.READY)])
def test_what_is_on_record_is_not_deleted(database: Database, row: SQLModel) -> None:
    refuse(database, row, delete(table_of(type(row))))


@pytest.mark.parametrize("row", [AUDIT, LINEAGE, PAYLOAD, POLICY, NOTE, MERGE, RULE])
def test_what_is_on_record_is_not_replaced(database: Database, row: SQLModel) -> None:
    again = insert(table_of(type(row))).values(row.model_dump())
    refuse(database, row, again.prefix_with("OR REPLACE", dialect="sqlite"))


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", EMPTIED_NEVER)
def test_what_is_on_record_is_not_emptied(database: Database, table: str) -> None:
    with pytest.raises(IntegrityError, match="is never emptied"), database.write() as session:
        session.execute(text(f'TRUNCATE "{table}"'))


@pytest.mark.parametrize("state", FINAL)
def test_a_final_state_is_never_left(database: Database, state: State) -> None:
    refuse(database, transaction(state), update(table_of(TransactionRow)).values(state=State.READY))


@pytest.mark.parametrize("state", FINAL)
def test_a_transaction_in_a_final_state_may_be_paid_all_the_same(database: Database, state: State) -> None:
    with database.write() as session:
        put(session, transaction(state))
        session.connection().execute(update(table_of(TransactionRow)).values(payment_status="reversed"))


def test_any_other_state_may_be_left(database: Database) -> None:
    with database.write() as session:
        put(session, transaction(State.READY))
        for state in [state for state in State if state not in FINAL]:
            session.connection().execute(update(table_of(TransactionRow)).values(state=state))


def test_nobody_approves_what_he_proposed_not_even_by_sql(database: Database) -> None:
    with database.write() as session:
        put(session, POLICY)
    with pytest.raises(IntegrityError, match="four_eyes"), database.write() as session:
        session.connection().execute(update(table_of(PolicyRow)).values(checker="anna", approved_at=MORNING))


def test_an_approved_value_is_not_approved_again(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        proposed = policies.propose(session, ids, "expense_report", "routing", {}, maker="anna", now=MORNING)
        policies.approve(session, proposed.id, checker="berta", now=MORNING)
    with pytest.raises(IntegrityError, match=r"only.approved"), database.write() as session:
        session.connection().execute(update(table_of(PolicyRow)).values(checker="carla"))


def test_erasing_leaves_what_is_known_about_the_bytes(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        (number,) = payloads.put(session, ids, [Payload("envelope", "text/plain", b"secret")], now=MORNING)
    with database.write() as session:
        assert payloads.erase(session, [number], now=MORNING) == 1
        assert payloads.erase(session, [number], now=MORNING) == 0

    with database.read() as session:
        row = session.get_one(PayloadRow, number)
        assert (row.body, row.sha256) == (None, hashlib.sha256(b"secret").hexdigest())
