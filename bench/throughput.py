"""W(n) from the first accepted byte to the last final state: ours and the peers, interleaved, beside the limit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from bench import calibration
from bench.calibration import Limit
from bench.erp import ErpOptions, running_erp
from bench.figures import NONE, Figure, at_least, at_most, middle, ratio
from bench.ours import Order
from bench.peers.running import PeerOrder
from bench.places import Kind, Places
from bench.plan import Plan
from bench.reports import Ran
from bench.running import run_ours, run_peer

BATCH: Final = 25
MEMORY_MB: Final = 200
SLOW_SECONDS: Final = 0.02
TIMES: Final[Mapping[str, float]] = {"procrastinate": 6, "dbos": 20}
"""How many times as fast as each peer we promise to be."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which ours does the work."""

    name: str
    kind: Kind
    batch: int
    share: float
    """Percent of the machine's limit that is promised."""


VARIANTS: Final = (
    Variant("w_sqlite", "sqlite", 1, 12),
    Variant("w_postgresql", "postgresql", 1, 12),
    Variant("w_sqlite_batch", "sqlite", BATCH, 20),
    Variant("w_postgresql_batch", "postgresql", BATCH, 20),
)


@dataclass(frozen=True, slots=True)
class Runs:
    """What was measured in turns, by name."""

    limits: defaultdict[Kind, list[Limit]] = field(default_factory=lambda: defaultdict(list))
    ours: defaultdict[str, list[Ran]] = field(default_factory=lambda: defaultdict(list))
    peers: defaultdict[str, list[Ran]] = field(default_factory=lambda: defaultdict(list))


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield what every way of doing the work reaches, and how that compares."""
    runs = Runs()
    for _ in range(plan.rounds):
        _take_turns(plan, places, runs)
    limits = {kind: Limit.middle(found) for kind, found in runs.limits.items()}
    for kind, limit in limits.items():
        yield from _limit_figures(kind, limit)
    for variant in VARIANTS:
        yield from _figures(variant, runs.ours[variant.name], limits[variant.kind])
    for name, found in runs.peers.items():
        yield from _peer_figures(name, found)
        yield from _comparison(name, found, runs.ours)
    yield from _growth(plan, places, runs.ours["w_sqlite"])
    yield from _before_a_slow_erp(plan, places)


def _take_turns(plan: Plan, places: Places, runs: Runs) -> None:
    """Let calibration, ours and the peers take turns, so that a bad minute of the machine meets all of them."""
    for kind, limit in _calibrated(plan, places).items():
        runs.limits[kind].append(limit)
    for variant, peer in zip_longest(VARIANTS, TIMES):
        with places.with_erp(variant.kind) as (url, erp):
            runs.ours[variant.name].append(run_ours(Order(url, erp.url, plan.ours, batch=variant.batch), erp))
        if peer is not None:
            with places.for_peer() as (url, erp):
                runs.peers[peer].append(run_peer(peer, PeerOrder(url, erp.url, plan.peers), erp))


def _calibrated(plan: Plan, places: Places) -> dict[Kind, Limit]:
    with running_erp(ErpOptions()) as erp:
        post = calibration.post_us(erp.url, plan.calibration)
    business = calibration.business_us(plan.calibration)
    with places.server.empty() as url:
        copied = calibration.postgres_insert_us(url, plan.calibration)
    inserted = calibration.sqlite_insert_us(plan.calibration)
    return {"sqlite": Limit(business, post, inserted), "postgresql": Limit(business, post, copied)}


def _limit_figures(kind: Kind, limit: Limit) -> Iterator[Figure]:
    yield Figure(f"limit_{kind}", limit.per_second, "tx/s")
    yield Figure(f"limit_{kind}_insert", limit.insert_us, "us/tx")
    if kind == "sqlite":
        yield Figure("limit_business", limit.business_us, "us/tx")
        yield Figure("limit_post", limit.post_us, "us/tx")


def _figures(variant: Variant, runs: Sequence[Ran], limit: Limit) -> Iterator[Figure]:
    rate = _rate(runs)
    yield Figure(variant.name, rate, "tx/s")
    yield Figure(f"{variant.name}_share_of_limit", 100 * ratio(rate, limit.per_second), "%", at_least(variant.share))
    yield Figure(f"{variant.name}_cpu", middle([run.cpu_us for run in runs]), "us/tx")
    yield Figure(f"{variant.name}_memory", max(run.report.peak_mb for run in runs), "MB", at_most(MEMORY_MB))
    yield Figure(f"{variant.name}_lost", sum(run.lost for run in runs), "documents", NONE)
    yield Figure(f"{variant.name}_doubled", sum(run.doubled for run in runs), "documents", NONE)


def _peer_figures(name: str, runs: Sequence[Ran]) -> Iterator[Figure]:
    yield Figure(f"w_{name}", _rate(runs), "tx/s")
    yield Figure(f"w_{name}_cpu", middle([run.cpu_us for run in runs]), "us/tx")
    yield Figure(f"w_{name}_memory", max(run.report.peak_mb for run in runs), "MB")
    yield Figure(f"w_{name}_lost", sum(run.lost for run in runs), "documents")
    yield Figure(f"w_{name}_doubled", sum(run.doubled for run in runs), "documents")


def _comparison(name: str, runs: Sequence[Ran], ours: Mapping[str, Sequence[Ran]]) -> Iterator[Figure]:
    """Yield how many times as fast we are, with one document per call as the peer does it."""
    for variant in VARIANTS:
        if variant.batch == 1:
            times = ratio(_rate(ours[variant.name]), _rate(runs))
            yield Figure(f"{variant.name}_over_{name}", times, "times", at_least(TIMES[name]))


def _growth(plan: Plan, places: Places, runs: Sequence[Ran]) -> Iterator[Figure]:
    """Yield how the worker's memory grows with n: a fourth of the work against the whole."""
    with places.with_erp("sqlite") as (url, erp):
        small = run_ours(Order(url, erp.url, plan.ours // 4), erp)
    grown = ratio(middle([run.report.peak_mb for run in runs]), small.report.peak_mb)
    yield Figure("w_sqlite_memory_growth", grown, "times", at_most(1.1))


def _before_a_slow_erp(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield what a fourth of the work reaches where the ERP takes its time for each answer."""
    for variant in VARIANTS:
        if variant.batch == 1:
            with places.with_erp(variant.kind, ErpOptions(latency_seconds=SLOW_SECONDS)) as (url, erp):
                slow = run_ours(Order(url, erp.url, plan.ours // 4), erp)
            yield Figure(f"{variant.name}_20ms", slow.per_second, "tx/s")


def _rate(runs: Sequence[Ran]) -> float:
    return middle([run.per_second for run in runs])
