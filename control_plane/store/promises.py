"""Promises whose status is due to change: found by an index of what falls due next, never by a scan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from control_plane.domain.sla import Standing
from control_plane.store.transitions import TRANSACTION


@dataclass(frozen=True, slots=True)
class Promised:
    """A document whose promise is to be looked at."""

    id: int
    due_at: datetime | None
    is_open: bool
    sla_status: str
    sla_next_at: datetime


def due(session: Session, *, now: datetime, limit: int) -> list[Promised]:
    """Return documents whose SLA status changes by now, the longest overdue first."""
    columns = [TRANSACTION.c[name] for name in ("id", "due_at", "is_open", "sla_status", "sla_next_at")]
    query = (
        select(*columns)
        .where(TRANSACTION.c.sla_next_at <= now)
        .order_by(TRANSACTION.c.sla_next_at, TRANSACTION.c.id)
        .limit(limit)
    )
    return [Promised(*row) for row in session.connection().execute(query)]


def keep(session: Session, seen: Sequence[Promised], standings: Mapping[int, Standing | None], now: datetime) -> None:
    """Write how the promises stand now; None ends one without a word. What was settled meanwhile is left alone."""
    if not seen:
        return
    statement = (
        update(TRANSACTION)
        .where(TRANSACTION.c.id == bindparam("key"), TRANSACTION.c.sla_next_at == bindparam("seen_next_at"))
        .values(
            sla_status=bindparam("status"),
            sla_next_at=bindparam("next_at", type_=TRANSACTION.c.sla_next_at.type),
            revision=TRANSACTION.c.revision + 1,
            updated_at=bindparam("moment", type_=TRANSACTION.c.updated_at.type),
        )
    )
    rows = [
        {
            "key": one.id,
            "seen_next_at": one.sla_next_at,
            "status": standing.status.value if standing else one.sla_status,
            "next_at": standing.next_at if standing else None,
            "moment": now,
        }
        for one, standing in ((one, standings.get(one.id)) for one in seen)
    ]
    session.connection().execute(statement, rows)
