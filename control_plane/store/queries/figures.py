"""Figures over everything open: service levels, what stands behind a connection, how fresh it all is."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, Table, and_, func, or_, select, true
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from control_plane.domain.access import Scope
from control_plane.domain.sla import SlaStatus
from control_plane.domain.transaction import PLACE_OF, Place, State
from control_plane.store.exception_cases import IS_LIVE
from control_plane.store.queries.sums import (
    CurrencySum,
    equal,
    indexed,
    open_documents,
    sum_columns,
    sum_of,
    together,
    totals,
    whole,
    within,
)
from control_plane.store.statements import table_of
from control_plane.store.tables import (
    CursorRow,
    ExceptionCaseRow,
    IncarnationRow,
    LedgerBalanceRow,
    ScheduleRow,
    SyncRunRow,
)

_BALANCE: Final[Table] = table_of(LedgerBalanceRow)
_CASE: Final[Table] = table_of(ExceptionCaseRow)
_RUN: Final[Table] = table_of(SyncRunRow)
_POSTED: Final = [state.value for state in State if PLACE_OF[state] is Place.POSTED]
_MISSED_BEFORE_STALE: Final = 3
"""A stream that was not read for three of its intervals is stale."""


@dataclass(frozen=True, slots=True)
class SlaFigures:
    """How a flow keeps its promises in one legal entity."""

    flow: str
    legal_entity_id: str
    open: Mapping[SlaStatus, tuple[CurrencySum, ...]] = field(default_factory=dict)
    next_due_at: datetime | None = None
    posted_count: int = 0
    posted_late_count: int = 0


@dataclass(frozen=True, slots=True)
class StreamAge:
    """When a stream was read last, and how often it should be."""

    connection: str
    stream: str
    cursor: str
    read_at: datetime | None
    interval: timedelta | None
    last_scheduled_for: datetime | None
    is_active: bool

    def is_stale(self, now: datetime) -> bool:
        """Return whether its schedule was missed several times."""
        if self.interval is None or not self.is_active:
            return False
        since = self.read_at or self.last_scheduled_for
        return since is not None and now - since > _MISSED_BEFORE_STALE * self.interval


@dataclass(frozen=True, slots=True)
class Part:
    """Open documents that share a flow, a legal entity and one more thing."""

    flow: str
    legal_entity_id: str
    name: str
    total: CurrencySum
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Behind:
    """What waits for one connection."""

    documents: tuple[CurrencySum, ...] = ()
    confirmation_count: int = 0
    """Their amounts are those of the documents that they confirm."""


def slas(session: Session, scope: Scope, wanted: Mapping[str, str]) -> list[SlaFigures]:
    """Return the figures of every flow in every legal entity that has any."""
    posted, late = _posted(session, scope, wanted), _posted_late(session, scope, wanted)
    sums: dict[tuple[str, str], dict[SlaStatus, list[CurrencySum]]] = defaultdict(lambda: defaultdict(list))
    due: dict[tuple[str, str], datetime] = {}
    for row in session.connection().execute(_open_by_sla(scope, wanted)):
        key = (row.flow, row.legal_entity_id)
        sums[key][SlaStatus(row.sla_status)].append(sum_of(row))
        if row.next_due_at is not None:
            due[key] = min(row.next_due_at, due.get(key, row.next_due_at))
    return [
        SlaFigures(
            *key,
            open={status: tuple(found) for status, found in sums[key].items()},
            next_due_at=due.get(key),
            posted_count=posted.get(key, 0),
            posted_late_count=late.get(key, 0),
        )
        for key in sorted(sums.keys() | posted.keys())
    ]


def behind(session: Session, scope: Scope, *, confirmations: Collection[str]) -> dict[str, Behind]:
    """Return what is open, by each connection that it comes from or goes to; once where it does both."""
    documents: dict[str, list[CurrencySum]] = defaultdict(list)
    confirming: dict[str, int] = defaultdict(int)
    waiting = open_documents()
    sides = ((waiting.c.connection, true()), (waiting.c.target, waiting.c.target != waiting.c.connection))
    for side, is_another in sides:
        query = (
            select(side.label("name"), waiting.c.flow, *sum_columns(waiting))
            .where(within(scope, waiting.c.legal_entity_id), is_another)
            .group_by(side, waiting.c.flow, waiting.c.currency)
        )
        for row in session.connection().execute(query):
            if row.flow in confirmations:
                confirming[row.name] += row.documents
            else:
                documents[row.name].append(sum_of(row))
    names = documents.keys() | confirming.keys()
    return {name: Behind(tuple(together(documents[name])), confirming[name]) for name in names}


def behind_any(
    session: Session, scope: Scope, names: Collection[str], *, confirmations: Collection[str]
) -> list[CurrencySum]:
    """Return what is open and comes from or goes to any of these connections, each document once."""
    waiting = open_documents()
    stands_behind = or_(waiting.c.connection.in_(names), waiting.c.target.in_(names))
    is_document = waiting.c.flow.not_in(confirmations)
    return totals(session, waiting, and_(within(scope, waiting.c.legal_entity_id), stands_behind, is_document))


def streams(session: Session) -> list[StreamAge]:
    """Return how old every scheduled or ever read stream is, by connection and name."""
    cursors = {(row.connection, row.stream): row for row in session.exec(select_rows(CursorRow)).all()}
    schedules = {(row.connection, row.stream): row for row in session.exec(select_rows(ScheduleRow)).all()}
    return [_age(key, cursors.get(key), schedules.get(key)) for key in sorted(cursors.keys() | schedules.keys())]


def last_runs(session: Session) -> dict[tuple[str, str], SyncRunRow]:
    """Return the newest run of every stream."""
    newest = select(func.max(_RUN.c.id)).group_by(_RUN.c.connection, _RUN.c.stream)
    rows = session.exec(select_rows(SyncRunRow).where(col(SyncRunRow.id).in_(newest))).all()
    return {(row.connection, row.stream): row for row in rows}


def runs(session: Session, wanted: Mapping[str, str], *, before: int | None, limit: int) -> list[SyncRunRow]:
    """Return sync runs, newest first, older than `before`."""
    query = select_rows(SyncRunRow).where(equal(_RUN, wanted)).order_by(col(SyncRunRow.id).desc()).limit(limit)
    return list(session.exec(query if before is None else query.where(col(SyncRunRow.id) < before)).all())


def open_by(session: Session, scope: Scope, name: str) -> list[Part]:
    """Return what is open by flow, legal entity, currency and one more column: `state`, `sla_status`, `target`."""
    waiting = open_documents()
    column = waiting.c[name]
    keys = (waiting.c.flow, waiting.c.legal_entity_id, column, waiting.c.currency)
    query = (
        select(
            waiting.c.flow,
            waiting.c.legal_entity_id,
            column.label("name"),
            *sum_columns(waiting),
            func.min(waiting.c.received_at).label("oldest_at"),
        )
        .where(within(scope, waiting.c.legal_entity_id))
        .group_by(*keys)
        .order_by(*keys)
    )
    rows = session.connection().execute(query)
    return [Part(row.flow, row.legal_entity_id, row.name, sum_of(row), row.oldest_at) for row in rows]


def open_cases_by_kind(session: Session) -> dict[tuple[str, str, str], int]:
    """Return how many exceptions are open, by flow, legal entity and failure kind."""
    keys = (_CASE.c.flow, _CASE.c.legal_entity_id, _CASE.c.kind)
    query = select(*keys, func.count().label("cases")).where(IS_LIVE).group_by(*keys)
    rows = session.connection().execute(query)
    return {(row.flow, row.legal_entity_id, row.kind): row.cases for row in rows}


def processes(session: Session, *, silent_since: datetime) -> Sequence[IncarnationRow]:
    """Return our processes that have not ended and gave a sign since then, newest first."""
    query = (
        select_rows(IncarnationRow)
        .where(col(IncarnationRow.ended_at).is_(None), col(IncarnationRow.heartbeat_at) >= silent_since)
        .order_by(col(IncarnationRow.id).desc())
    )
    return session.exec(query).all()


def _open_by_sla(scope: Scope, wanted: Mapping[str, str]) -> Select[Any]:
    waiting = open_documents()
    keys = (waiting.c.flow, waiting.c.legal_entity_id, waiting.c.sla_status, waiting.c.currency)
    return (
        select(*keys[:3], *sum_columns(waiting), func.min(waiting.c.due_at).label("next_due_at"))
        .where(waiting.c.sla_status != "", within(scope, waiting.c.legal_entity_id), equal(waiting, wanted))
        .group_by(*keys)
    )


def _posted(session: Session, scope: Scope, wanted: Mapping[str, str]) -> dict[tuple[str, str], int]:
    keys = (_BALANCE.c.flow, _BALANCE.c.legal_entity_id)
    query = (
        select(*keys, whole(func.sum(_BALANCE.c.count)).label("documents"))
        .where(_BALANCE.c.state.in_(_POSTED), within(scope, _BALANCE.c.legal_entity_id), equal(_BALANCE, wanted))
        .group_by(*keys)
    )
    return {(row.flow, row.legal_entity_id): row.documents for row in session.connection().execute(query)}


def _posted_late(session: Session, scope: Scope, wanted: Mapping[str, str]) -> dict[tuple[str, str], int]:
    late = indexed("sla_status = 'breached'", ("flow", "legal_entity_id", "state"))
    keys = (late.c.flow, late.c.legal_entity_id)
    query = (
        select(*keys, func.count().label("documents"))
        .where(late.c.state.in_(_POSTED), within(scope, late.c.legal_entity_id), equal(late, wanted))
        .group_by(*keys)
    )
    return {(row.flow, row.legal_entity_id): row.documents for row in session.connection().execute(query)}


def _age(key: tuple[str, str], cursor: CursorRow | None, schedule: ScheduleRow | None) -> StreamAge:
    return StreamAge(
        *key,
        cursor=cursor.value if cursor else "",
        read_at=cursor.read_at if cursor else None,
        interval=timedelta(seconds=schedule.interval_seconds) if schedule else None,
        last_scheduled_for=schedule.last_scheduled_for if schedule else None,
        is_active=bool(schedule and schedule.is_active),
    )
