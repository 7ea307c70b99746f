"""What time does to exceptions: claims run out, offers bounce, the deferred wakes, the resolved is closed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement, Table, false, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from control_plane.domain.case_ends import close
from control_plane.domain.exception_case import SETTLED, CaseState, expire, take_back, wake
from control_plane.domain.hand_over import bounce
from control_plane.domain.machine import By
from control_plane.domain.materiality import Materiality
from control_plane.domain.merging import unmerge
from control_plane.store import exception_cases
from control_plane.store.statements import table_of
from control_plane.store.tables import AbsenceRow, ExceptionCaseRow

AT_ONCE: Final = 500
"""Exceptions of one sweep; the rest follows with the next."""

_CASE: Final[Table] = table_of(ExceptionCaseRow)
_INTO: Final = aliased(ExceptionCaseRow)

Swept = Mapping[str, Sequence[ExceptionCaseRow]]
"""The exceptions that changed, as they were before, by what happened to them."""


def has_due(session: Session, *, now: datetime) -> bool:
    """Return whether the moment of any exception has come."""
    queries = (select(ExceptionCaseRow.id).where(is_due(session, now)) for is_due in _DUE.values())
    return any(session.exec(query.limit(1)).first() is not None for query in queries)


def sweep(session: Session, materiality: Callable[[], Materiality], *, now: datetime) -> Swept:
    """Do everything whose moment has come; what may be closed is asked for only where something is."""
    swept = {name: _move(session, name, step, now) for name, step in _steps(now).items()}
    due = _due(session, "closed", now)
    if due:
        matters = materiality()
        material = [row.id for row in due if matters.is_material(row.legal_entity_id, row.group_minor, row.code)]
        _leave_to_a_controller(session, material)
        others = [row.id for row in due if row.id not in material]
        swept["closed"] = exception_cases.move(session, _is_one_of(others), partial(close, by=By.SYSTEM), now=now)
    return swept


def _steps(now: datetime) -> dict[str, exception_cases.Step]:
    return {
        "claim_expired": partial(expire, now=now),
        "hand_over_expired": partial(bounce, now=now),
        "woken": wake,
        "owner_away": take_back,
        "unmerged": partial(unmerge, by=By.SYSTEM),
    }


def _move(session: Session, name: str, step: exception_cases.Step, now: datetime) -> Sequence[ExceptionCaseRow]:
    due = _due(session, name, now)
    if not due:
        return due
    still = _DUE[name](session, now)  # somebody may have been faster
    return exception_cases.move(session, _is_one_of([row.id for row in due]) & still, step, now=now)


def _due(session: Session, name: str, now: datetime) -> Sequence[ExceptionCaseRow]:
    return session.exec(select(ExceptionCaseRow).where(_DUE[name](session, now)).limit(AT_ONCE)).all()


def _is_one_of(case_ids: Sequence[int]) -> ColumnElement[bool]:
    return col(ExceptionCaseRow.id).in_(case_ids)


def _leave_to_a_controller(session: Session, case_ids: Sequence[int]) -> None:
    if case_ids:
        session.connection().execute(update(_CASE).where(_CASE.c.id.in_(case_ids)).values(closes_at=None))


def _is(*states: CaseState) -> ColumnElement[bool]:
    return col(ExceptionCaseRow.state).in_([state.value for state in states])


def _is_told_in_what_is_settled(_session: Session, _now: datetime) -> ColumnElement[bool]:
    settled = select(_INTO.id).where(
        col(_INTO.id) == ExceptionCaseRow.merged_into, col(_INTO.state).in_([state.value for state in SETTLED])
    )
    return col(ExceptionCaseRow.merged_into).is_not(None) & _is(CaseState.MERGED) & settled.exists()


def _is_of_who_is_away(session: Session, now: datetime) -> ColumnElement[bool]:
    """Return what somebody had claimed before they went away; what they claim meanwhile is their own business."""
    is_away = (col(AbsenceRow.starts_at) <= now) & (col(AbsenceRow.ends_at) > now)
    away = session.exec(select(AbsenceRow.person_id).where(is_away)).all()
    if not away:  # nearly always: the exceptions need not be looked at
        return false()
    claimed_by, claimed_at = col(ExceptionCaseRow.claimed_by), col(ExceptionCaseRow.claimed_at)
    since = select(AbsenceRow.id).where(is_away, AbsenceRow.person_id == claimed_by, AbsenceRow.starts_at > claimed_at)
    return claimed_by.in_(away) & _is(CaseState.ASSIGNED, CaseState.IN_PROGRESS) & since.exists()


_DUE: Final[Mapping[str, Callable[[Session, datetime], ColumnElement[bool]]]] = {
    "claim_expired": lambda _, now: (col(ExceptionCaseRow.claim_expires_at) <= now) & _is(CaseState.ASSIGNED),
    "hand_over_expired": lambda _, now: col(ExceptionCaseRow.offer_expires_at) <= now,
    "owner_away": _is_of_who_is_away,
    "woken": lambda _, now: (col(ExceptionCaseRow.wake_at) <= now) & _is(CaseState.DEFERRED),
    "unmerged": _is_told_in_what_is_settled,
    "closed": lambda _, now: (col(ExceptionCaseRow.closes_at) <= now) & _is(CaseState.RESOLVED),
}
"""Whose moment has come, by what happens to it."""
