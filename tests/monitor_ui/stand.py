"""A database that the real engine filled from both twins, and the API over copies of it."""

import asyncio
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connectors.twins.expense.sample_set import Sample, sample_set
from connectors.twins.running import running_in_thread
from control_plane.api.app import create_app
from control_plane.api.services import Secrets, Services
from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.flows import FLOWS
from control_plane.store import people, runs
from control_plane.store.database import Database, open_database
from control_plane.store.people import Person
from control_plane.store.runs import Schedule
from tests.stands.real_time import RealTimeRuntime
from tests.stands.world import World, twins, world

SAMPLES = 120
GOOD = "employee_paid"
REFUSED = 2
UNKNOWN_TYPE = {"rules": [{"when": {}, "then": {"target": "erp", "ledger": "main", "document_type": "ZZ"}}]}
"""A document type that the ERP refuses: such documents fail, and a person may retry them."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The file of a filled database, with the keys of its people."""

    path: Path
    anna: str
    """An analyst and integrator."""
    ben: str
    """An approver and analyst."""
    vera: str
    """A viewer."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A running API over a database of its own."""

    url: str
    services: Services

    def code(self, login: str) -> str:
        """Return a one-time code for a person."""
        with self.services.database.read() as session:
            row = people.by_login(session, login)
        assert row is not None
        now = self.services.runtime.now()
        return self.services.sign_in_codes.issue(row.id, expires_at=now + timedelta(hours=1))


def fill(empty: str, path: Path) -> Filled:
    """Fill a migrated SQLite file through the engine and return it with its people."""
    database = open_database(empty)
    with twins() as urls, ThreadPoolExecutor(1) as aside:  # a browser's driver keeps a loop in the main thread
        aside.submit(asyncio.run, _run(database, urls)).result()
    filled = Filled(path, *_people(database))
    database.dispose()
    shutil.copy(empty.removeprefix("sqlite:///"), path)
    return filled


def inhabit(empty: str) -> Filled:
    """Make the people known in a migrated SQLite file that is to hold nothing else."""
    database = open_database(empty)
    filled = Filled(Path(empty.removeprefix("sqlite:///")), *_people(database))
    database.dispose()
    return filled


@contextmanager
def serving(path: Path) -> Iterator[Serving]:
    """Give the API over a database file."""
    database = open_database(f"sqlite:///{path}")
    services = Services(
        database=database,
        runtime=RealTimeRuntime(),
        secrets=Secrets(cursors=b"c" * 32, audit=b"a" * 32),
        flows={flow.name: flow for flow in FLOWS},
    )
    with running_in_thread(create_app(services)) as running:
        yield Serving(running.url, services)
    database.dispose()


async def _run(database: Database, urls: tuple[str, str]) -> None:
    quick = timedelta(milliseconds=5)
    samples = sample_set()
    async with world(database, urls, idle=quick) as w:
        await w.learn()
        await _bring(w, samples[:SAMPLES])
        await _schedule(w)
    async with world(database, urls, policy={"routing": UNKNOWN_TYPE}, idle=quick) as w:
        await _bring(w, [one for one in samples[SAMPLES:] if one.case == GOOD][:REFUSED])


async def _bring(w: World, samples: Sequence[Sample]) -> None:
    await w.approve(*[sample.envelope for sample in samples])
    for stream in ("expense_reports", "cash_advances"):
        await w.pull("concur", stream)
    await w.settle()


async def _schedule(w: World) -> None:
    streams = [
        (name, stream) for name, one in w.parts.connectors.items() if one.source for stream in one.source.streams
    ]
    schedules = [Schedule(name, stream, timedelta(minutes=5)) for name, stream in streams]
    await w.parts.write(lambda unit: runs.set_schedules(unit.session, schedules))


def _people(database: Database) -> Iterator[str]:
    known = {
        Person("anna", "Anna Berg"): (Role.ANALYST, Role.INTEGRATOR),
        Person("ben", "Ben Ode"): (Role.APPROVER, Role.ANALYST),
        Person("vera", "Vera Lind"): (Role.VIEWER,),
    }
    runtime = RealTimeRuntime()
    with database.write() as session:
        for person, roles in known.items():
            number = people.add(session, runtime.ids, person, now=runtime.now())
            people.set_grants(session, number, [Grant(role) for role in roles])
            entropy = secrets.token_bytes(ENTROPY_BYTES)
            yield people.issue_key(session, runtime.ids, number, entropy=entropy, now=runtime.now())
