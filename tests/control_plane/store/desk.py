"""A desk over the store alone: exceptions opened, claimed and ended, without acts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connectors.failures import Failure
from control_plane.domain import exception_case as machine
from control_plane.domain.exception_case import CaseFacts
from control_plane.store import exception_cases
from control_plane.store.database import Database
from control_plane.store.exception_cases import Trouble
from control_plane.store.tables import ExceptionCaseRow
from tests.stands.runtime import StandRuntime

ANNA = 7


class Desk:
    def __init__(self, database: Database, runtime: StandRuntime) -> None:
        self.database, self.runtime = database, runtime

    @property
    def now(self) -> datetime:
        return self.runtime.now()

    def open(self, *troubles: Trouble) -> list[ExceptionCaseRow]:
        with self.database.write() as session:
            numbers = exception_cases.open_for(session, self.runtime.ids, troubles, now=self.now)
        return [self.row(number) for number in numbers]

    def row(self, number: int) -> ExceptionCaseRow:
        with self.database.read() as session:
            row = exception_cases.row_of(session, number)
        assert row is not None
        return row

    def claim(self, row: ExceptionCaseRow, *, work: bool = False) -> ExceptionCaseRow:
        after = machine.claim(exception_cases.case_of(row), ANNA, now=self.now)
        after = machine.start_work(after, ANNA) if work else after
        with self.database.write() as session:
            assert exception_cases.change(session, row, after, now=self.now)
        return self.row(row.id)

    def step(self, number: int, step: Callable[[CaseFacts], CaseFacts]) -> None:
        with self.database.write() as session:
            seen = self.row(number)
            assert exception_cases.change(session, seen, step(exception_cases.case_of(seen)), now=self.now)

    def release(self, *transactions: int) -> None:
        with self.database.write() as session:
            exception_cases.release_for(session, transactions, now=self.now)

    def resolve(self, **evidence: str) -> None:
        with self.database.write() as session:
            proved = {int(number[1:]): text for number, text in evidence.items()}
            exception_cases.resolve_for(session, proved, now=self.now)


def trouble(transaction_id: int | None = 1, code: str = "inactive_master_data", **changes: object) -> Trouble:
    made = Trouble(
        failure=Failure(code, {"value": "P-12", "domain_title": "Project"}, field_path="lines.3.project"),
        flow="expense_report",
        step="bind",
        legal_entity_id="DE01",
        transaction_id=transaction_id,
        document={"document": "RE-1", "source": "concur"},
        currency="EUR",
        amount_minor=41_250,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a Trouble's fields
