"""F20 to F22: the ERP is away for long, comes back to a herd that waits, or comes and goes; on a virtual clock."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from bench.figures import at_most
from connectors.contract import Intent, Outcome
from connectors.limits import Limits
from control_plane.domain.pacing import Pacing, is_alerting
from control_plane.store import pacing
from control_plane.store.database import Database
from tests.faults.conftest import Tell
from tests.faults.figures import length, only_in_full
from tests.stands.backlog import LIMIT, SECOND, Backlog, Erp, now_here
from tests.stands.runtime import MORNING, CountingIds

pytestmark = pytest.mark.slow

AWAY = timedelta(hours=4)
HERD = 20_000
in_full = only_in_full("tests/control_plane/engine/test_pacing.py")
FLAPS_FOR = length(short=timedelta(minutes=10), full=timedelta(hours=1))
SWING = 10
"""Seconds up, and as many down."""
NOT_YET = MORNING + timedelta(days=1)


@pytest.fixture
def backlog(sqlite_database: Database) -> Backlog:
    return Backlog(sqlite_database, CountingIds())


@dataclass(slots=True)
class FlappingErp(Erp):
    """Answers for some seconds, and is away for as many; at every call it looks whether people are alarmed."""

    database: Database | None = None
    alerts: int = 0
    is_alerting: bool = False

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        is_up = (now_here() - MORNING).total_seconds() % (2 * SWING) < SWING
        self.back_at = MORNING if is_up else NOT_YET
        self._look()
        return await Erp.post(self, intents)

    def _look(self) -> None:
        assert self.database is not None
        with self.database.read() as session:
            known = pacing.every(session).get("erp", Pacing("erp"))
        before, self.is_alerting = self.is_alerting, is_alerting(known, now_here())
        self.alerts += self.is_alerting and not before


def _busiest(moments: Sequence[datetime], span: timedelta) -> int:
    return max((bisect_right(moments, at + span) - number for number, at in enumerate(moments)), default=0)


@in_full
def test_an_erp_that_is_away_is_asked_now_and_then(backlog: Backlog, tell: Tell) -> None:
    erp = backlog.send(Erp(back_at=MORNING + AWAY), 200, workers=2)
    opened = erp.failed[0] + 5 * SECOND
    probes = [at for at in erp.failed if at > opened]

    assert len(erp.booked) == 200
    tell("F20", f"calls in 30 s of an outage of {AWAY}", _busiest(probes, timedelta(seconds=29)), "", at_most(1))


@in_full
def test_a_herd_is_let_through_at_the_pace_that_the_erp_takes(backlog: Backlog, tell: Tell) -> None:
    erp = backlog.send(Erp(back_at=MORNING + timedelta(minutes=2), limit=LIMIT), HERD, workers=2)
    booked = sorted(erp.booked.values())
    failed = [at for at in erp.failed if at >= booked[0]]
    took = (booked[-1] - booked[0]).total_seconds()

    assert len(booked) == HERD
    tell("F21", "failed calls after the recovery", 100 * (len(failed) + len(erp.refused)) / HERD, "%", at_most(1))
    tell("F21", "time to drain, as a share of the ideal", took / (HERD / LIMIT), "", at_most(1.1))
    tell(
        "F21",
        f"most calls in a second, where {LIMIT} are allowed",
        _busiest(booked, 0.999 * SECOND),
        "",
        at_most(LIMIT),
    )


def test_an_erp_that_comes_and_goes_is_one_alert(backlog: Backlog, tell: Tell) -> None:
    erp = FlappingErp(database=backlog.database)
    backlog.send(erp, 5_000, limits=Limits(2), within=FLAPS_FOR)

    assert erp.booked
    assert erp.failed
    tell("F22", "alerts in ten minutes", erp.alerts / (FLAPS_FOR / timedelta(minutes=10)), "", at_most(1))
