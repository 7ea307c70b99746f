"""The pacing of the connections, shared by all workers: permits are drawn and outcomes told under the row's lock."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Table, bindparam, update
from sqlalchemy import select as core_select
from sqlmodel import Session

from connectors.limits import Limits
from control_plane.domain import pacing
from control_plane.domain.pacing import Breaker, Grant, Pacing, Report
from control_plane.store.prepared import Prepared, Row
from control_plane.store.statements import table_of, upsert
from control_plane.store.tables import PacingRow

_PACING: Final[Table] = table_of(PacingRow)
_PLAIN: Final = tuple(
    column.name for column in _PACING.c if column.name not in {"connection", "calls_per_second", "burst", "breaker"}
)

T = TypeVar("T")


def every(session: Session) -> dict[str, Pacing]:
    """Return what is known of all connections that were ever paced, by name."""
    states = [_state(row) for row in _EVERY.rows(session)]
    return {state.connection: state for state in states}


def draw(
    session: Session, connection: str, limits: Limits, decide: Callable[[Pacing], tuple[Pacing, Grant]]
) -> tuple[Pacing, Grant]:
    """Draw permits as the domain decides; return what is known of the connection now, and the permits."""
    return _change(session, connection, limits, decide)


def tell(session: Session, connection: str, limits: Limits, report: Report, *, now: datetime) -> Pacing:
    """Take what a worker tells of its calls; return what is known of the connection now."""
    return _change(session, connection, limits, lambda state: (pacing.told(state, report, now=now), None))[0]


def declare(session: Session, declared: Sequence[tuple[str, Limits]]) -> None:
    """Note the limits of all connections, for those who look; what is known of the connections else is kept."""
    for connection, limits in declared:
        _change(session, connection, limits, lambda state: (state, None))


def _change(
    session: Session, connection: str, limits: Limits, decide: Callable[[Pacing], tuple[Pacing, T]]
) -> tuple[Pacing, T]:
    """Change a connection's row by a decision on its present state; nobody else changes it meanwhile."""
    before = _locked(session, connection)
    after, said = decide(replace(before, limits=limits))
    if after != before:
        _put(session, after)
    return after, said


def _locked(session: Session, connection: str) -> Pacing:
    found = _LOCKED.rows(session, name=connection)
    if not found:
        fresh = PacingRow(connection=connection).model_dump()
        session.connection().execute(upsert(session, PacingRow).values(fresh).on_conflict_do_nothing())
        found = _LOCKED.rows(session, name=connection)
    return _state(found[0])


def _put(session: Session, state: Pacing) -> None:
    _PUT.run(session, name=state.connection, **{f"set_{name}": value for name, value in _columns(state).items()})


def _columns(state: Pacing) -> dict[str, Any]:  # column values
    plain = {name: getattr(state, name) for name in _PLAIN}
    return {**plain, **asdict(state.limits), "breaker": state.breaker.value}


def _state(row: Row) -> Pacing:  # of the table
    known = dict(zip(_PACING.c.keys(), row, strict=True))
    return Pacing(
        connection=known["connection"],
        limits=Limits(known["calls_per_second"], known["burst"]),
        breaker=Breaker(known["breaker"]),
        **{name: known[name] for name in _PLAIN},
    )


_IS_IT: Final = _PACING.c.connection == bindparam("name")
_EVERY: Final = Prepared(core_select(_PACING).order_by(_PACING.c.connection))
_LOCKED: Final = Prepared(core_select(_PACING).where(_IS_IT).with_for_update())
_PUT: Final = Prepared(
    update(_PACING)
    .where(_IS_IT)
    .values({column: bindparam(f"set_{column.name}") for column in _PACING.c if column.name != "connection"})
)
