"""Intake: how many events one API process takes over durably, one by one and in batches, and how soon it answers."""

import asyncio
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import count
from typing import Final, get_args

import orjson

from bench.api import RunningApi, running_api
from bench.client import Load, as_fast_as_possible, at_a_rate, message
from bench.figures import NONE, Figure, at_least, at_most, percentile
from bench.places import Kind, Places
from bench.plan import Plan
from bench.work import SOURCE, document, envelope, subject_of

BATCH: Final = 100
LINES: Final = 32
P99_MS: Final = 200
AT_SHARE: Final = 0.8
"""Of the reached rate, for the time to the answer."""
TARGETS: Final[Mapping[tuple[Kind, int], float]] = {
    ("sqlite", 1): 1000,
    ("sqlite", BATCH): 6000,
    ("postgresql", 1): 700,
    ("postgresql", BATCH): 4000,
}
"""Events a second by database and size of a request."""
_TYPES: Final = {1: "application/cloudevents+json", BATCH: "application/cloudevents-batch+json"}


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield rate and time to the answer for each database and size of request."""
    for kind in get_args(Kind):
        with places.fresh(kind) as url, running_api(url) as api:
            numbers = count()
            for size in (1, BATCH):
                wanted = int(TARGETS[kind, size] * plan.intake_seconds / size)
                fast = asyncio.run(as_fast_as_possible(api.url, _requests(api, numbers, wanted, size), lines=LINES))
                rate = AT_SHARE * fast.per_second
                requests = _requests(api, numbers, int(rate * plan.intake_seconds), size)
                paced = asyncio.run(at_a_rate(api.url, requests, per_second=rate, lines=LINES))
                yield from _figures(kind, size, fast, paced)


def _figures(kind: Kind, size: int, fast: Load, paced: Load) -> Iterator[Figure]:
    name = f"intake_{kind}_{'single' if size == 1 else 'batch'}"
    refused = sum(times for one in (fast, paced) for status, times in one.statuses.items() if not _is_taken(status))
    yield Figure(name, fast.per_second * size, "events/s", at_least(TARGETS[kind, size]))
    yield Figure(f"{name}_p99_at_80_percent", 1e3 * percentile(paced.latencies, 99), "ms", at_most(P99_MS))
    yield Figure(f"{name}_not_taken", refused, "requests", NONE)


def _is_taken(status: int) -> bool:
    return status == HTTPStatus.ACCEPTED


def _requests(api: RunningApi, numbers: Iterator[int], wanted: int, size: int) -> list[bytes]:
    """Return so many requests with so many events each, none of them sent before."""
    headers = {"authorization": f"Bearer {api.key}", "content-type": _TYPES[size]}
    events = [[_event(next(numbers)) for _ in range(size)] for _ in range(wanted)]
    bodies = (each[0] if size == 1 else b"[" + b",".join(each) + b"]" for each in events)
    return [message(api.url, "/v1/events", body, headers) for body in bodies]


def _event(number: int) -> bytes:
    one = envelope(number)
    attributes = {
        "specversion": "1.0",
        "id": one.id,
        "source": SOURCE,
        "type": one.type,
        "subject": subject_of(number),
        "time": "2026-10-15T08:30:00Z",
    }
    return orjson.dumps(attributes)[:-1] + b',"data":' + document(number) + b"}"
