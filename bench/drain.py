"""An outage ends: how a backlog drains against the ERP's limit, by the ERP's own account of the calls."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Final

from bench.erp import Call, ErpOptions, RunningErp
from bench.figures import NONE, Figure, at_least, at_most, ratio
from bench.ours import Order, states
from bench.places import Places
from bench.plan import Plan
from bench.processes import Child, running
from bench.running import ENDS_AFTER, READY_WITHIN
from control_plane.domain.transaction import State
from control_plane.store.database import open_database

_POLL_SECONDS: Final = 0.5
_BACKLOG_WITHIN: Final = 400.0
_RAMP: Final = 0.1
"""The share of the backlog that may go before the full rate must be reached."""
_END: Final = 0.98


@dataclass(frozen=True, slots=True)
class Drained:
    """The calls from the first successful one on."""

    calls: Sequence[Call]
    limit: int

    @property
    def booked(self) -> list[Call]:
        """Return the calls that were taken."""
        return [call for call in self.calls if call.status == HTTPStatus.OK]

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.booked[-1].at - self.booked[0].at if self.booked else 0.0

    @property
    def over_ideal(self) -> float:
        """Return how many times as long it took as the limit alone would have it."""
        return ratio(self.seconds, sum(call.documents for call in self.booked) / self.limit)

    @property
    def used_percent(self) -> float:
        """Return how much of the limit was used between the ramp and the last few."""
        steady = self.booked[int(_RAMP * len(self.booked)) : int(_END * len(self.booked))]
        seconds = steady[-1].at - steady[0].at if steady else 0.0
        return 100 * ratio(ratio(sum(call.documents for call in steady[1:]), seconds), self.limit)

    @property
    def above(self) -> int:
        """Return how many calls were refused as one too many."""
        return sum(call.status == HTTPStatus.TOO_MANY_REQUESTS for call in self.calls)

    @property
    def failed_percent(self) -> float:
        """Return how many of a hundred calls were not taken."""
        return 100 * ratio(len(self.calls) - len(self.booked), len(self.calls))


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield how the backlog drains; the ERP books everything, so that each failed call is one of ours."""
    options = ErpOptions(has_fates=False, limit_per_second=plan.drain_limit)
    with places.with_erp("postgresql", options) as (url, erp):
        order = Order(url, erp.url, plan.drained, in_flight=16, calls_per_second=plan.drain_limit, deadline_seconds=900)
        calls = _drained(order, erp)
        toll = erp.toll(plan.drained)
    drained = Drained(since_first_success(calls), plan.drain_limit)
    name = f"drain_{plan.drained}_at_{plan.drain_limit}"
    yield Figure(f"{name}_over_ideal", drained.over_ideal, "times", at_most(1.1))
    yield Figure(f"{name}_rate_used", drained.used_percent, "%", at_least(95))
    yield Figure(f"{name}_calls_above", drained.above, "calls", NONE)
    yield Figure(f"{name}_failed_calls", drained.failed_percent, "%", at_most(1))
    yield Figure(f"{name}_doubled", toll["doubled"], "documents", NONE)


def _drained(order: Order, erp: RunningErp) -> list[Call]:
    with running("bench.ours", asdict(order)) as child:
        child.heard(READY_WITHIN)
        erp.go_away()
        child.say("go")
        _wait_for_backlog(order)
        erp.come_back()
        _finish(child, order)
    return erp.calls()


def _wait_for_backlog(order: Order) -> None:
    """Wait until everything is accepted and checked."""
    ends_at = time.monotonic() + _BACKLOG_WITHIN
    with closing(_Ledger(order.database_url)) as ledger:
        while ledger.still_checked(order.count) and time.monotonic() < ends_at:
            time.sleep(_POLL_SECONDS)


class _Ledger:
    """The ledger beside the worker that writes it."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url)

    def still_checked(self, count: int) -> bool:
        """Return whether some expenses are not accepted or not checked yet."""
        with self._database.read() as session:
            stand = states(session)
        return sum(stand.values()) < count or stand.get(State.RECEIVED, 0) > 0

    def close(self) -> None:
        """Close the database."""
        self._database.dispose()


def _finish(child: Child, order: Order) -> None:
    child.heard(order.deadline_seconds + ENDS_AFTER)


def since_first_success(calls: Sequence[Call]) -> Sequence[Call]:
    """Return the calls from the first on that was taken."""
    first = next((place for place, call in enumerate(calls) if call.status == HTTPStatus.OK), len(calls))
    return calls[first:]
