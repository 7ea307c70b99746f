"""An API over a real database, with people, documents in any state, and exceptions, made in one line each."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
from fastapi import FastAPI
from sqlmodel import Session

from connectors.contract import Envelope
from connectors.failures import Failure
from control_plane.api.app import create_app
from control_plane.api.services import ApiSettings, Secrets, Services, Taken
from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.flows.confirmations import POSTING_CONFIRMATION
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.store import exception_cases, payloads, people, transactions, transitions
from control_plane.store.database import Database
from control_plane.store.exception_cases import Trouble
from control_plane.store.payloads import Payload
from control_plane.store.people import Person
from control_plane.store.tables import ExceptionCaseRow, TransactionRow
from control_plane.store.transactions import Birth
from control_plane.store.transitions import Change
from tests.stands.runtime import StandRuntime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FLOW = EXPENSE_REPORT.name
CONFIRMING = POSTING_CONFIRMATION.name

_WAY: Mapping[State, Sequence[tuple[State, By]]] = {
    State.RECEIVED: (),
    State.READY: ((State.READY, By.SYSTEM),),
    State.IN_FLIGHT: ((State.READY, By.SYSTEM), (State.IN_FLIGHT, By.LEASE)),
    State.POSTED: ((State.READY, By.SYSTEM), (State.IN_FLIGHT, By.LEASE), (State.POSTED, By.LEASE)),
    State.IN_DOUBT: ((State.READY, By.SYSTEM), (State.IN_FLIGHT, By.LEASE), (State.IN_DOUBT, By.LEASE)),
    State.FAILED: ((State.FAILED, By.SYSTEM),),
    State.ON_HOLD: ((State.ON_HOLD, By.SYSTEM),),
    State.CANCELLED: ((State.CANCELLED, By.SOURCE),),
}


@dataclass(slots=True)
class Received:
    """An intake that remembers what it took."""

    envelopes: list[Envelope] = field(default_factory=list)
    commits: int = 0
    trouble: Exception | None = None

    async def __call__(self, envelopes: Sequence[Envelope]) -> Sequence[Taken]:
        if self.trouble is not None:
            raise self.trouble
        self.commits += 1
        known = {envelope.id for envelope in self.envelopes}
        self.envelopes += [envelope for envelope in envelopes if envelope.id not in known]
        return [Taken(one.source, one.id, is_repeated=one.id in known) for one in envelopes]


@dataclass(slots=True)
class Stand:
    """What a test of the API holds in its hand."""

    database: Database
    runtime: StandRuntime
    intake: Received = field(default_factory=Received)
    settings: ApiSettings = field(default_factory=ApiSettings)
    _numbers: "count[int]" = field(default_factory=count)
    _app: FastAPI | None = None

    @property
    def services(self) -> Services:
        return Services(
            database=self.database,
            runtime=self.runtime,
            secrets=Secrets(cursors=b"c" * 32, audit=b"a" * 32),
            flows={FLOW: EXPENSE_REPORT},
            intakes={"concur": self.intake},
            settings=self.settings,
        )

    def app(self) -> FastAPI:
        self._app = self._app or create_app(self.services)
        return self._app

    def key(self, *roles: Role | Grant, login: str = "", employee_ref: str = "", lasts: timedelta | None = None) -> str:
        """Make a person known and return a key of theirs; a bare role is one in the whole group."""
        login = login or f"person{next(self._numbers)}"
        grants = [one if isinstance(one, Grant) else Grant(one) for one in roles]
        now = self.runtime.now()
        with self.database.write() as session:
            person = people.add(session, self.runtime.ids, Person(login, login.title(), employee_ref), now=now)
            people.set_grants(session, person, grants)
            entropy = secrets.token_bytes(ENTROPY_BYTES)
            expires_at = None if lasts is None else now + lasts
            return people.issue_key(session, self.runtime.ids, person, entropy=entropy, now=now, expires_at=expires_at)

    def document(self, state: State = State.READY, reason: Reason = Reason.NONE, **columns: Any) -> TransactionRow:
        """Return a document that came to this state through the door; columns override the row's."""
        with self.database.write() as session:
            row = self._row(session, columns)
            transactions.bear(session, [Birth(row)], self.runtime.ids, now=self.runtime.now())
            way = _WAY[state]
            for step, (to, by) in enumerate(way):
                self._move(session, row["id"], to, by, reason if step == len(way) - 1 else Reason.NONE)
            found = transactions.row_of(session, row["id"])
            assert found is not None
            session.expunge(found)
            return found

    def move(self, row: TransactionRow, to: State, by: By, reason: Reason) -> None:
        """Let a document take one more step."""
        with self.database.write() as session:
            self._move(session, row.id, to, by, reason)

    def case(
        self, document: TransactionRow, code: str = "rejected_by_target", *, field_path: str = "", **values: str
    ) -> ExceptionCaseRow:
        """Return an exception opened for a document."""
        trouble = Trouble(
            failure=Failure(code, values, field_path),
            flow=document.flow,
            step="post",
            legal_entity_id=document.legal_entity_id,
            transaction_id=document.id,
            document={"document": document.document_number, "target": "erp", "source": "concur"},
            currency=document.currency,
            amount_minor=document.amount_minor,
            group_minor=document.group_minor,
            due_at=document.due_at,
        )
        with self.database.write() as session:
            number = exception_cases.open_for(session, self.runtime.ids, [trouble], now=self.runtime.now())[0]
        return self.case_row(number)

    def stuck(self, state: State = State.FAILED, reason: Reason = Reason.REJECTED, **columns: Any) -> ExceptionCaseRow:
        """Return the exception of a document that had passed its checks and does not go on."""
        return self.case(self.document(state, reason, **columns))

    def case_row(self, number: int) -> ExceptionCaseRow:
        with self.database.read() as session:
            row = exception_cases.row_of(session, number)
            assert row is not None
            return row

    def transaction_row(self, number: int | None) -> TransactionRow:
        assert number is not None
        with self.database.read() as session:
            row = transactions.row_of(session, number)
            assert row is not None
            return row

    @asynccontextmanager
    async def client(self, key: str = "", app: FastAPI | None = None) -> "AsyncIterator[httpx.AsyncClient]":
        headers = {"authorization": f"Bearer {key}"} if key else {}
        transport = httpx.ASGITransport(app=app or self.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://tieout.test", headers=headers) as client:
            yield client

    def _move(self, session: Session, number: int, to: State, by: By, reason: Reason) -> None:
        session.expire_all()
        row = transactions.row_of(session, number)
        taken = transition(transactions.seen_of(row), to, reason=reason, by=by, now=self.runtime.now())
        recorded = transitions.record(session, [Change(taken, name="test")], self.runtime.ids)
        assert recorded.applied == {number}

    def _row(self, session: Session, columns: Mapping[str, Any]) -> dict[str, Any]:
        number, now = next(self._numbers), self.runtime.now()
        body = Payload("envelope", "application/json", b'{"report": %d}' % number)
        source_id = columns.get("source_id", f"R{number:05}")
        return {
            "id": self.runtime.ids.draw(),
            "flow": FLOW,
            "legal_entity_id": "DE01",
            "connection": "concur",
            "target": "erp",
            "source_system": "concur",
            "source_id": source_id,
            "source_document_id": f"{source_id}-1",
            "document_number": f"DOC-{number:05}",
            "counterparty": f"E{number:05}",
            "business_reference": f"ER-DE01-concur-{source_id}-1",
            "order_key": f"{FLOW}|DE01|{source_id}",
            "state": State.RECEIVED.value,
            "currency": "EUR",
            "amount_minor": 41_250,
            "group_minor": 41_250,
            "cohort": "2026-03",
            "received_at": now,
            "updated_at": now,
            "priority_at": now,
            "payload_id": payloads.put(session, self.runtime.ids, [body], now=now)[0],
            "due_at": now + timedelta(hours=8),
            "sla_status": "on_time",
            "sla_next_at": now + timedelta(hours=6),
            **columns,
        }


def exc(row: ExceptionCaseRow) -> str:
    """Return an exception's public id."""
    return public_id("exc", row.id)


def txn(row: TransactionRow) -> str:
    """Return a transaction's public id."""
    return public_id("txn", row.id)


def seen(row: ExceptionCaseRow) -> dict[str, str]:
    """Return the headers of an act on what was seen."""
    return {"if-match": f'"{row.revision}"'}


def minor_of(totals: Mapping[str, Any]) -> int:  # `Totals` as JSON
    """Return what totals say in the group's currency."""
    return int(totals["group"]["minor"])


def at(moment: datetime) -> str:
    """Return a moment as the API writes it."""
    return moment.isoformat().replace("+00:00", "Z")
