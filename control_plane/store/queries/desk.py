"""The desk: what people must do, in the order of its due times."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, true
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.store.exception_cases import IS_LIVE
from control_plane.store.queries.sums import (
    CurrencySum,
    equal,
    sum_columns,
    sum_of,
    together,
    within,
)
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow, PersonRow
from control_plane.store.transitions import TRANSACTION

_CASE: Final[Table] = table_of(ExceptionCaseRow)
_PERSON: Final[Table] = table_of(PersonRow)
_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exceptions a list shows."""

    equal: Mapping[str, str] = field(default_factory=dict)
    """Column values; empty ones ask for nothing."""
    is_open: bool | None = True
    is_claimed: bool | None = None
    claimed_by: int | None = None
    offered_to: int | None = None
    """Only what is handed over to this person, or to one of the teams."""
    offered_teams: frozenset[str] = frozenset()
    transactions: tuple[int, ...] | None = None
    """Only those of these transactions."""
    fingerprints: tuple[str, ...] = ()
    """Only those of these causes."""
    also: ColumnElement[bool] | None = None
    """A condition of the asker's own."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends."""

    due_at: datetime
    case_id: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An exception with the names that stand beside it."""

    row: ExceptionCaseRow
    document_number: str
    login: str
    name: str

    @property
    def place(self) -> Place:
        """Return where the next page begins after this one."""
        return Place(self.row.due_at or _NEVER, self.row.id)


def exceptions(session: Session, scope: Scope, wanted: Wanted, *, after: Place | None, limit: int) -> list[Shown]:
    """Return exceptions, the one due first on top; those without a due time come last."""
    due = func.coalesce(_CASE.c.due_at, _NEVER, type_=_CASE.c.due_at.type)
    query = _shown().where(within(scope, _CASE.c.legal_entity_id), *conditions(wanted)).order_by(due, _CASE.c.id)
    if after is not None:
        query = query.where(or_(due > after.due_at, and_(due == after.due_at, _CASE.c.id > after.case_id)))
    return [_shown_of(row) for row in session.execute(query.limit(limit))]


def exception(session: Session, scope: Scope, case_id: int) -> Shown | None:
    """Return one exception if it is in the scope."""
    query = _shown().where(within(scope, _CASE.c.legal_entity_id), _CASE.c.id == case_id)
    row = session.execute(query).first()
    return None if row is None else _shown_of(row)


def same_cause_count(session: Session, scope: Scope, fingerprint: str) -> int:
    """Return how many open exceptions have this cause."""
    wanted = Wanted(equal={"fingerprint": fingerprint})
    return sum(one.count for one in worth(session, scope, wanted))


def worth(
    session: Session,
    scope: Scope,
    wanted: Wanted,
    *,
    due_before: datetime | None = None,
    confirmations: Collection[str] = (),
) -> list[CurrencySum]:
    """Return what the exceptions are worth, per currency; those of confirmations count, their amounts do not.

    They are grouped as their index stands, so that SQLite sums them up without sorting them.
    """
    is_due = true() if due_before is None else _CASE.c.due_at < due_before
    query = (
        select(_CASE.c.flow, *sum_columns(_CASE))
        .where(within(scope, _CASE.c.legal_entity_id), *conditions(wanted), is_due)
        .group_by(_CASE.c.state, _CASE.c.flow, _CASE.c.currency)
    )
    rows = session.connection().execute(query)
    return together(sum_of(row).count_only if row.flow in confirmations else sum_of(row) for row in rows)


def conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that the wanted exceptions fulfil."""
    yield equal(_CASE, wanted.equal)
    if wanted.is_open is not None:
        yield IS_LIVE if wanted.is_open else ~IS_LIVE
    if wanted.is_claimed is not None:
        yield _CASE.c.claimed_by.is_not(None) if wanted.is_claimed else _CASE.c.claimed_by.is_(None)
    if wanted.claimed_by is not None:
        yield _CASE.c.claimed_by == wanted.claimed_by
    if wanted.fingerprints:
        yield _CASE.c.fingerprint.in_(wanted.fingerprints)
    if wanted.offered_to is not None:
        is_for_a_team = _CASE.c.offered_team.in_(wanted.offered_teams) & (_CASE.c.claimed_by != wanted.offered_to)
        yield _CASE.c.offer_expires_at.is_not(None) & ((_CASE.c.offered_to == wanted.offered_to) | is_for_a_team)
    if wanted.transactions is not None:
        yield _CASE.c.transaction_id.in_(wanted.transactions)
    if wanted.also is not None:
        yield wanted.also


def _shown() -> Select[Any]:
    joined = _CASE.outerjoin(TRANSACTION, TRANSACTION.c.id == _CASE.c.transaction_id).outerjoin(
        _PERSON, _PERSON.c.id == _CASE.c.claimed_by
    )
    number, source_id = TRANSACTION.c.document_number, TRANSACTION.c.source_id
    return select(ExceptionCaseRow, number, source_id, _PERSON.c.login, _PERSON.c.name).select_from(joined)


def _shown_of(row: Any) -> Shown:  # a row of `_shown`
    case, number, source_id, login, name = row
    return Shown(case, number or source_id or "", login or "", name or "")
