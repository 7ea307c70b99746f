"""Bulk operations over documents made to measure: people, a ramp, and a target that answers as a test says."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from connectors.failures import Failure
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
from control_plane.store import bulk, exception_cases, people, transactions
from control_plane.store.exception_cases import Trouble
from control_plane.store.queries import bulk as queries
from control_plane.store.tables import BulkItemRow, BulkOperationRow, ExceptionCaseRow, TransactionRow
from control_plane.store.transactions import Birth
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
        values = {"intents_payload_id": 1, "amount_minor": 10_000, "group_minor": 10_000, **columns}
        with self.database.write() as session:
            rows = [self._row(session, values) for _ in range(count)]
            transactions.bear(session, [Birth(row) for row in rows], self.runtime.ids, now=self.runtime.now())
            numbers = self._refuse(session, [(row["id"], code) for row in rows], State.RECEIVED)
            session.expire_all()
            return [one for one in map(partial(exception_cases.row_of, session), numbers) if one is not None]

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
        with self.database.write() as session:
            ready = self._ready(session)
            self.calls += [one.document_number for one in ready]
            for one in ready:
                self._send(session, one)
            refused = [(one.id, code) for one in ready if (code := self.refuses(one.document_number))]
            self._refuse(session, refused, State.IN_FLIGHT)
            self._post(session, {one.id for one in ready} - {number for number, _ in refused})
            return len(ready)

    def run(self, turns: int = 40) -> None:
        """Let ramp and target take turns until neither has anything to do."""
        for _ in range(turns):
            if not self.ramp() + self.answer():
                return
        raise AssertionError("they never came to rest")

    def _ready(self, session: Session) -> list[TransactionRow]:
        is_ready = col(TransactionRow.state).in_([State.READY.value, State.RECEIVED.value])
        return list(session.exec(select(TransactionRow).where(is_ready).order_by(col(TransactionRow.id))).all())

    def _send(self, session: Session, row: TransactionRow) -> None:
        if row.state == State.RECEIVED:
            self._move(session, row.id, State.READY, By.SYSTEM, Reason.NEW)
        self._move(session, row.id, State.IN_FLIGHT, By.LEASE, Reason.NONE)

    def _refuse(self, session: Session, refused: Sequence[tuple[int, str]], state: State) -> list[int]:
        """Let documents fail with these codes; return their exceptions."""
        by = By.LEASE if state is State.IN_FLIGHT else By.SYSTEM
        for number, _ in refused:
            self._move(session, number, State.FAILED, by, Reason.REJECTED)
        session.expire_all()
        troubles = [_trouble(transactions.row_of(session, number), code) for number, code in refused]
        return exception_cases.open_for(session, self.runtime.ids, troubles, now=self.runtime.now())

    def _post(self, session: Session, numbers: Collection[int]) -> None:
        for number in numbers:
            self._move(session, number, State.POSTED, By.LEASE, Reason.NONE)
        evidence = {number: f"posted as {number}" for number in numbers}
        if evidence:
            exception_cases.resolve_for(session, evidence, now=self.runtime.now())


def _trouble(row: TransactionRow | None, code: str) -> Trouble:
    assert row is not None
    return Trouble(
        failure=Failure(code),
        flow=row.flow,
        step="post",
        legal_entity_id=row.legal_entity_id,
        transaction_id=row.id,
        document={"document": row.document_number, "target": "erp", "source": "concur"},
        currency=row.currency,
        amount_minor=row.amount_minor,
        group_minor=row.group_minor,
    )
