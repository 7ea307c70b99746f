"""Bulk operations over documents made to measure: people, a ramp, and a target that answers as a test says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from control_plane.acts import bulk as acts
from control_plane.acts.bulk import Order
from control_plane.acts.door import Hand
from control_plane.acts.ramp import Ramp
from control_plane.domain.access import Actor, Role
from control_plane.domain.bulk import BulkAct, Tally
from control_plane.domain.bulk_plan import Selection
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.engine.parts import Parts, Unit
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.store import bulk, exception_cases, people
from control_plane.store.queries import bulk as queries
from control_plane.store.tables import BulkItemRow, BulkOperationRow, ExceptionCaseRow, TransactionRow
from tests.control_plane.api.stand import FLOW, Stand

T = TypeVar("T")
KEY = b"a" * 32


@dataclass(slots=True)
class BulkStand(Stand):
    """A stand with a ramp."""

    refuses: Callable[[str], str] = field(default=lambda _document: "")
    """The code with which the target refuses a document; empty: it is posted."""
    calls: list[str] = field(default_factory=list)

    @property
    def parts(self) -> Parts:
        return Parts(self.runtime, self.database, {}, {FLOW: EXPENSE_REPORT})

    def person(self, *roles: Role, login: str = "", employee_ref: str = "") -> Actor:
        """Make a person known and return them."""
        login = login or f"person{next(self._numbers)}"
        self.key(*roles, login=login, employee_ref=employee_ref)
        with self.database.read() as session:
            row = people.by_login(session, login)
            assert row is not None
            found = people.actor(session, row.id, now=self.runtime.now())
        assert found is not None
        return found

    def failed(self, count: int, code: str = "tax_refused", **columns: Any) -> list[ExceptionCaseRow]:
        """Return the exceptions of so many documents that the target refused."""
        row = {"intents_payload_id": 1, "amount_minor": 10_000, "group_minor": 10_000, **columns}
        documents = [self.document(State.FAILED, Reason.REJECTED, **row) for _ in range(count)]
        return [self.case(one, code) for one in documents]

    def do(self, actor: Actor, work: Callable[[Hand], T], reason: str = "The ERP was corrected") -> T:
        """Let a person act."""
        with self.database.write() as session:
            unit = Unit(session, self.runtime.now(), self.runtime.ids, {FLOW: EXPENSE_REPORT})
            return work(Hand(unit, actor, KEY, reason=reason))

    def plan(self, actor: Actor, act: BulkAct = BulkAct.RETRY, **chosen: Any) -> BulkOperationRow:
        """Plan an operation over a cause, a filter or a list."""
        identifiers = tuple(chosen.pop("identifiers", ()))
        number = self.do(actor, lambda hand: acts.plan(hand, Order(act, Selection(chosen, identifiers))))
        return self.operation(number)

    def started(self, actor: Actor, act: BulkAct = BulkAct.RETRY, **chosen: Any) -> BulkOperationRow:
        """Plan and start an operation."""
        return self.act(actor, acts.start, self.plan(actor, act, **chosen))

    def act(self, actor: Actor, deed: Callable[..., None], row: BulkOperationRow) -> BulkOperationRow:
        """Let a person act on an operation and return it as it is then."""
        seen = self.operation(row.id)
        self.do(actor, lambda hand: deed(hand, row.id, revision=seen.revision))
        return self.operation(row.id)

    def operation(self, number: int) -> BulkOperationRow:
        with self.database.read() as session:
            row = bulk.row_of(session, number)
        assert row is not None
        return row

    def items(self, row: BulkOperationRow) -> list[BulkItemRow]:
        with self.database.read() as session:
            return queries.items(session, row.id, None, after=0, limit=10_000)

    def tally(self, row: BulkOperationRow) -> Tally:
        with self.database.read() as session:
            return queries.tally(session, row.id)

    def ramp(self, turns: int = 1) -> int:
        """Let the ramp come by; return how much it did."""

        async def come_by() -> int:
            pass_ = Ramp(KEY)
            return sum([await pass_(self.parts) for _ in range(turns)])

        return asyncio.run(come_by())

    def answer(self) -> int:
        """Let the target answer everything that is ready; return how much that was."""
        with self.database.read() as session:
            ready = self._ready(session)
        for number in ready:
            self._answer(number)
        return len(ready)

    def run(self, turns: int = 40) -> None:
        """Let ramp and target take turns until neither has anything to do."""
        for _ in range(turns):
            if not self.ramp() + self.answer():
                return
        raise AssertionError("they never came to rest")

    def _ready(self, session: Session) -> list[int]:
        is_ready = col(TransactionRow.state).in_([State.READY.value, State.RECEIVED.value])
        return list(session.exec(select(TransactionRow.id).where(is_ready).order_by(col(TransactionRow.id))).all())

    def _answer(self, number: int) -> None:
        document = self.transaction_row(number)
        self.calls.append(document.document_number)
        if document.state == State.RECEIVED:
            self.move(document, State.READY, By.SYSTEM, Reason.NEW)
        self.move(document, State.IN_FLIGHT, By.LEASE, Reason.NONE)
        code = self.refuses(document.document_number)
        if code:
            self.move(document, State.FAILED, By.LEASE, Reason.REJECTED)
            self.case(document, code)
            return
        self.move(document, State.POSTED, By.LEASE, Reason.NONE)
        with self.database.write() as session:
            exception_cases.resolve_for(session, {number: f"posted as {number}"}, now=self.runtime.now())
