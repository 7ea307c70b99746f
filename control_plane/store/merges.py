"""Which exceptions were told in which, and which were taken apart for good."""

from datetime import datetime
from typing import Final

from sqlalchemy import Table, and_, or_, update
from sqlmodel import Session, col, func, select

from control_plane.domain.exception_case import CaseState
from control_plane.store.statements import table_of, upsert
from control_plane.store.tables import ExceptionCaseRow, MergeRow

_MERGE: Final[Table] = table_of(MergeRow)


def note(  # a merge has as many parts
    session: Session, case_id: int, into_id: int, *, by: str, reason: str, now: datetime
) -> None:
    """Note that an exception is told in another one."""
    told = {"merged_by": by, "merged_at": now, "reason": reason}
    values = {"case_id": case_id, "into_id": into_id, "unmerged_by": "", "unmerge_reason": "", **told}
    statement = upsert(session, MergeRow).values(values)
    session.connection().execute(statement.on_conflict_do_update(index_elements=["case_id", "into_id"], set_=told))


def end(session: Session, case_id: int, into_id: int, *, by: str, reason: str, now: datetime) -> None:
    """Note that two exceptions were taken apart for good."""
    is_it = and_(_MERGE.c.case_id == case_id, _MERGE.c.into_id == into_id)
    values = {"unmerged_by": by, "unmerged_at": now, "unmerge_reason": reason}
    session.connection().execute(update(_MERGE).where(is_it).values(values))


def were_taken_apart(session: Session, one: int, other: int) -> bool:
    """Return whether a person took these two apart, whichever was told in the other one."""
    is_pair = or_(
        and_(_MERGE.c.case_id == one, _MERGE.c.into_id == other),
        and_(_MERGE.c.case_id == other, _MERGE.c.into_id == one),
    )
    query = select(MergeRow.case_id).where(is_pair, col(MergeRow.unmerged_at).is_not(None))
    return session.exec(query.limit(1)).first() is not None


def count_in(session: Session, case_id: int) -> int:
    """Return how many exceptions are told in this one."""
    is_told_here = (col(ExceptionCaseRow.merged_into) == case_id) & (ExceptionCaseRow.state == CaseState.MERGED.value)
    return session.exec(select(func.count()).select_from(ExceptionCaseRow).where(is_told_here)).one()
