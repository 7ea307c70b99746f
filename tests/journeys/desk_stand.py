"""Five thousand real claims on their way into an ERP that has its reasons to refuse some of them."""

import asyncio
import gzip
import secrets
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final

import httpx
from lxml import etree
from sqlalchemy import ColumnElement, event
from sqlalchemy.engine import Connection
from sqlmodel import col, func, select

from control_plane.acts.ramp import Ramp
from control_plane.api.app import create_app
from control_plane.api.services import Secrets, Services
from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.engine.worker import work
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.proof.replay import envelope_of
from control_plane.proof.timeline import Claim, Kind, Step
from control_plane.store import people
from control_plane.store.database import Database
from control_plane.store.people import Person
from control_plane.store.tables import TransactionRow
from tests.stands import balance
from tests.stands.world import GRACE, World

COUNT: Final = 5_000
INACTIVE: Final = ("P-05", "P-13", "P-22")
CLOSED: Final = ("1000", "2018-03")
UNKNOWN: Final = 123
"""The employee whom the platform knows under a name that the ERP does not."""
NAME_AT_THE_PLATFORM: Final = "E-777"
TAX_PERCENT: Final = 1
_AT_REST: Final = ("posted", "on_hold", "failed")

_XES: Final = "{http://www.xes-standard.org}"
_SECRETS: Final = Secrets(cursors=b"c" * 32, audit=b"a" * 32)

Line = tuple[str, str]
"""A line of the causes' list: the catalog's code, and the record that is awaited."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One real claim as the log tells it, read by other means than the product's, with the dimensions derived."""

    id: str
    number: str
    cents: int
    approved_at: datetime

    @property
    def hash(self) -> int:
        return zlib.crc32(self.id.encode())

    @property
    def employee(self) -> int:
        return self.hash % 500

    @property
    def company(self) -> str:
        return ("1000", "2000", "3000")[self.employee % 3]

    @property
    def project(self) -> str:
        return f"P-{self.hash % 40:02d}"

    @property
    def is_taxed_wrongly(self) -> bool:
        return zlib.crc32(f"tax {self.id}".encode()) % 100 < TAX_PERCENT


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stands against claims at a moment."""

    inactive: frozenset[str] = frozenset(INACTIVE)
    is_employee_unknown: bool = True
    is_period_closed: bool = True
    is_tax_wrong: bool = True

    def against(self, one: Declaration) -> Line | None:
        """Return what stops a claim first: the employee, the project, the period, then what only the ERP knows."""
        if self.is_employee_unknown and one.employee == UNKNOWN:
            return "missing_binding", NAME_AT_THE_PLATFORM
        if one.project in self.inactive:
            return "inactive_master_data", one.project
        if self.is_period_closed and (one.company, f"{one.approved_at:%Y-%m}") == CLOSED:
            return "closed_period", CLOSED[1]
        return ("tax_refused", "") if self.is_tax_wrong and one.is_taxed_wrongly else None

    def lines(self, claims: Sequence[Declaration]) -> dict[Line, tuple[int, int]]:
        """Return the lines of the causes' list: how many claims each blocks, and their cents."""
        found: dict[Line, list[int]] = defaultdict(list)
        for one in claims:
            line = self.against(one)
            if line is not None:
                found[line].append(one.cents)
        return {line: (len(cents), sum(cents)) for line, cents in found.items()}

    def free(self, claims: Sequence[Declaration]) -> dict[str, int]:
        """Return the cents of every claim that nothing stands against."""
        return {one.id: one.cents for one in claims if self.against(one) is None}


def declarations(log: Path) -> list[Declaration]:
    """Return the first claims of the log that are approved in the end."""
    found: list[Declaration] = []
    with gzip.open(log) as stream:
        for _, trace in etree.iterparse(stream, tag=f"{_XES}trace"):
            found += _declared(trace)
            trace.clear()
            if len(found) == COUNT:
                break
    return found


def envelope(one: Declaration) -> Mapping[str, Any]:
    """Return the document that the platform hands over for a claim."""
    words = envelope_of(Step(one.approved_at, Kind.APPROVED, Claim(one.id, one.number, one.cents)))
    if one.employee == UNKNOWN:
        words["document"]["employee"]["employeeId"] = NAME_AT_THE_PLATFORM
    return words


def _declared(trace: etree._Element) -> Iterator[Declaration]:
    events = [{str(one.get("key")): str(one.get("value")) for one in each} for each in trace.iter(f"{_XES}event")]
    judged = [each for each in events if {"FINAL_APPROVED", "REJECTED"} & set(each["concept:name"].split())]
    if not judged or "FINAL_APPROVED" not in judged[-1]["concept:name"]:
        return
    number = events[0]["(case)_DeclarationNumber"]
    cents = (Decimal(events[0]["(case)_Amount"]) * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    yield Declaration(
        id=events[0]["(case)_id"],
        number="" if number == "UNKNOWN" else number,
        cents=int(cents),
        approved_at=datetime.fromisoformat(judged[-1]["time:timestamp"]).astimezone(UTC),
    )


@dataclass(slots=True)
class Watcher:
    """Compares the ledger with the transactions before every commit."""

    commits: int = 0
    differences: list[int] = field(default_factory=list)
    """The numbers of the commits at which they differed."""

    def look(self, connection: Connection) -> None:
        self.commits += 1
        cursor = connection.connection.cursor()
        recomputed, booked, moved = (
            set(cursor.execute(query).fetchall()) for query in (balance.RECOMPUTED, balance.BALANCE, balance.MOVEMENTS)
        )
        if not recomputed == booked == moved:
            self.differences.append(self.commits)


@contextmanager
def watched(database: Database) -> Iterator[Watcher]:
    """Let somebody watch every commit."""
    watcher = Watcher()

    def look(connection: Connection) -> None:
        watcher.look(connection)

    event.listen(database.writer, "commit", look)
    yield watcher
    event.remove(database.writer, "commit", look)


@dataclass(frozen=True, slots=True)
class Desk:
    """The world with people at their desks, and the bulk operations that they start."""

    world: World
    ramp: Ramp = field(default_factory=lambda: Ramp(_SECRETS.audit))

    async def learn(self) -> None:
        """Read all of the ERP's lists."""
        source = self.world.parts.connectors["erp"].source
        assert source is not None
        for stream in source.streams:
            await self.world.pull("erp", stream)
        await self.world.settle()

    async def arrive(self, claims: Sequence[Declaration]) -> None:
        """Let all claims be approved while the worker works, and wait until each is posted or stopped."""
        stop = asyncio.Event()
        working = asyncio.create_task(work(self.world.parts, stop))
        for start in range(0, len(claims), 100):
            await self.world.approve(*map(envelope, claims[start : start + 100]))
        async with asyncio.timeout(60):
            while await self._received() < len(claims):
                await self.world.pull("concur", "expense_reports")
                await asyncio.sleep(0.3)
        stop.set()
        await working
        self.world.parts.pace.is_closing = False  # the same worker goes on, pass by pass
        await self.settle()

    async def _received(self) -> int:
        return await self._count(col(TransactionRow.state).is_not(None))

    async def _moving(self) -> int:
        return await self._count(col(TransactionRow.state).not_in(_AT_REST))

    async def _count(self, which: ColumnElement[bool]) -> int:
        own = col(TransactionRow.flow) == EXPENSE_REPORT.name
        query = select(func.count()).select_from(TransactionRow).where(own, which)
        return await self.world.parts.read(lambda session: session.exec(query).one())

    async def change(self, domain: str, code: str, **changes: Any) -> None:
        """Let the ERP change a record, and wait for what follows."""
        (await self.world.erp.patch(f"/twin/master-data/{domain}/{code}", json=changes)).raise_for_status()
        await self.world.pull("erp", domain)
        await self.settle()

    async def settle(self) -> None:
        """Do all that can be done; where a busy machine has lost an answer, let the time pass until it is asked for."""
        await self.world.settle()
        for _ in range(3):
            if not await self._moving():
                return
            await self.world.settle_over(GRACE, turns=1)

    async def refuse_for_tax(self, percent: int) -> None:
        body = {"tax_refusals_percent": percent}
        (await self.world.erp.patch("/twin/settings", json=body)).raise_for_status()

    async def ramp_up(self) -> None:
        """Do what bulk operations can do now."""
        for _ in range(100):
            if not await self.ramp(self.world.parts):
                return
            await self.settle()
        raise AssertionError("the bulk operation finds no end")

    async def booked(self) -> dict[str, list[int]]:
        """Return what the ERP holds of each claim, in cents of its cost."""
        found: dict[str, list[int]] = defaultdict(list)
        for document in (await self.world.erp_books())["documents"]:
            costs = [line["debit"] for line in document["lines"] if line["account"].startswith("4")]
            found[document["source_document"]].append(int(sum(map(Decimal, costs)) * 100))
        return dict(found)

    @asynccontextmanager
    async def person(self, login: str, *roles: Role) -> AsyncIterator[httpx.AsyncClient]:
        """Give somebody's way to the API."""
        parts = self.world.parts
        services = Services(parts.database, self.world.runtime, _SECRETS, parts.flows)
        transport = httpx.ASGITransport(app=create_app(services))
        headers = {"authorization": f"Bearer {self._key(login, *roles)}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://tieout.test", headers=headers) as client:
            yield client

    def _key(self, login: str, *roles: Role) -> str:
        ids, now = self.world.runtime.ids, self.world.runtime.now()
        with self.world.parts.database.write() as session:
            person = people.add(session, ids, Person(login, login.title(), ""), now=now)
            people.set_grants(session, person, [Grant(role) for role in roles])
            entropy = secrets.token_bytes(ENTROPY_BYTES)
            return people.issue_key(session, ids, person, entropy=entropy, now=now, expires_at=None)


async def causes(client: httpx.AsyncClient) -> dict[Line, tuple[int, int]]:
    """Return the causes' list as it is told: how many claims each line blocks, and their cents."""
    answer = await client.get("/v1/causes", params={"flow": "expense_report"})
    return {_line(one): _worth(one["totals"]) for one in answer.raise_for_status().json()["items"]}


def _line(one: Mapping[str, Any]) -> Line:
    return one["code"], one["record"]["code"] if one["record"] else ""


def _worth(totals: Mapping[str, Any]) -> tuple[int, int]:
    assert all(one["currency"] == "EUR" for one in totals["by_currency"])
    return totals["count"], sum(one["minor"] for one in totals["by_currency"])


async def act(client: httpx.AsyncClient, path: str, name: str, **body: Any) -> dict[str, Any]:
    """Act on what is seen, and return it as it is then."""
    seen = await client.get(path)
    told = {"reason": "The journey", **body}
    if "content_sha256" in seen.json():
        told |= {"content_sha256": seen.json()["content_sha256"]}
    answer = await client.post(f"{path}/{name}", json=told, headers={"if-match": seen.headers["etag"]})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown
