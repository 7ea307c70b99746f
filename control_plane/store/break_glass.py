"""Who took more rights for a while, what they did with them, and who looked at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, func, literal_column, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.domain.access import Actor, Grant, Scope
from control_plane.runtime import Ids
from control_plane.store.queries.sums import within
from control_plane.store.statements import count_of, insert_many, table_of
from control_plane.store.tables import AuditRow, BreakGlassRow

_BREAK_GLASS: Final[Table] = table_of(BreakGlassRow)
_AUDIT: Final[Table] = table_of(AuditRow)
_IS_UNREVIEWED: Final[ColumnElement[bool]] = literal_column("break_glass.reviewed_at IS NULL")
"""As the index says it: SQLite recognizes no other form."""
MOST_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A role that somebody takes for a while."""

    actor: Actor
    grant: Grant
    reason: str
    began_at: datetime
    ends_at: datetime


def add(session: Session, ids: Ids, taken: Taken) -> int:
    """Keep it for review and return its id."""
    row = BreakGlassRow(
        id=ids.draw(),
        person_id=taken.actor.person_id,
        login=taken.actor.login,
        employee_ref=taken.actor.employee_ref,
        role=taken.grant.role.value,
        legal_entity_id=taken.grant.legal_entity,
        reason=taken.reason,
        began_at=taken.began_at,
        ends_at=taken.ends_at,
    )
    insert_many(session, BreakGlassRow, [row.model_dump()])
    return row.id


def row_of(session: Session, number: int) -> BreakGlassRow | None:
    """Return the whole row, to be read and shown."""
    return session.exec(select(BreakGlassRow).where(col(BreakGlassRow.id) == number)).first()


def is_running(session: Session, person_id: int, *, now: datetime) -> bool:
    """Return whether a person works under such rights."""
    query = core_select(_BREAK_GLASS.c.id).where(_BREAK_GLASS.c.person_id == person_id, _BREAK_GLASS.c.ends_at > now)
    return session.connection().execute(query.limit(1)).first() is not None


def end(session: Session, seen: BreakGlassRow, *, at: datetime) -> bool:
    """Let it end early; return False if it has changed since it was seen."""
    is_seen = (_BREAK_GLASS.c.id == seen.id) & (_BREAK_GLASS.c.revision == seen.revision)
    values = {"ends_at": at, "revision": _BREAK_GLASS.c.revision + 1}
    return count_of(session, update(_BREAK_GLASS).where(is_seen).values(values)) == 1


def review(
    session: Session, seen: BreakGlassRow, reviewer: Actor, *, was_justified: bool, reason: str, now: datetime
) -> bool:
    """Write what the reviewer says; return False if it has changed since it was seen."""
    statement = (
        update(_BREAK_GLASS)
        .where(_BREAK_GLASS.c.id == seen.id, _BREAK_GLASS.c.revision == seen.revision, _IS_UNREVIEWED)
        .values(
            reviewed_at=now,
            reviewer_id=reviewer.person_id,
            reviewer=reviewer.login,
            reviewer_employee_ref=reviewer.employee_ref,
            was_justified=was_justified,
            review_reason=reason,
            revision=_BREAK_GLASS.c.revision + 1,
        )
    )
    return count_of(session, statement) == 1


def listed(session: Session, scope: Scope, *, is_reviewed: bool | None) -> list[BreakGlassRow]:
    """Return what was taken, the newest first; what nobody has looked at alone where so asked."""
    conditions = [within(scope, _BREAK_GLASS.c.legal_entity_id)]
    if is_reviewed is not None:
        conditions.append(~_IS_UNREVIEWED if is_reviewed else _IS_UNREVIEWED)
    query = select(BreakGlassRow).where(*conditions).order_by(col(BreakGlassRow.id).desc()).limit(MOST_SHOWN)
    return list(session.exec(query).all())


def deeds(session: Session, row: BreakGlassRow) -> list[AuditRow]:
    """Return what the person did while it lasted, oldest first."""
    query = select(AuditRow).where(
        col(AuditRow.actor_id) == row.person_id,
        col(AuditRow.occurred_at) >= row.began_at,
        col(AuditRow.occurred_at) <= row.ends_at,
    )
    return list(session.exec(query.order_by(col(AuditRow.seq)).limit(MOST_SHOWN)).all())


def unreviewed_count(session: Session, scope: Scope, *, now: datetime) -> int:
    """Return how many are over and were looked at by nobody."""
    query = core_select(func.count()).where(
        within(scope, _BREAK_GLASS.c.legal_entity_id), _IS_UNREVIEWED, _BREAK_GLASS.c.ends_at <= now
    )
    return int(session.connection().execute(query.select_from(_BREAK_GLASS)).scalar_one())
