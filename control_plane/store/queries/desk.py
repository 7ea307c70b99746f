"""The desk: what people must do, in the order of its due times, and what several of these things have in common."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, true
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from connectors.canonical.master_data import Domain
from control_plane.domain.access import Scope
from control_plane.store.exception_cases import IS_LIVE
from control_plane.store.queries.sums import (
    CurrencySum,
    earliest,
    equal,
    sum_columns,
    sum_of,
    together,
    within,
)
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow, HoldRow, PersonRow
from control_plane.store.transitions import TRANSACTION

_CASE: Final[Table] = table_of(ExceptionCaseRow)
_PERSON: Final[Table] = table_of(PersonRow)
_HOLD: Final[Table] = table_of(HoldRow)
_LIST_OF: Final[Mapping[str, Domain]] = {"account": Domain.GL_ACCOUNT, "posting_date": Domain.PERIOD}
"""Lists of which a field of a document does not bear the name."""
_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
MOST_CAUSES: Final = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exceptions a list shows."""

    equal: Mapping[str, str] = field(default_factory=dict)
    """Column values; empty ones ask for nothing."""
    is_open: bool | None = True
    is_claimed: bool | None = None
    claimed_by: int | None = None
    transactions: tuple[int, ...] | None = None
    """Only those of these transactions."""


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


@dataclass(frozen=True, slots=True)
class CauseSum:
    """Open exceptions of one cause, told by the one that waits longest."""

    oldest: ExceptionCaseRow
    sums: tuple[CurrencySum, ...]
    due_at: datetime | None
    domain: str = ""
    """The list of master data to which the cause points; empty where it points to none."""
    record_count: int = 0
    """Records of that list for which its documents wait."""


def exceptions(session: Session, scope: Scope, wanted: Wanted, *, after: Place | None, limit: int) -> list[Shown]:
    """Return exceptions, the one due first on top; those without a due time come last."""
    due = func.coalesce(_CASE.c.due_at, _NEVER, type_=_CASE.c.due_at.type)
    query = _shown().where(within(scope, _CASE.c.legal_entity_id), *_conditions(wanted)).order_by(due, _CASE.c.id)
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
    """Return what the exceptions are worth, per currency; those of confirmations count, their amounts do not."""
    is_due = true() if due_before is None else _CASE.c.due_at < due_before
    query = (
        select(_CASE.c.flow, *sum_columns(_CASE))
        .where(within(scope, _CASE.c.legal_entity_id), *_conditions(wanted), is_due)
        .group_by(_CASE.c.flow, _CASE.c.currency)
    )
    rows = session.connection().execute(query)
    return together(sum_of(row).count_only if row.flow in confirmations else sum_of(row) for row in rows)


def causes(session: Session, scope: Scope, wanted: Wanted) -> list[CauseSum]:
    """Return the causes of exceptions, the largest group amount first."""
    grouped = defaultdict(list)
    for row in session.connection().execute(_by_cause(scope, wanted)):
        grouped[row.fingerprint].append(row)
    oldest = {key: min(row.oldest_id for row in rows) for key, rows in grouped.items()}
    told = {row.id: row for row in session.exec(select_rows(ExceptionCaseRow).where(_is_one_of(oldest.values()))).all()}
    awaited = _records_awaited(session, scope, wanted)
    found = [_cause(told[oldest[key]], rows, awaited) for key, rows in grouped.items()]
    return sorted(found, key=_weight, reverse=True)[:MOST_CAUSES]


def _by_cause(scope: Scope, wanted: Wanted) -> Select[Any]:
    keys = (_CASE.c.fingerprint, _CASE.c.currency)
    return (
        select(
            _CASE.c.fingerprint,
            *sum_columns(_CASE),
            func.min(_CASE.c.id).label("oldest_id"),
            func.min(_CASE.c.due_at).label("due_at"),
        )
        .where(within(scope, _CASE.c.legal_entity_id), *_conditions(wanted))
        .group_by(*keys)
    )


def _is_one_of(case_ids: Any) -> ColumnElement[bool]:  # any collection of ids
    return col(ExceptionCaseRow.id).in_(list(case_ids))


def _cause(
    oldest: ExceptionCaseRow,
    rows: list[Any],  # of `_by_cause`
    awaited: Mapping[tuple[str, str], int],
) -> CauseSum:
    place = oldest.field_path.rpartition(".")[2]
    domain, sums = _LIST_OF.get(place, place), tuple(together(map(sum_of, rows)))
    count = awaited.get((oldest.fingerprint, domain), 0)
    return CauseSum(oldest, sums, earliest(row.due_at for row in rows), domain if count else "", count)


def _records_awaited(session: Session, scope: Scope, wanted: Wanted) -> Mapping[tuple[str, str], int]:
    """Return for how many records the documents wait, by cause and list."""
    record = (_HOLD.c.domain, _HOLD.c.legal_entity_id, _HOLD.c.code)
    each = (
        select(_CASE.c.fingerprint, *record)
        .select_from(_CASE.join(_HOLD, _HOLD.c.transaction_id == _CASE.c.transaction_id))
        .where(within(scope, _CASE.c.legal_entity_id), *_conditions(wanted), _HOLD.c.domain.in_(list(Domain)))
        .distinct()
        .subquery()
    )
    keys = (each.c.fingerprint, each.c.domain)
    rows = session.connection().execute(select(*keys, func.count().label("records")).group_by(*keys))
    return {(row.fingerprint, row.domain): row.records for row in rows}


def _weight(cause: CauseSum) -> tuple[int, int]:
    return sum(abs(one.group_minor or 0) for one in cause.sums), sum(one.count for one in cause.sums)


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield equal(_CASE, wanted.equal)
    if wanted.is_open is not None:
        yield IS_LIVE if wanted.is_open else ~IS_LIVE
    if wanted.is_claimed is not None:
        yield _CASE.c.claimed_by.is_not(None) if wanted.is_claimed else _CASE.c.claimed_by.is_(None)
    if wanted.claimed_by is not None:
        yield _CASE.c.claimed_by == wanted.claimed_by
    if wanted.transactions is not None:
        yield _CASE.c.transaction_id.in_(wanted.transactions)


def _shown() -> Select[Any]:
    joined = _CASE.outerjoin(TRANSACTION, TRANSACTION.c.id == _CASE.c.transaction_id).outerjoin(
        _PERSON, _PERSON.c.id == _CASE.c.claimed_by
    )
    number, source_id = TRANSACTION.c.document_number, TRANSACTION.c.source_id
    return select(ExceptionCaseRow, number, source_id, _PERSON.c.login, _PERSON.c.name).select_from(joined)


def _shown_of(row: Any) -> Shown:  # a row of `_shown`
    case, number, source_id, login, name = row
    return Shown(case, number or source_id or "", login or "", name or "")
