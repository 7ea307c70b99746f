"""Open exceptions that were routed before the rules in force: those that nobody has claimed go by the new ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam, literal_column, select, update
from sqlmodel import Session

from control_plane.domain.routing import Routed, Routing
from control_plane.store.prepared import Prepared, Row
from control_plane.store.routing import FACTS, WITH_DOCUMENT, owner_of
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow

_CASE: Final[Table] = table_of(ExceptionCaseRow)


@dataclass(frozen=True, slots=True)
class Rerouted:
    """An exception that nobody has claimed, with where the rules in force send it."""

    to: Routed
    id: int
    transaction_id: int | None
    legal_entity_id: str
    flow: str
    team: str
    """Which had it before."""

    @property
    def has_moved(self) -> bool:
        """Return whether another team has it now."""
        return self.to.team != self.team


def is_outdated(session: Session, rules: Routing) -> bool:
    """Return whether unclaimed exceptions were routed before these rules."""
    return bool(_ANY_OUTDATED.rows(session, version=rules.version))


def route_anew(session: Session, rules: Routing, *, now: datetime, limit: int) -> list[Rerouted]:
    """Route by these rules what is unclaimed and was routed before them, at most so much, and return it.

    What a person handed over to a team stays there. Once routed it is not found again: go on until nothing is left.
    """
    found = [_rerouted(row, rules) for row in _OUTDATED.rows(session, version=rules.version, most=limit)]
    _KEPT.each(session, [_route(one, rules) for one in found if not one.has_moved])
    moved = [one for one in found if one.has_moved]
    _MOVED.each(session, [_route(one, rules) | {"to": one.to.team, "now": now} for one in moved])
    return found


def _rerouted(row: Row, rules: Routing) -> Rerouted:
    facts = dict(zip(FACTS, row[len(_COLUMNS) :], strict=True))
    return Rerouted(owner_of(rules, facts), *row[: len(_COLUMNS)])


def _route(one: Rerouted, rules: Routing) -> dict[str, Any]:  # column values
    return {"key": one.id, "by": one.to.by, "version": rules.version}


_COLUMNS: Final = tuple(_CASE.c[name] for name in ("id", "transaction_id", "legal_entity_id", "flow", "team"))
_IS_OUTDATED: Final = literal_column("exception_case.state = 'new'") & (_CASE.c.routing_version < bindparam("version"))
_ANY_OUTDATED: Final = Prepared(select(_CASE.c.id).where(_IS_OUTDATED).limit(1))
_OUTDATED: Final = Prepared(
    select(*_COLUMNS, *(fact.label(f"fact_{name}") for name, fact in FACTS.items()))
    .select_from(WITH_DOCUMENT)
    .where(_IS_OUTDATED)
    .order_by(_CASE.c.routing_version, _CASE.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=_CASE)
)
_KEPT: Final = Prepared(
    update(_CASE)
    .where(_CASE.c.id == bindparam("key"))
    .values(routed_by=bindparam("by"), routing_version=bindparam("version"))
)
_MOVED: Final = Prepared(
    update(_CASE)
    .where(_CASE.c.id == bindparam("key"))
    .values(
        team=bindparam("to"),
        routed_by=bindparam("by"),
        routing_version=bindparam("version"),
        updated_at=bindparam("now"),
        revision=_CASE.c.revision + 1,
    )
)
