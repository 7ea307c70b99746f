"""A desk with very many open exceptions, and a few of real documents that people can work on."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any, Final  # column values

from sqlalchemy import select as core_select
from sqlalchemy import text
from sqlmodel import Session, SQLModel, col, select

from bench.databases import keep_house
from bench.places import Kind
from bench.work import SOURCE, envelope, key_of
from connectors.connection import ConnectionSettings
from connectors.contract import Source
from connectors.failures import Failure
from connectors.registry import SENDERS
from control_plane.bootstrap.system import SystemClock, SystemIds
from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.domain.cause import cause_of
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine.parts import Unit
from control_plane.engine.receive import Feed, receive
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.store import exception_cases, people, transactions, transitions
from control_plane.store.database import Database, open_database
from control_plane.store.exception_cases import Trouble
from control_plane.store.people import Person
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow, LookUpRow, TransactionRow
from control_plane.store.transactions import LOOK_UP
from control_plane.store.transitions import TRANSACTION, Change

FLOW: Final = EXPENSE_REPORT.name
CAUSES: Final = 40
RECORDS: Final = 4_001
"""What blocks, each under one of the causes; one of them blocks every tenth document. A prime: each has its share."""
_AT: Final = datetime(2026, 10, 15, 8, 30, tzinfo=UTC)
_STATEMENT_SECONDS: Final = 3600
_PAGE: Final = 100
_REFUSED: Final = Failure("tax_refused", {"problem": "a tax code is missing"})

_SERIES: Final[Mapping[Kind, str]] = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)",
    "postgresql": "(SELECT n FROM generate_series(1, {count}) AS g(n))",
}
_MANY_DOCUMENTS: Final = {
    **{
        name: f"t.{name} || '-' || s.n"
        for name in ("source_id", "source_document_id", "document_number", "business_reference", "order_key")
    },
    "id": "t.id + s.n",
    "amount_minor": "t.amount_minor + s.n",
    "group_minor": "t.group_minor + s.n",
}
_RECORD: Final = f"(CASE WHEN s.n % 10 = 0 THEN 0 ELSE s.n % {RECORDS} END)"
_MANY_EXCEPTIONS: Final = {
    "id": "t.id + s.n",
    "transaction_id": "t.transaction_id + s.n",
    "fingerprint": f"t.fingerprint || '-' || ({_RECORD} % {CAUSES})",
    "record_code": f"t.record_code || {_RECORD}",
    "amount_minor": "t.amount_minor + s.n",
    "group_minor": "t.group_minor + s.n",
}

_LOOK_UPS: Final = LOOK_UP.insert().from_select(
    [*LookUpRow.model_fields],
    core_select(*(TRANSACTION.c["id" if name == "transaction_id" else name] for name in LookUpRow.model_fields)),
)
"""What every document is found by, as its birth writes it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What is on the desk, and the keys of two persons who work at it."""

    workable: Sequence[int]
    """Exceptions whose documents can be read and corrected."""
    analyst_key: str
    approver_key: str


def filled(url: str, kind: Kind, *, open_count: int, workable_count: int) -> Desk:
    """Return a desk with so many open exceptions, some of which can be worked on."""
    with _opened(url) as database:
        with database.write() as session:
            session.add(TransactionRow(**_document()))
            session.add(ExceptionCaseRow(**_exception()))
        _multiply(database, kind, TransactionRow, _MANY_DOCUMENTS, open_count - 1)
        _multiply(database, kind, ExceptionCaseRow, _MANY_EXCEPTIONS, open_count - 1)
        with database.write() as session:
            session.connection().execute(_LOOK_UPS)
        ids = SystemIds(SystemClock(datetime.now(UTC)), slot=1)
        workable = _workable(database, ids, workable_count)
        keys = [_key(database, ids, login, role) for login, role in _PERSONS]
    if kind == "postgresql":
        keep_house(url)
    return Desk(workable, *keys)


_PERSONS: Final = (("analyst", Role.ANALYST), ("approver", Role.APPROVER))


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url, statement_timeout=timedelta(seconds=_STATEMENT_SECONDS))
    try:
        yield database
    finally:
        database.dispose()


def _multiply(database: Database, kind: Kind, model: type[SQLModel], differing: Mapping[str, str], wanted: int) -> None:
    """Multiply the row with the id 1 inside the database."""
    table = table_of(model)
    values = {**{f'"{name}"': f't."{name}"' for name in model.model_fields}}
    values |= {f'"{name}"': value for name, value in differing.items()}
    statement = f"""
        INSERT INTO "{table.name}" ({", ".join(values)}) SELECT {", ".join(values.values())}
        FROM "{table.name}" AS t CROSS JOIN {_SERIES[kind].format(count=wanted)} AS s WHERE t.id = 1
    """  # noqa: S608  (our own columns)
    with database.write() as session:
        session.connection().execute(text(statement))


def _workable(database: Database, ids: SystemIds, wanted: int) -> list[int]:
    """Return the exceptions of so many documents that were really received, and then refused."""
    source = SENDERS["events"](ConnectionSettings(SOURCE, "events", "", {})).source
    assert source is not None  # noqa: S101  (who sends to us is a source)
    numbers = islice((number for number in count() if key_of(number) == number), wanted)
    left, found = list(numbers), []
    while left:
        page, left = left[:_PAGE], left[_PAGE:]
        with database.write() as session:
            found += _refused(Unit(session, datetime.now(UTC), ids, {FLOW: EXPENSE_REPORT}), source, page)
    return found


def _refused(unit: Unit, source: Source, numbers: Sequence[int]) -> list[int]:
    receive(unit, Feed(SOURCE, "events", source), [envelope(number) for number in numbers])
    rows = _received(unit.session)
    changes = [
        Change(transition(transactions.seen_of(row), State.FAILED, reason=Reason.REJECTED, by=By.SYSTEM, now=unit.now))
        for row in rows
    ]
    transitions.record(unit.session, changes, unit.ids)
    return exception_cases.open_for(unit.session, unit.ids, [_trouble(row) for row in rows], now=unit.now)


def _received(session: Session) -> list[TransactionRow]:
    return list(session.exec(select(TransactionRow).where(col(TransactionRow.state) == State.RECEIVED.value)).all())


def _trouble(row: TransactionRow) -> Trouble:
    return Trouble(
        failure=_REFUSED,
        flow=FLOW,
        step="post",
        legal_entity_id=row.legal_entity_id,
        transaction_id=row.id,
        currency=row.currency,
        amount_minor=row.amount_minor,
        group_minor=row.amount_minor,
    )


def _key(database: Database, ids: SystemIds, login: str, role: Role) -> str:
    now = datetime.now(UTC)
    with database.write() as session:
        number = people.add(session, ids, Person(login, login.title()), now=now)
        people.set_grants(session, number, [Grant(role)])
        return people.issue_key(session, ids, number, entropy=secrets.token_bytes(ENTROPY_BYTES), now=now)


def _document() -> dict[str, Any]:  # column values
    return {
        "id": 1,
        "flow": FLOW,
        "legal_entity_id": "1000",
        "connection": SOURCE,
        "target": "erp",
        "source_system": SOURCE,
        "source_id": "M",
        "source_document_id": "M",
        "document_number": "MR",
        "business_reference": "EXR-1000-travel-M-1",
        "order_key": "many",
        "is_head": True,
        "state": State.FAILED.value,
        "reason": Reason.REJECTED.value,
        "currency": "EUR",
        "amount_minor": 11_900,
        "group_minor": 11_900,
        "cohort": "2026-10",
        "received_at": _AT,
        "updated_at": _AT,
        "priority_at": _AT,
        "due_at": _AT + timedelta(days=1),
        "payload_id": 1,
    }


def _exception() -> dict[str, Any]:  # column values
    failure = Failure("inactive_master_data", {"value": "P-0", "domain": "project"}, "lines.1.project")
    return {
        "id": 1,
        "transaction_id": 1,
        "flow": FLOW,
        "legal_entity_id": "1000",
        "state": "new",
        "code": failure.code,
        "kind": failure.kind.value,
        "step": "bind",
        "field_path": failure.field_path,
        "sentence": "Project P-0 is inactive in the ERP: document MR over 119.00 EUR cannot be posted.",
        "remedy": "Activate the project in the ERP, or correct the document.",
        "fingerprint": cause_of(FLOW, "bind", failure).fingerprint,
        "record_domain": "project",
        "record_code": "P-0",
        "team": "finance_operations",
        "currency": "EUR",
        "amount_minor": 11_900,
        "group_minor": 11_900,
        "opened_at": _AT,
        "updated_at": _AT,
        "due_at": _AT + timedelta(days=1),
    }
