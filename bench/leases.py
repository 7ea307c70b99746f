"""Leases: how long taking 200 takes with little and with much waiting, and with one long order key."""

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args  # column values

from sqlalchemy import bindparam, text
from sqlmodel.sql.sqltypes import UTCDateTime

from bench.databases import keep_house
from bench.figures import Figure, at_most, percentile, ratio, shown
from bench.places import Kind, Places
from bench.plan import Plan
from control_plane.bootstrap.system import SystemClock, SystemIds
from control_plane.domain.transaction import State
from control_plane.store import queue
from control_plane.store.database import Database, open_database
from control_plane.store.tables import TransactionRow

BATCH: Final = 200
P99_MS: Final = 20
OVER_SMALLEST: Final = 1.5
_WARM_UP: Final = 10
_STATEMENT_SECONDS: Final = 3600
_FLOW: Final = "expense_report"
_TARGET: Final = "erp"
_LONG_KEY: Final = "'the long one'"

_SERIES: Final[Mapping[Kind, str]] = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)",
    "postgresql": "(SELECT n FROM generate_series(1, {count}) AS g(n))",
}
_RETURN: Final = text(
    """
    UPDATE "transaction" SET state = 'ready', lease_owner = NULL, lease_until = NULL, priority_at = :now, due_at = :now
    WHERE state = 'in_flight'
    """
).bindparams(bindparam("now", type_=UTCDateTime()))
"""What was leased waits again, behind all others."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: so many order keys with one document each, and one key with many."""

    name: str
    keys: int
    one_key: int = 0


def measure(plan: Plan, places: Places) -> Iterator[Figure]:
    """Yield the time of a lease for each backlog, and how it grows."""
    smallest, *larger = (Backlog(_name(count), count) for count in plan.backlogs)
    one_key = Backlog(f"one_key_{_name(plan.one_key)}", smallest.keys, plan.one_key)
    for kind in get_args(Kind):
        base = _p99_ms(kind, smallest, plan.leases, places)
        yield Figure(f"lease_{kind}_{smallest.name}_p99", base, "ms", at_most(P99_MS))
        for backlog in (*larger, one_key):
            p99 = _p99_ms(kind, backlog, plan.leases, places)
            name = f"lease_{kind}_{backlog.name}"
            yield Figure(f"{name}_p99", p99, "ms", at_most(P99_MS))
            yield Figure(f"{name}_over_{smallest.name}", ratio(p99, base), "times", at_most(OVER_SMALLEST))


def _name(count: int) -> str:
    thousands = count / 1000
    return f"{shown(thousands / 1000)}M" if thousands >= 1000 else f"{shown(thousands)}k"  # noqa: PLR2004  (a million)


def _p99_ms(kind: Kind, backlog: Backlog, leases: int, places: Places) -> float:
    with places.fresh(kind) as url, _opened(url) as database:
        _fill(database, kind, backlog)
        if kind == "postgresql":
            keep_house(url)
        gc.freeze()  # as a worker does when it has begun
        times = [_timed_lease(database) for _ in range(_WARM_UP + leases)]
    return 1e3 * percentile(times[_WARM_UP:], 99)


def _timed_lease(database: Database) -> float:
    """Return the seconds from the first statement to the durable commit of one lease."""
    clock = SystemClock(datetime.now(UTC))
    now, ids = clock.now(), SystemIds(clock, slot=1)
    began = time.perf_counter()
    with database.write() as session:
        queue.lease(
            session,
            ids,
            queue.Wanted(_TARGET, [_FLOW], BATCH, by_deadline=True),
            owner=1,
            now=now,
            until=now + timedelta(seconds=30),
        )
    seconds = time.perf_counter() - began
    with database.write() as session:
        session.connection().execute(_RETURN, {"now": clock.now()})
    return seconds


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url, statement_timeout=timedelta(seconds=_STATEMENT_SECONDS))
    try:
        yield database
    finally:
        database.dispose()


def _fill(database: Database, kind: Kind, backlog: Backlog) -> None:
    """Multiply one waiting document inside the database."""
    with database.write() as session:
        session.add(TransactionRow(**_pattern()))
    _multiply(database, kind, backlog.keys, {"order_key": "'key ' || s.n", "is_head": "t.is_head"})
    if backlog.one_key:
        _multiply(database, kind, backlog.one_key, {"order_key": _LONG_KEY, "is_head": "s.n = 1"}, after=backlog.keys)


def _multiply(database: Database, kind: Kind, count: int, differing: Mapping[str, str], *, after: int = 0) -> None:
    texts = ("source_id", "source_document_id", "document_number", "business_reference")
    values = {
        **{column: f"t.{column}" for column in TransactionRow.model_fields},
        **{column: f"t.{column} || '-' || (s.n + {after})" for column in texts},
        "id": f"t.id + s.n + {after}",
        "amount_minor": "t.amount_minor + s.n",
        **differing,
    }
    series = _SERIES[kind].format(count=count)
    statement = f"""
        INSERT INTO "transaction" ({", ".join(values)})
        SELECT {", ".join(values.values())} FROM "transaction" AS t CROSS JOIN {series} AS s WHERE t.id = 1
    """  # noqa: S608  (our own columns)
    with database.write() as session:
        session.connection().execute(text(statement))


def _pattern() -> dict[str, Any]:
    at = datetime(2026, 10, 15, 8, 30, tzinfo=UTC)
    return {
        "id": 1,
        "flow": _FLOW,
        "legal_entity_id": "1000",
        "connection": "travel",
        "target": _TARGET,
        "source_system": "travel",
        "source_id": "R",
        "source_document_id": "D",
        "document_number": "TR",
        "business_reference": "EXR-1000-travel-R-1",
        "order_key": "key 0",
        "is_head": True,
        "state": State.READY.value,
        "reason": "new",
        "currency": "EUR",
        "amount_minor": 11900,
        "group_minor": 11900,
        "cohort": "2026-10",
        "posting_period": "2026-10",
        "received_at": at,
        "updated_at": at,
        "priority_at": at,
        "due_at": at + timedelta(days=1),
        "payload_id": 1,
    }
