"""W(n) from the first accepted byte to the last final state: ours and the peers, interleaved, beside the limit."""

from dataclasses import asdict, dataclass
from typing import Final

from bench.erp import RunningErp
from bench.ours import Order, Report
from bench.processes import running

READY_WITHIN: Final = 60.0
_ENDS_AFTER: Final = 30.0
"""Seconds that a process has beyond its own deadline."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, with what the ERP's own books say about it."""

    count: int
    report: Report
    lost: int
    doubled: int


def run_ours(order: Order, erp: RunningErp) -> Ran:
    """Let one process of ours do the whole work."""
    with running("bench.ours", asdict(order)) as child:
        child.heard(READY_WITHIN)
        child.say("go")
        report = Report(**child.heard(order.deadline_seconds + _ENDS_AFTER))
    toll = erp.toll(order.count)
    return Ran(order.count, report, toll["lost"], toll["doubled"])
