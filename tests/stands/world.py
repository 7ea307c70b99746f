"""The whole way in one process: both twins over real HTTP, and the engine between them, pass by pass."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select as sa_select
from sqlmodel import Session, SQLModel, col, select

from connectors.connection import ConnectionSettings
from connectors.registry import opened
from connectors.twins.erp.app import create_app as create_erp
from connectors.twins.erp.books import Books as ErpBooks
from connectors.twins.expense.app import create_app as create_expense
from connectors.twins.expense.books import Books as ExpenseBooks
from connectors.twins.expense.exact import exact_bytes
from connectors.twins.running import running_in_thread
from control_plane.engine.parts import EngineSettings, Parts
from control_plane.engine.worker import settle_down
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION, POSTING_CONFIRMATION
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.flows.flow import Flow
from control_plane.proof.configuration import CONTROL_ACCOUNTS
from control_plane.store import connections, runs
from control_plane.store.database import Database
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import CursorRow, ExceptionCaseRow, LineageRow, MasterDataRow, TransactionRow
from tests.stands.real_time import RealTimeRuntime

GRACE_SECONDS = "60"
"""Longer than any test takes, so that it passes only when a test lets it."""
GRACE = timedelta(seconds=61)
ROUTING = {"rules": [{"when": {}, "then": {"target": "erp", "ledger": "main", "document_type": "EX"}}]}
CONFIRMATIONS = (POSTING_CONFIRMATION, PAYMENT_CONFIRMATION)
POLICY: Mapping[str, Any] = {
    "accounts": {"by_expense_type": {}, "default": "474300"},
    "control_accounts": {"*": CONTROL_ACCOUNTS},
    "routing": ROUTING,
}


@dataclass(slots=True)
class World:
    """Two systems and what stands between them."""

    expense: httpx.AsyncClient
    erp: httpx.AsyncClient
    parts: Parts
    runtime: RealTimeRuntime

    async def approve(self, *documents: Mapping[str, Any]) -> list[str]:
        """Approve documents on the platform and return their ids."""
        body = exact_bytes({"fIDocuments": list(documents)})
        answer = await self.expense.post("/twin/documents", content=body)
        answer.raise_for_status()
        return [result["id"] for result in answer.json()["results"]]

    async def recall(self, *ids: str) -> None:
        """Take documents back on the platform."""
        (await self.expense.post("/twin/recall", json={"ids": list(ids)})).raise_for_status()

    async def pull(self, connection: str, stream: str) -> None:
        """Plan a sync run of a stream."""

        def plan(session: Session) -> None:
            at, trigger = self.runtime.now(), runs.Trigger.PERSON
            runs.plan(session, self.runtime.ids, connection, stream, at=at, trigger=trigger)

        await self.parts.write(lambda unit: plan(unit.session))

    async def learn(self) -> None:
        """Read all of the ERP's lists; they are the same for every test, so only the first one asks."""
        if _LEARNED:
            await self.parts.write(lambda unit: _restore(unit.session))
            return
        source = self.parts.connectors["erp"].source
        assert source is not None
        for stream in source.streams:
            await self.pull("erp", stream)
        await self.settle()
        await self.parts.read(_remember)

    async def settle(self) -> None:
        """Do everything that can be done now."""
        await settle_down(self.parts)

    async def settle_over(self, duration: timedelta, turns: int = 3) -> None:
        """Do everything that can be done while time passes."""
        for _ in range(turns):
            await self.settle()
            self.runtime.advance(duration)
        await self.settle()

    async def transactions(self, flow: str = "expense_report") -> list[TransactionRow]:
        """Return a flow's transactions, oldest first."""
        query = select(TransactionRow).where(TransactionRow.flow == flow).order_by(col(TransactionRow.id))
        return await self.parts.read(lambda session: list(session.exec(query).all()))

    async def cases(self) -> list[ExceptionCaseRow]:
        """Return all exceptions, oldest first."""
        query = select(ExceptionCaseRow).order_by(col(ExceptionCaseRow.id))
        return await self.parts.read(lambda session: list(session.exec(query).all()))

    async def story(self, transaction_id: int) -> list[LineageRow]:
        """Return everything that happened to a transaction."""
        query = select(LineageRow).where(LineageRow.transaction_id == transaction_id).order_by(col(LineageRow.id))
        return await self.parts.read(lambda session: list(session.exec(query).all()))

    async def erp_books(self) -> dict[str, Any]:
        """Return what the ERP itself says it has booked."""
        answer = await self.erp.get("/twin/books")
        return dict(answer.json())

    async def expense_books(self) -> list[dict[str, Any]]:
        """Return what the platform itself says about its documents."""
        answer = await self.expense.get("/twin/books")
        return list(answer.json()["documents"])

    async def faults(self, system: str, script: Sequence[Mapping[str, Any]]) -> None:
        """Let a system misbehave."""
        client = self.erp if system == "erp" else self.expense
        (await client.put("/twin/faults", json={"seed": 1, "rules": list(script)})).raise_for_status()


_LEARNED: dict[type[SQLModel], list[dict[str, Any]]] = {}


def _remember(session: Session) -> None:
    for model in (MasterDataRow, CursorRow):
        rows = session.connection().execute(sa_select(table_of(model))).mappings()
        _LEARNED[model] = [dict(row) for row in rows]


def _restore(session: Session) -> None:
    for model, rows in _LEARNED.items():
        insert_many(session, model, rows)


def flow_with(policy: Mapping[str, Any]) -> Flow:
    """Return the expense flow with other policy values."""
    values = {**EXPENSE_REPORT.policy.values, **POLICY, **policy}
    return replace(EXPENSE_REPORT, policy=replace(EXPENSE_REPORT.policy, values=values))


@contextmanager
def twins() -> Iterator[tuple[str, str]]:
    """Give the URLs of a fresh expense platform and a fresh ERP."""
    with ExitStack() as stack:
        expense = stack.enter_context(running_in_thread(create_expense(ExpenseBooks())))
        erp = stack.enter_context(running_in_thread(create_erp(ErpBooks())))
        yield expense.url, erp.url


@asynccontextmanager
async def world(
    database: Database,
    urls: tuple[str, str],
    *,
    policy: Mapping[str, Any] | None = None,
    page_size: int = 25,
    batch_size: int = 25,
    **settings: Any,
) -> AsyncIterator[World]:
    """Give the world between two running twins, which hand over and take so many documents with one call."""
    runtime = RealTimeRuntime()
    expense_url, erp_url = urls
    secret = {"client_id": "tieout", "client_secret": "sandbox-secret"}
    events = {"recall_events": "/v4/topics/financialintegration/events", "page_size": str(page_size)}
    concur = ConnectionSettings("concur", "concur", expense_url, secret, events)
    options = {"visibility_grace_seconds": GRACE_SECONDS, "batch": str(batch_size)}
    erp = ConnectionSettings("erp", "sandbox_erp", erp_url, {"api_key": "sandbox-key"}, options)
    async with AsyncExitStack() as stack:
        connectors = {one.name: await stack.enter_async_context(opened(one)) for one in (concur, erp)}
        flow = flow_with(policy or {})
        flows = {one.name: one for one in (flow, *CONFIRMATIONS)}
        parts = Parts(runtime, database, connectors, flows, EngineSettings(**settings), incarnation=1)
        known = [connections.Configured(one.name, one.provider) for one in (concur, erp)]
        await parts.write(lambda unit: connections.register(unit.session, known))
        clients = [await stack.enter_async_context(httpx.AsyncClient(base_url=url, verify=False)) for url in urls]
        yield World(clients[0], clients[1], parts, runtime)
