"""What people wrote and decided about causes: notes that stay, and which causes are told as one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from control_plane.domain.access import Actor, Scope
from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.tables import CauseMergeRow, CauseNoteRow, ExceptionCaseRow


@dataclass(frozen=True, slots=True)
class MergeDecision:
    """That two causes are told as one from now on, or are taken apart for good."""

    fingerprint: str
    into_fingerprint: str
    is_merged: bool
    reason: str


def lock(session: Session) -> None:
    """Let nobody else decide about causes until the end of this unit of work."""
    advisory_lock(session, ["causes"])


def add_note(session: Session, ids: Ids, fingerprint: str, text: str, author: Actor, *, now: datetime) -> None:
    """Keep what somebody wrote about a cause."""
    row = CauseNoteRow(
        id=ids.draw(),
        fingerprint=fingerprint,
        text=text,
        author_id=author.person_id,
        author=author.login,
        written_at=now,
    )
    session.add(row)
    session.flush()


def decide(session: Session, ids: Ids, decision: MergeDecision, person: Actor, *, now: datetime) -> None:
    """Keep a decision about two causes; the newest one about the first of them holds."""
    row = CauseMergeRow(
        id=ids.draw(),
        fingerprint=decision.fingerprint,
        into_fingerprint=decision.into_fingerprint,
        is_merged=decision.is_merged,
        reason=decision.reason,
        person_id=person.person_id,
        person=person.login,
        decided_at=now,
    )
    session.add(row)
    session.flush()


def notes(session: Session, fingerprints: Collection[str]) -> list[CauseNoteRow]:
    """Return what was written about some causes, newest first."""
    query = select(CauseNoteRow).where(col(CauseNoteRow.fingerprint).in_(fingerprints))
    return list(session.exec(query.order_by(col(CauseNoteRow.id).desc())).all())


def decisions(session: Session, fingerprint: str) -> list[CauseMergeRow]:
    """Return every decision in which a cause had a part, newest first."""
    has_part = or_(col(CauseMergeRow.fingerprint) == fingerprint, col(CauseMergeRow.into_fingerprint) == fingerprint)
    return list(session.exec(select(CauseMergeRow).where(has_part).order_by(col(CauseMergeRow.id).desc())).all())


def merged(session: Session) -> Mapping[str, str]:
    """Return which causes are told in which other ones."""
    rows = session.exec(select(CauseMergeRow).order_by(col(CauseMergeRow.id))).all()
    newest = {row.fingerprint: row for row in rows}
    return {key: row.into_fingerprint for key, row in newest.items() if row.is_merged}


def revision(session: Session, fingerprint: str) -> int:
    """Return a number that grows with everything that people write or decide about a cause."""
    written = select(func.count()).select_from(CauseNoteRow).where(CauseNoteRow.fingerprint == fingerprint)
    return 1 + session.exec(written).one() + len(decisions(session, fingerprint))


def is_known(session: Session, scope: Scope, fingerprint: str) -> bool:
    """Return whether any exception in the scope, open or settled, has or had this cause."""
    query = select(ExceptionCaseRow.id).where(ExceptionCaseRow.fingerprint == fingerprint).limit(1)
    if not scope.is_group:
        query = query.where(col(ExceptionCaseRow.legal_entity_id).in_(sorted(scope.legal_entities)))
    return session.exec(query).first() is not None
