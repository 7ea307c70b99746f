"""Random histories of the real engine: two workers between a scripted source and a scripted ERP, on a virtual clock."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlmodel import col, select

from connectors.contract import Connector
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine.check import check
from control_plane.engine.confirm import confirm, note_outcomes
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.parts import EngineSettings, Parts, Unit
from control_plane.engine.pull import pull_next
from control_plane.engine.reap import reap
from control_plane.engine.release import release
from control_plane.engine.reverse import reverse
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION, POSTING_CONFIRMATION
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.flows.flow import Flow
from control_plane.store import connections, incarnations, postings, runs, transactions, transitions
from control_plane.store.database import Database
from control_plane.store.incarnations import Start
from control_plane.store.tables import ExceptionCaseRow, LineageRow, TransactionRow
from tests.control_plane.flows.factories import NOW, POLICY
from tests.stands.balance import BALANCE, MOVEMENTS, RECOMPUTED
from tests.stands.processes import AT_WORK, Beginning, Happening, KilledError, Process, opened, step
from tests.stands.runtime import StandRuntime
from tests.stands.scripted import PROJECT, Approval, ScriptedErp, ScriptedSource

Pass = Callable[[Parts], Awaitable[int]]
PASSES: Final[Mapping[str, Pass]] = {
    one.__name__: one for one in (reap, inquire, reverse, release, check, deliver, note_outcomes, confirm)
}
STREAMS: Final = {"expense_reports": "concur", "recalls": "concur", "project": "erp"}
_VALUES: Final = {
    **EXPENSE_REPORT.policy.values,
    **POLICY,
    "after_post": {"recalled": "reverse", "changed": "reverse"},
}
FLOW: Final = replace(EXPENSE_REPORT, policy=replace(EXPENSE_REPORT.policy, values=_VALUES))
FLOWS: Final[Mapping[str, Flow]] = {one.name: one for one in (FLOW, POSTING_CONFIRMATION, PAYMENT_CONFIRMATION)}
SETTLED: Final = (State.POSTED, State.REVERSED, State.CANCELLED, State.SUPERSEDED)
_WAITS: Final = (*[timedelta(seconds=61)] * 9, *[timedelta(minutes=16)] * 6)
_PLANNED: Final = "sync_run WHERE state IN ('waiting', 'running')"
_FAILED: Final = "\"transaction\" WHERE state = 'failed'"
_PAUSED: Final = "connection WHERE paused_at IS NOT NULL"
_UNDER_WAY: Final = f"""
    "transaction" WHERE state NOT IN ({", ".join(f"'{state}'" for state in SETTLED)}) OR reversal_wanted_at IS NOT NULL
"""


class NeverSettledError(AssertionError):
    """Something is still under way although all has gone well for more than an hour."""


@contextmanager
def history(start: Beginning) -> Iterator["History"]:
    """Give a history that has just begun."""
    database = start.restore()
    with closing(opened(database)) as watch:
        yield History(database, watch)


class History:
    """A source, an ERP and two workers on one database."""

    def __init__(self, database: Database, watch: sqlite3.Connection) -> None:
        self.database = database
        self.clock = StandRuntime(NOW)
        self.source = ScriptedSource(self.clock.now, step)
        self.erp = ScriptedErp(self.clock.now, step)
        self.approvals: list[Approval] = []
        self.is_balanced = True
        self._watch = watch
        self._seen = 0
        self._incarnations = 0
        self.workers = [self._worker(), self._worker()]

    async def settle(self) -> None:
        """Let all go well from now on, until nothing is left to do."""
        for process, _ in self.workers:
            process.disarm()
        self.source.script.forget()
        self.erp.script.forget()
        self.erp.set_active(is_active=True)
        for stream in ("project", "recalls"):
            self._plan(stream)
        for wait in _WAITS:
            self.clock.advance(wait)
            await self._turn()
            if self._is_over():
                return
        raise NeverSettledError([(row.source_document_id, row.state, row.reason) for row in self.rows()])

    async def _turn(self) -> None:
        if self._count(_PAUSED):
            self._write(lambda unit: connections.resume(unit.session, "erp"))
        self.retry()
        if self.source.waiting:
            self._plan("expense_reports")
        for _ in range(self._count(_PLANNED)):
            await self._run(pull_next, 0)
        for work in PASSES.values():
            await self._run(work, 0)

    def _is_over(self) -> bool:
        return not self.source.waiting and not self._count(_PLANNED) and not self._count(_UNDER_WAY)

    def _count(self, what: str) -> int:
        (count,) = self._watch.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(count)

    def approve(self, number: int, units: int, parts: int, *, with_project: bool) -> None:
        """Let the source approve a business object, once more if it did before."""
        before = sum(1 for one in self.approvals if one.source_id == f"R{number}")
        minor = 10_000 * (number + 1) + units
        amounts = (minor,) if parts == 1 else (minor, 5_000)
        approval = Approval(f"R{number}-{before + 1}", f"R{number}", amounts, PROJECT if with_project else "")
        self.approvals.append(approval)
        self.source.approve(approval)

    def take_back(self, number: int) -> None:
        """Let the source recall a business object, with every version that it handed over."""
        for one in self.approvals:
            if one.source_id == f"R{number}" and one.document_id not in self.source.recalled:
                self.source.recall(one.document_id, one.source_id)

    async def pull(self, stream: str, worker: int) -> None:
        """Let a worker pull a stream, or what waits longer."""
        self._plan(stream)
        await self._run(pull_next, worker)

    async def run(self, name: str, worker: int) -> None:
        """Let a worker do one kind of work once."""
        await self._run(PASSES[name], worker)

    def arm(self, step: int, meanwhile: Happening, *, kills: bool, is_noticed: bool) -> None:
        """Let something happen at the first worker's so-and-so-many-th step from now; it may be its last one."""
        process, parts = self.workers[0]

        async def happening() -> None:
            await meanwhile()
            if kills:
                process.kill()
            if kills and is_noticed:
                self._write(lambda unit: _give_up(unit, parts.incarnation))

        process.arm(step, happening)

    def retry(self) -> None:
        """Do what a person does with failed documents: let them go on."""

        def retry(unit: Unit) -> None:
            rows = unit.session.exec(select(TransactionRow).where(TransactionRow.state == State.FAILED)).all()
            seen = [transactions.seen_of(row) for row in rows]
            taken = [transition(one, State.READY, reason=Reason.RETRY, by=By.OWNER, now=unit.now) for one in seen]
            afresh = {"priority_at": unit.now, "first_attempt_at": None, "attempt_count": 0}
            transitions.record(unit.session, [transitions.Change(one, sets=afresh) for one in taken], unit.ids)

        if self._count(_FAILED):
            self._write(retry)

    def _plan(self, stream: str) -> None:
        at, connection = self.clock.advance(timedelta(microseconds=1)), STREAMS[stream]
        self._write(
            lambda unit: runs.plan(unit.session, unit.ids, connection, stream, at=at, trigger=runs.Trigger.PERSON)
        )

    async def _run(self, work: Pass, number: int) -> None:
        process, parts = self.workers[number]
        token = AT_WORK.set(process)
        try:
            await work(parts)
        except KilledError:
            self.workers[number] = self._worker()
        finally:
            AT_WORK.reset(token)

    def _worker(self) -> tuple[Process, Parts]:
        self._incarnations += 1
        number = self._incarnations
        start = Start("worker", "host", number)
        process = Process(self.clock, self._witness)
        sides = {"concur": Connector("concur", self.source), "erp": Connector("erp", self.erp, self.erp)}
        parts = Parts(process, self.database, sides, FLOWS, EngineSettings(page=2), incarnation=number)
        self._write(lambda unit: incarnations.register(unit.session, number, start, slot=number, now=unit.now))
        return process, parts

    def _write(self, work: Callable[[Unit], object]) -> None:
        with self.database.write() as session:
            work(Unit(session, self.clock.now(), self.clock.ids, FLOWS))

    def _witness(self) -> None:
        """Look at the ledger after every commit."""
        (version,) = self._watch.execute("PRAGMA data_version").fetchone()
        if version != self._seen:
            self._seen = version
            told = [set(self._watch.execute(query)) for query in (RECOMPUTED, BALANCE, MOVEMENTS)]
            self.is_balanced = self.is_balanced and told[0] == told[1] == told[2]

    def rows(self) -> list[TransactionRow]:
        """Return the documents' transactions, oldest first."""
        query = select(TransactionRow).where(TransactionRow.flow == FLOW.name).order_by(col(TransactionRow.id))
        with self.database.read() as session:
            return list(session.exec(query).all())

    def story(self) -> list[LineageRow]:
        """Return every transition of every document, in its order."""
        query = select(LineageRow).where(LineageRow.kind == "transition", LineageRow.flow == FLOW.name)
        with self.database.read() as session:
            return list(session.exec(query.order_by(col(LineageRow.id))).all())

    def open_cases(self) -> list[str]:
        """Return what people are still asked to do about documents."""
        settled = {"resolved", "closed", "cancelled", "merged"}
        with self.database.read() as session:
            rows = session.exec(select(ExceptionCaseRow)).all()
        return [row.sentence for row in rows if row.transaction_id is not None and row.state not in settled]

    def standing(self) -> set[str]:
        """Return the numbers of the postings that stand in the ERP's books, as our record says."""
        numbers = [row.id for row in self.rows()]
        with self.database.read() as session:
            return {row.number for rows in postings.standing(session, numbers).values() for row in rows}

    def wanted(self) -> dict[str, int]:
        """Return what should stand in the ERP's books: each object's newest approval, unless it was taken back."""
        newest = {one.source_id: one for one in self.approvals}
        standing = [one for one in newest.values() if one.document_id not in self.source.recalled]
        return {one.source_id: sum(one.amounts_minor) for one in standing}


def _give_up(unit: Unit, incarnation: int) -> None:
    incarnations.end(unit.session, [incarnation], now=unit.now)
    runs.give_up_leases(unit.session, [incarnation], now=unit.now)
