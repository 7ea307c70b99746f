"""What one shift hands to the next: what came, what was taken, done and put aside since a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, and_
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.domain.exception_case import CaseState
from control_plane.store.exception_cases import IS_LIVE
from control_plane.store.queries import desk
from control_plane.store.queries.desk import Shown, Wanted
from control_plane.store.queries.sums import CurrencySum, together
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow

_CASE: Final[Table] = table_of(ExceptionCaseRow)
MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the summary, with the exceptions that are due first."""

    name: str
    sums: Sequence[CurrencySum]
    first: Sequence[Shown]


def summary(session: Session, scope: Scope, equal: Mapping[str, str], *, since: datetime, now: datetime) -> list[Part]:
    """Return the parts of the summary; an exception may stand in several."""
    return [_part(session, scope, equal, name, fits) for name, fits in _parts(since, now).items()]


def _part(session: Session, scope: Scope, equal: Mapping[str, str], name: str, fits: ColumnElement[bool]) -> Part:
    wanted = Wanted(equal=equal, is_open=None, also=fits)
    first = desk.exceptions(session, scope, wanted, after=None, limit=MOST_SHOWN)
    if len(first) < MOST_SHOWN:  # these are all
        return Part(name, together(_sum_of(one.row) for one in first), first)
    return Part(name, desk.worth(session, scope, wanted), first)


def _sum_of(row: ExceptionCaseRow) -> CurrencySum:
    return CurrencySum(row.currency, 1, row.amount_minor, row.group_minor)


def _parts(since: datetime, now: datetime) -> dict[str, ColumnElement[bool]]:
    return {
        "new": _CASE.c.opened_at >= since,
        "regressed": and_(IS_LIVE, _CASE.c.regression_count > 0, _CASE.c.updated_at >= since),
        "claimed": and_(IS_LIVE, _CASE.c.claimed_at >= since),
        "handed_over": and_(IS_LIVE, _CASE.c.offer_expires_at.is_not(None)),
        "deferred": _is(CaseState.DEFERRED),
        "pending_approval": _is(CaseState.PENDING_APPROVAL),
        "resolved": _CASE.c.resolved_at >= since,
        "overdue": and_(IS_LIVE, _CASE.c.due_at < now),
        "unclaimed": and_(IS_LIVE, _CASE.c.state == CaseState.NEW.value),
    }


def _is(state: CaseState) -> ColumnElement[bool]:
    return and_(IS_LIVE, _CASE.c.state == state.value)
