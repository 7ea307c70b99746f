"""A worker that is killed in the midst of W(n) and begun again: nothing is lost, doubled or stuck."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Final, get_args

from bench.erp import RunningErp
from bench.figures import NONE, Figure, at_most
from bench.ours import DONE, Order
from bench.places import Kind, Places
from bench.plan import Plan
from bench.processes import running
from bench.reports import Report
from bench.running import ENDS_AFTER, READY_WITHIN
from bench.work import expected

AT_SHARE: Final = 0.4
LEASE_SECONDS: Final = 30
MORE_SECONDS: Final = 5
_POLL_SECONDS: Final = 0.02


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield how it ends on either database."""
    for kind in get_args(Kind):
        yield from _killed(kind, plan.killed, places)


def _killed(kind: Kind, count: int, places: Places) -> Iterator[Figure]:
    with places.with_erp(kind) as (url, erp):
        order = Order(url, erp.url, count)
        _begin_and_kill(order, erp)
        killed_at = time.monotonic()
        report = _begin_again(replace(order, learns=False))
        toll = erp.toll(count)
    finished = report.ended_at - killed_at
    yield Figure(f"kill_{kind}_finished", finished, "s", at_most(LEASE_SECONDS + MORE_SECONDS))
    yield Figure(f"kill_{kind}_lost", toll["lost"], "documents", NONE)
    yield Figure(f"kill_{kind}_doubled", toll["doubled"], "documents", NONE)
    yield Figure(f"kill_{kind}_stuck", count - _done(report), "documents", NONE)


def _begin_and_kill(order: Order, erp: RunningErp) -> None:
    """Kill a worker when the ERP has booked its share of what is to be booked."""
    wanted = AT_SHARE * len(expected(order.count))
    ends_at = time.monotonic() + order.deadline_seconds
    with running("bench.ours", asdict(order)) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        while erp.toll(order.count)["booked"] < wanted and time.monotonic() < ends_at:
            time.sleep(_POLL_SECONDS)
        child.kill()


def _begin_again(order: Order) -> Report:
    """Let another worker finish; its source sends everything again, as one does that got no answer."""
    with running("bench.ours", asdict(order)) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        return Report(**child.heard(order.deadline_seconds + ENDS_AFTER))


def _done(report: Report) -> int:
    return sum(report.states.get(state, 0) for state in DONE)
