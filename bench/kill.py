"""A worker that is killed in the midst of W(n) and begun again: nothing is lost, doubled or stuck."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, get_args  # JSON values

from bench.erp import RunningErp
from bench.figures import NONE, Figure, at_most
from bench.ours import Order
from bench.peers.running import PeerOrder
from bench.places import Kind, Places
from bench.plan import Plan
from bench.processes import running
from bench.reports import Report
from bench.running import ENDS_AFTER, READY_WITHIN
from bench.work import expected

AT_SHARE: Final = 0.4
LEASE_SECONDS: Final = 30
MORE_SECONDS: Final = 5
PEERS: Final = ("procrastinate", "dbos")
PEERS_SECONDS: Final = 60.0
"""What a peer has not finished so long after its restart is stuck."""
_POLL_SECONDS: Final = 0.02

Orders = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Of the one that is killed and of the one that goes on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended."""

    seconds: float
    """From the kill to the last final state."""
    lost: int
    doubled: int
    stuck: int


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield how it ends with ours on either database, then with the peers."""
    for kind in get_args(Kind):
        with places.with_erp(kind) as (url, erp):
            ours = Order(url, erp.url, plan.killed)
            ended = _interrupted("bench.ours", (asdict(ours), asdict(replace(ours, learns=False))), erp)
        yield Figure(f"kill_{kind}_finished", ended.seconds, "s", at_most(LEASE_SECONDS + MORE_SECONDS))
        yield Figure(f"kill_{kind}_lost", ended.lost, "documents", NONE)
        yield Figure(f"kill_{kind}_doubled", ended.doubled, "documents", NONE)
        yield Figure(f"kill_{kind}_stuck", ended.stuck, "documents", NONE)
    for name in PEERS:
        with places.for_peer() as (url, erp):
            theirs = PeerOrder(url, erp.url, plan.killed_peers, deadline_seconds=PEERS_SECONDS)
            ended = _interrupted(f"bench.peers.{name}", (asdict(theirs), asdict(replace(theirs, feeds=False))), erp)
        yield Figure(f"kill_{name}_finished", ended.seconds, "s")
        yield Figure(f"kill_{name}_lost", ended.lost, "documents")
        yield Figure(f"kill_{name}_doubled", ended.doubled, "documents")
        yield Figure(f"kill_{name}_stuck", ended.stuck, "documents")


def _interrupted(module: str, orders: Orders, erp: RunningErp) -> Ended:
    """Kill a process in the midst of its work and let another one finish.

    To ours the source sends everything again, as one does that got no answer; the peers had accepted all of it.
    """
    first, second = orders
    _begin_and_kill(module, first, erp)
    killed_at = time.monotonic()
    report = _finish(module, second)
    toll = erp.toll(first["count"])
    return Ended(report.ended_at - killed_at, toll["lost"], toll["doubled"], first["count"] - report.done)


def _begin_and_kill(module: str, order: Mapping[str, Any], erp: RunningErp) -> None:
    """Kill it when the ERP has booked its share of what is to be booked."""
    wanted = AT_SHARE * len(expected(order["count"]))
    ends_at = time.monotonic() + order["deadline_seconds"]
    with running(module, order) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        while erp.toll(order["count"])["booked"] < wanted and time.monotonic() < ends_at:
            time.sleep(_POLL_SECONDS)
        child.kill()


def _finish(module: str, order: Mapping[str, Any]) -> Report:
    with running(module, order) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        return Report(**child.heard(order["deadline_seconds"] + ENDS_AFTER))
