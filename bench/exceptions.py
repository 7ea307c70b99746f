"""The exception desk: how soon a claim, a correction, an approval and the causes are answered over a full desk."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar, get_args

from bench.api import running_api
from bench.desk import Desk, filled
from bench.figures import Figure, at_most, percentile
from bench.places import Kind, Places
from bench.plan import Plan
from control_plane.api.client import ApiClient
from control_plane.api.schemas import Correction
from control_plane.api.schemas.corrections import FieldChange
from control_plane.domain.correction import CorrectionReason
from control_plane.domain.identity import public_id

T = TypeVar("T")

P99_MS: Final = 300
LOOKS: Final = 20
"""At the list of causes."""
_WARM_UP: Final = 5
_BECAUSE: Final = "The tax code was set up under another name"
_OTHER_TAX_CODE: Final = "V07"
_PATIENCE_SECONDS: Final = 60


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield the time to the answer of each act, and of the causes' list, for each database."""
    for kind in get_args(Kind):
        with places.fresh(kind) as url:
            desk = filled(url, kind, open_count=plan.open_exceptions, workable_count=_WARM_UP + plan.desk_acts)
            with running_api(url) as api:
                times = _worked(api.url, desk, every=max(1, plan.desk_acts // LOOKS))
        for name, seconds in times.items():
            yield Figure(f"desk_{kind}_{name}_p99", 1e3 * percentile(seconds, 99), "ms", at_most(P99_MS))


def _worked(url: str, desk: Desk, *, every: int) -> Mapping[str, list[float]]:
    """Return how long each act took, one after the other, and now and then the causes' list."""
    watch = Watch()
    with _person(url, desk.analyst_key) as analyst, _person(url, desk.approver_key) as approver:
        for place, number in enumerate(desk.workable):
            if place == _WARM_UP:
                watch = Watch()
            _work(watch, analyst, approver, public_id("exc", number))
            if place % every == 0:
                watch.timed("causes", analyst.causes)
    return watch.times


def _work(watch: "Watch", analyst: ApiClient, approver: ApiClient, number: str) -> None:
    """Claim an exception, propose a correction, and let the other person agree."""
    shown = analyst.exception(number)
    claimed = watch.timed("claim", lambda: analyst.claim(number, revision=shown.revision))
    correction = _correction(analyst, number)
    proposal = watch.timed(
        "correction",
        lambda: analyst.propose_correction(number, revision=claimed.revision, correction=correction),
    )
    seen = {"reason": _BECAUSE, "content_sha256": proposal.content_sha256}
    watch.timed("approval", lambda: approver.approve(proposal.id, revision=proposal.revision, **seen))


def _correction(analyst: ApiClient, number: str) -> Correction:
    fields = analyst.correctable_fields(number).items
    tax_code = next(one for one in fields if one.path.endswith(".tax_code"))
    change = FieldChange(path=tax_code.path, before=tax_code.value, after=_OTHER_TAX_CODE)
    return Correction(reason=_BECAUSE, reason_code=CorrectionReason.WRONG_TAX, changes=[change])


def _person(url: str, key: str) -> ApiClient:
    return ApiClient(url, key, timeout_seconds=_PATIENCE_SECONDS)


class Watch:
    """Notes how long things take, by name."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def timed(self, name: str, work: Callable[[], T]) -> T:
        """Return what the work gives."""
        began = time.perf_counter()
        found = work()
        self.times.setdefault(name, []).append(time.perf_counter() - began)
        return found
