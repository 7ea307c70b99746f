"""Runs of W(n): one process of ours, several, or one of a peer's, with what the ERP's books say afterwards."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any, Final

from bench.erp import RunningErp
from bench.ours import Order
from bench.peers.running import PeerOrder
from bench.processes import Child, running
from bench.reports import Ran, Report

READY_WITHIN: Final = 60.0
ENDS_AFTER: Final = 30.0
"""Seconds that a process has beyond its own deadline."""


def run_ours(order: Order, erp: RunningErp) -> Ran:
    """Let one process of ours accept and do the whole work."""
    return _run("bench.ours", asdict(order), erp)


def run_peer(name: str, order: PeerOrder, erp: RunningErp) -> Ran:
    """Let one process of a peer accept and do the whole work."""
    return _run(f"bench.peers.{name}", asdict(order), erp)


def run_workers(order: Order, erp: RunningErp, *, workers: int) -> Ran:
    """Let several workers do what was accepted before; the time runs from the word to go to the last one's end."""
    accept(order)
    with ExitStack() as stack:
        working = asdict(replace(order, feeds=False, learns=False))
        children = [stack.enter_context(running("bench.ours", working)) for _ in range(workers)]
        for child in children:
            child.heard(READY_WITHIN)
        began = time.monotonic()
        for child in children:
            child.say("go")
        reports = [_report(child, order.deadline_seconds) for child in children]
    return _ran(order.count, _together(reports, began), erp)


def accept(order: Order) -> None:
    """Accept W(n) in a process of its own and leave it to others."""
    with running("bench.ours", asdict(replace(order, works=False))) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        _report(child, order.deadline_seconds)


def _run(module: str, order: Mapping[str, Any], erp: RunningErp) -> Ran:
    with running(module, order) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        report = _report(child, order["deadline_seconds"])
    return _ran(order["count"], report, erp)


def _report(child: Child, deadline_seconds: float) -> Report:
    return Report(**child.heard(deadline_seconds + ENDS_AFTER))


def _ran(count: int, report: Report, erp: RunningErp) -> Ran:
    toll = erp.toll(count)
    return Ran(count, report, toll["lost"], toll["doubled"])


def _together(reports: list[Report], began: float) -> Report:
    return Report(
        seconds=max(report.ended_at for report in reports) - began,
        cpu_seconds=sum(report.cpu_seconds for report in reports),
        peak_mb=max(report.peak_mb for report in reports),
        done=max(report.done for report in reports),
        states=reports[-1].states,
        ended_at=max(report.ended_at for report in reports),
    )
