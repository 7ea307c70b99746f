"""Several workers on PostgreSQL: how much more they do together, before a slow ERP and before a fast one."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from bench.erp import ErpOptions
from bench.figures import NONE, Figure, at_least, middle, ratio
from bench.ours import Order
from bench.places import Places
from bench.plan import Plan
from bench.reports import Ran
from bench.running import run_workers

IN_FLIGHT: Final = 8
"""Posts of each worker at the same time."""
LATENCIES: Final = {"20ms": 0.02, "0ms": 0.0}
"""Seconds that the ERP takes for an answer."""
TARGETS: Final = {"20ms": at_least(1.7)}
_COUNTS: Final = (1, 2)


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield what one and two workers reach with what was accepted before, and their ratio."""
    runs: defaultdict[tuple[str, int], list[Ran]] = defaultdict(list)
    for _ in range(plan.rounds):
        for name, latency in LATENCIES.items():
            for workers in _COUNTS:
                runs[name, workers].append(_run(plan, places, latency, workers))
    for name in LATENCIES:
        one, two = (middle([ran.per_second for ran in runs[name, workers]]) for workers in _COUNTS)
        yield Figure(f"workers_{name}_one", one, "tx/s")
        yield Figure(f"workers_{name}_two", two, "tx/s")
        yield Figure(f"workers_{name}_two_over_one", ratio(two, one), "times", TARGETS.get(name))
    yield Figure("workers_lost", sum(ran.lost for some in runs.values() for ran in some), "documents", NONE)
    yield Figure("workers_doubled", sum(ran.doubled for some in runs.values() for ran in some), "documents", NONE)


def _run(plan: Plan, places: Places, latency: float, workers: int) -> Ran:
    with places.with_erp("postgresql", ErpOptions(latency_seconds=latency)) as (url, erp):
        return run_workers(Order(url, erp.url, plan.slow_erp, in_flight=IN_FLIGHT), erp, workers=workers)
