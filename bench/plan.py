"""How much is measured: the whole, or a little of everything to see that it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes, in expenses where nothing else is said."""

    ours: int = 20_000
    peers: int = 2_000
    rounds: int = 2
    calibration: int = 20_000
    shared: int = 4_000
    """What several workers do together."""
    intake_seconds: float = 8.0
    backlogs: tuple[int, ...] = (10_000, 100_000)
    """Waiting transactions that a lease is taken from."""
    leases: int = 200
    """Leases whose times are compared."""
    one_key: int = 100_000
    drained: int = 20_000
    drain_limit: int = 200
    """Documents a second that the ERP takes."""
    killed: int = 5_000
    killed_peers: int = 500
    open_exceptions: int = 100_000
    desk_acts: int = 400
    """Of each kind, whose times are compared."""


WHOLE: Final = Plan()
QUICK: Final = Plan(
    ours=600,
    peers=200,
    rounds=1,
    calibration=2_000,
    shared=400,
    intake_seconds=1.0,
    backlogs=(1_000, 10_000),
    leases=30,
    one_key=10_000,
    drained=400,
    killed=600,
    killed_peers=200,
    open_exceptions=10_000,
    desk_acts=30,
)

SCALES: Final[Mapping[str, int]] = {"1M": 1_000_000, "10M": 10_000_000}
"""Backlogs that take minutes to fill."""


def at_scale(plan: Plan, name: str) -> Plan:
    """Return the plan with a large backlog beside the smallest."""
    return replace(plan, backlogs=(plan.backlogs[0], SCALES[name]))
