"""What every loop of the engine works with; `bootstrap` puts the parts together once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session

from connectors.contract import Connector, Target
from control_plane.domain.calendar import Calendar
from control_plane.domain.pacing import CloseWeek
from control_plane.engine.care import Care
from control_plane.engine.lines import Pace
from control_plane.engine.lists import Lists
from control_plane.engine.understand import Reader
from control_plane.flows.flow import Flow
from control_plane.runtime import Ids, Runtime
from control_plane.store.database import Database
from control_plane.store.troubles import persistent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How long and how much; every value is a setting in `tieout.toml`."""

    lease: timedelta = timedelta(seconds=30)
    batch: int = 200
    """Transactions per lease, per check and per commit of outcomes."""
    page: int = 200
    """Envelopes per page that a source is asked for."""
    concurrency: int | None = None
    """Calls in flight to one target at most; None: as many as it takes."""
    settle_every: timedelta = timedelta(milliseconds=250)
    """Outcomes are committed at least so often while a batch is on its way."""
    gather: timedelta = timedelta(milliseconds=250)
    """How long what is in no hurry gathers before it is looked at again."""
    heartbeat: timedelta = timedelta(seconds=10)
    idle: timedelta = timedelta(milliseconds=100)
    """How long a loop rests when it found nothing to do; doubled each time up to the ceiling."""
    idle_ceiling: timedelta = timedelta(seconds=1)
    close_week: CloseWeek = field(default_factory=CloseWeek)
    """When a share of every limit is kept for documents."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work: its session, the moment at which it happens, and what its decisions need."""

    session: Session
    now: datetime
    ids: Ids
    flows: Mapping[str, Flow]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    """When each legal entity works; one that is not listed keeps plain office hours."""
    untold: frozenset[str] = frozenset()
    """Connections whose source hears nothing of what became of its documents."""
    reader: Reader = field(default_factory=Reader)


@dataclass(frozen=True, slots=True)
class Parts:
    """One worker's parts."""

    runtime: Runtime
    database: Database
    connectors: Mapping[str, Connector]
    flows: Mapping[str, Flow]
    settings: EngineSettings = field(default_factory=EngineSettings)
    incarnation: int = 0
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)
    reader: Reader = field(default_factory=Reader)
    pace: Pace = field(default_factory=Pace)
    care: Care = field(default_factory=Care)

    async def write(self, work: Callable[[Unit], T]) -> T:
        """Run one writing unit of work off the event loop and return what it returns.

        One that gave way to another is run again from its beginning.
        """

        @persistent
        def unit() -> T:
            with self.database.write() as session:
                return work(self.unit(session))

        return await self.runtime.in_store(unit)

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run one reading unit of work off the event loop and return what it returns."""

        def unit() -> T:
            with self.database.read() as session:
                return work(session)

        return await self.runtime.in_store(unit)

    def unit(self, session: Session) -> Unit:
        """Return the unit of work on a session, at the present moment."""
        untold = frozenset(name for name, connector in self.connectors.items() if not connector.is_told)
        return Unit(session, self.runtime.now(), self.runtime.ids, self.flows, self.calendars, untold, self.reader)

    @property
    def targets(self) -> dict[str, Target]:
        """Return the connections that book documents."""
        return {name: connector.target for name, connector in self.connectors.items() if connector.target is not None}
