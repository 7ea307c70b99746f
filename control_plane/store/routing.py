"""The routing of exceptions in force, and what a routing would have done with those of a period."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, func, select
from sqlmodel import Session

from connectors.failures import Failure
from control_plane.domain import routing
from control_plane.domain.access import Scope
from control_plane.domain.routing import Routed, Routing, routing_of
from control_plane.store import policies
from control_plane.store.queries.sums import CurrencySum, sum_columns, sum_of, together, within
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow
from control_plane.store.transitions import TRANSACTION

_CASE: Final[Table] = table_of(ExceptionCaseRow)

WITH_DOCUMENT: Final = _CASE.outerjoin(TRANSACTION, TRANSACTION.c.id == _CASE.c.transaction_id)
"""Exceptions, each with the document that it is about."""
FACTS: Final[Mapping[str, ColumnElement[str]]] = {
    "legal_entity": _CASE.c.legal_entity_id,
    "counterparty": func.coalesce(TRANSACTION.c.counterparty, ""),
    "code": _CASE.c.code,
    "flow": _CASE.c.flow,
    "kind": _CASE.c.kind,
    "connection": func.coalesce(TRANSACTION.c.target, _CASE.c.connection),
}
"""What rules may ask for, as it is kept."""

_Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Load:
    """What a team would have got."""

    team: str
    before: tuple[CurrencySum, ...]
    after: tuple[CurrencySum, ...]


def current(session: Session) -> Routing:
    """Return the routing in force; where none was approved, every exception goes to the catalog's owner."""
    row = policies.newest(session, policies.EVERY_FLOW, routing.KEY)
    return Routing() if row is None else routing_of(row.value, row.version)


def owner_of(rules: Routing, facts: _Facts) -> Routed:
    """Return where an exception with these facts goes: to the catalog's owner where no rule matches."""
    routed = rules.routed(facts)
    return routed if routed.team else Routed(Failure(facts["code"]).entry.owner.value)


def dry_run(
    session: Session, scope: Scope, before: Routing, after: Routing, *, since: datetime, until: datetime
) -> list[Load]:
    """Return what each team got from the exceptions opened in a period, by one routing and by the other."""
    sums = list(_opened(session, scope, since, until))
    loads = {name: _loads(sums, one) for name, one in (("before", before), ("after", after))}
    teams = sorted({team for load in loads.values() for team in load})
    return [Load(team, *(tuple(together(load.get(team, ()))) for load in loads.values())) for team in teams]


def _opened(session: Session, scope: Scope, since: datetime, until: datetime) -> Iterator[tuple[_Facts, CurrencySum]]:
    """Give the exceptions of a period, those with equal facts together."""
    named = [column.label(name) for name, column in FACTS.items()]
    query = (
        select(*named, *sum_columns(_CASE))
        .select_from(WITH_DOCUMENT)
        .where(_CASE.c.opened_at >= since, _CASE.c.opened_at < until, within(scope, _CASE.c.legal_entity_id))
        .group_by(*FACTS.values(), _CASE.c.currency)
    )
    for row in session.connection().execute(query):
        yield {name: getattr(row, name) for name in FACTS}, sum_of(row)


def _loads(sums: list[tuple[_Facts, CurrencySum]], by: Routing) -> dict[str, list[CurrencySum]]:
    loads: dict[str, list[CurrencySum]] = defaultdict(list)
    for facts, one in sums:
        loads[owner_of(by, facts).team].append(one)
    return loads
