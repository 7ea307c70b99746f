"""Several workers on PostgreSQL: how much more they do together, and what the ledger costs them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
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


@dataclass(frozen=True, slots=True)
class Crew:
    """So many workers before an ERP that takes so long for each answer."""

    workers: int
    latency_seconds: float
    keeps_ledger: bool = True


ONE, TWO, FOUR = (Crew(workers, 0.0) for workers in (1, 2, 4))
ONE_SLOW, TWO_SLOW = (Crew(workers, 0.02) for workers in (1, 2))
TWO_FREE, FOUR_FREE = (Crew(workers, 0.0, keeps_ledger=False) for workers in (2, 4))
CREWS: Final = (ONE_SLOW, TWO_SLOW, ONE, TWO, TWO_FREE, FOUR, FOUR_FREE)


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield what crews reach with what was accepted before, and how they compare."""
    runs: defaultdict[Crew, list[Ran]] = defaultdict(list)
    for _, crew in product(range(plan.rounds), CREWS):
        runs[crew].append(_run(plan, places, crew))
    rate = {crew: middle([ran.per_second for ran in found]) for crew, found in runs.items()}
    yield Figure("workers_20ms_one", rate[ONE_SLOW], "tx/s")
    yield Figure("workers_20ms_two", rate[TWO_SLOW], "tx/s")
    yield Figure("workers_20ms_two_over_one", ratio(rate[TWO_SLOW], rate[ONE_SLOW]), "times", at_least(1.7))
    yield Figure("workers_one", rate[ONE], "tx/s")
    yield Figure("workers_two", rate[TWO], "tx/s")
    yield Figure("workers_two_over_one", ratio(rate[TWO], rate[ONE]), "times")
    yield Figure("workers_two_beside_no_ledger", 100 * ratio(rate[TWO], rate[TWO_FREE]), "%", at_least(90))
    yield Figure("workers_four", rate[FOUR], "tx/s")
    yield Figure("workers_four_beside_no_ledger", 100 * ratio(rate[FOUR], rate[FOUR_FREE]), "%", at_least(90))
    yield from _tolls([ran for found in runs.values() for ran in found])


def _run(plan: Plan, places: Places, crew: Crew) -> Ran:
    with places.with_erp("postgresql", ErpOptions(latency_seconds=crew.latency_seconds)) as (url, erp):
        order = Order(url, erp.url, plan.shared, in_flight=IN_FLIGHT, keeps_ledger=crew.keeps_ledger)
        return run_workers(order, erp, workers=crew.workers)


def _tolls(runs: Sequence[Ran]) -> Iterator[Figure]:
    yield Figure("workers_lost", sum(ran.lost for ran in runs), "documents", NONE)
    yield Figure("workers_doubled", sum(ran.doubled for ran in runs), "documents", NONE)
