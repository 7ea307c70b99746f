"""Who is away, and who does whose work meanwhile; both end by themselves."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, update
from sqlmodel import Session, col, select

from control_plane.domain.working_hours import Period, ends_of
from control_plane.runtime import Ids
from control_plane.store.statements import count_of, table_of
from control_plane.store.tables import AbsenceRow, DelegationRow

_ABSENCE: Final[Table] = table_of(AbsenceRow)
_DELEGATION: Final[Table] = table_of(DelegationRow)


def add_absence(  # an absence has as many parts
    session: Session, ids: Ids, person_id: int, period: Period, *, reason: str, by: str, now: datetime
) -> int:
    """Note that a person is away, and return the absence's id."""
    row = AbsenceRow(
        id=ids.draw(),
        person_id=person_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        reason=reason,
        recorded_by=by,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def add_delegation(  # a delegation has as many parts
    session: Session, ids: Ids, person_id: int, to_id: int, period: Period, *, reason: str, by: str, now: datetime
) -> int:
    """Let one person do another one's work, and return the delegation's id."""
    row = DelegationRow(
        id=ids.draw(),
        person_id=person_id,
        to_id=to_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        reason=reason,
        recorded_by=by,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def absences(session: Session, *, now: datetime, person_id: int | None = None) -> list[AbsenceRow]:
    """Return the absences that are not over, of one person or of all, the first to begin on top."""
    query = select(AbsenceRow).where(col(AbsenceRow.ends_at) > now, _of(_ABSENCE.c.person_id, person_id))
    return list(session.exec(query.order_by(col(AbsenceRow.starts_at), col(AbsenceRow.id))).all())


def delegations(session: Session, *, now: datetime) -> list[DelegationRow]:
    """Return the delegations that are not over, the first to begin on top."""
    query = select(DelegationRow).where(col(DelegationRow.ends_at) > now)
    return list(session.exec(query.order_by(col(DelegationRow.starts_at), col(DelegationRow.id))).all())


def absence(session: Session, absence_id: int) -> AbsenceRow | None:
    """Return one absence."""
    return session.exec(select(AbsenceRow).where(AbsenceRow.id == absence_id)).first()


def delegation(session: Session, delegation_id: int) -> DelegationRow | None:
    """Return one delegation."""
    return session.exec(select(DelegationRow).where(DelegationRow.id == delegation_id)).first()


def end_absence(session: Session, absence_id: int, *, now: datetime) -> bool:
    """Let a person be back; return False where the absence is over, or had not begun: then it is as if never noted."""
    return _end(session, _ABSENCE, absence_id, now)


def end_delegation(session: Session, delegation_id: int, *, now: datetime) -> bool:
    """Let a delegation end now; return False where it is over."""
    return _end(session, _DELEGATION, delegation_id, now)


def away_until(session: Session, person_id: int, *, now: datetime) -> datetime | None:
    """Return until when a person is away at present."""
    return ends_of((Period(one.starts_at, one.ends_at) for one in absences(session, now=now, person_id=person_id)), now)


def _of(column: ColumnElement[int], person_id: int | None) -> ColumnElement[bool]:
    return column == person_id if person_id is not None else column.is_not(None)


def _end(session: Session, table: Table, number: int, now: datetime) -> bool:
    is_under_way = (table.c.id == number) & (table.c.ends_at > now) & (table.c.starts_at < now)
    if count_of(session, update(table).where(is_under_way).values(ends_at=now)) == 1:
        return True
    return count_of(session, table.delete().where((table.c.id == number) & (table.c.starts_at >= now))) == 1
