"""Whose history the database goes on with: a copy that was promoted lacks the last commits of the one before."""

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, col, select

from control_plane.store.statements import dialect_of, upsert
from control_plane.store.tables import TimelineRow

LOG: Final = logging.getLogger(__name__)

_NUMBERS: Final = text("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), array(SELECT number FROM timeline)")
"""Every promotion of a PostgreSQL copy begins a timeline; it stands in front of the names of its log's files."""


def meet(session: Session, *, now: datetime) -> datetime | None:
    """Note whose history the database goes on with, and return what `taken_over_at` returns."""
    if dialect_of(session) == "sqlite":
        return None
    file, known = session.connection().execute(_NUMBERS).one()
    number = int(file, 16)
    if number not in known:
        row = TimelineRow(number=number, met_at=now)
        session.connection().execute(upsert(session, TimelineRow).values(row.model_dump()).on_conflict_do_nothing())
        LOG.info("a history of the database was met", extra={"timeline": number})
        known = [*known, number]
    return taken_over_at(session) if len(known) > 1 else None


def taken_over_at(session: Session) -> datetime | None:
    """Return when we first met the database that went on from a copy; None where it always was the same one.

    What we did in the last commits before that moment may be missing here, and may have happened outside. A SQLite
    file that was put back from a backup tells nothing of it.
    """
    met = session.exec(select(TimelineRow.met_at).order_by(col(TimelineRow.number).desc()).limit(2)).all()
    return met[0] if len(met) > 1 else None
