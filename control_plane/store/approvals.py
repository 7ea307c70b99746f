"""Proposals and their decisions: kept as they were proposed, decided once by compare-and-set."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, func, literal_column, or_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.domain.access import Actor, Scope
from control_plane.domain.approval import ApprovalState, Asked, Proposal, Subject
from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.queries.sums import equal, within
from control_plane.store.statements import count_of, table_of, upsert
from control_plane.store.tables import ApprovalRow
from control_plane.store.values import to_json

_APPROVAL: Final[Table] = table_of(ApprovalRow)
_IS_OPEN: Final[ColumnElement[bool]] = literal_column("approval.state = 'open'")
_IS_WAIVED: Final[ColumnElement[bool]] = literal_column("approval.state = 'waived'")
"""As the indexes say it: SQLite recognizes no other form."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a proposal, and by whom."""

    state: ApprovalState
    at: datetime
    reason: str = ""
    checker: Actor | None = None
    """Nobody decided what was withdrawn or is outdated."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which proposals a list shows."""

    equal: Mapping[str, str]
    """Column values; empty ones ask for nothing."""
    maker_id: int | None = None
    not_by: frozenset[int] = frozenset()
    """Only what none of these persons proposed."""
    subject: Subject | None = None


def digest(content: Mapping[str, Any]) -> str:  # JSON values
    """Return what names exactly this content."""
    return hashlib.sha256(to_json(dict(content)).encode()).hexdigest()


def add(  # a proposal has as many circumstances
    session: Session,
    ids: Ids,
    proposal: Proposal,
    maker: Actor,
    *,
    reason: str,
    now: datetime,
    state: ApprovalState = ApprovalState.OPEN,
) -> int | None:
    """Keep a proposal and return its id; None where one of its kind is open about its subject."""
    number = ids.draw()
    row = _row(proposal, maker) | {"id": number, "state": state.value, "reason": reason, "proposed_at": now}
    insert = upsert(session, ApprovalRow).values(ApprovalRow(**row).model_dump()).on_conflict_do_nothing()
    return number if count_of(session, insert) == 1 else None


def decide(session: Session, seen: ApprovalRow, decision: Decision) -> bool:
    """Write what became of the proposal that was seen; return False if it has changed since."""
    checker = decision.checker
    statement = (
        update(_APPROVAL)
        .where(
            _APPROVAL.c.id == seen.id,
            _APPROVAL.c.revision == seen.revision,
            _APPROVAL.c.content_sha256 == seen.content_sha256,
            _IS_OPEN,
        )
        .values(
            state=decision.state.value,
            checker_id=None if checker is None else checker.person_id,
            checker="" if checker is None else checker.login,
            checker_employee_ref="" if checker is None else checker.employee_ref,
            decided_at=decision.at,
            decision_reason=decision.reason,
            revision=_APPROVAL.c.revision + 1,
        )
    )
    return count_of(session, statement) == 1


def outdate(session: Session, subject_type: str, subject_ids: Sequence[int], *, now: datetime) -> int:
    """End the open proposals about subjects that have gone on without them; return how many."""
    about = (_APPROVAL.c.subject_type == subject_type) & _APPROVAL.c.subject_id.in_(subject_ids)
    values = {"state": ApprovalState.OUTDATED.value, "decided_at": now, "revision": _APPROVAL.c.revision + 1}
    return count_of(session, update(_APPROVAL).where(about, _IS_OPEN).values(values))


def row_of(session: Session, approval_id: int) -> ApprovalRow | None:
    """Return the whole row, to be read and shown."""
    return session.exec(select(ApprovalRow).where(col(ApprovalRow.id) == approval_id)).first()


def about(session: Session, kind: str, subject: Subject) -> ApprovalRow | None:
    """Return the newest proposal of a kind about a subject."""
    query = select(ApprovalRow).where(
        ApprovalRow.kind == kind, ApprovalRow.subject_type == subject.type, ApprovalRow.subject_id == subject.id
    )
    return session.exec(query.order_by(col(ApprovalRow.id).desc()).limit(1)).first()


def asked_of(row: ApprovalRow) -> Asked:
    """Return a row as far as it matters for who may decide it; nothing is worth nothing in every currency."""
    return Asked(
        maker_id=row.maker_id,
        maker_employee_ref=row.maker_employee_ref,
        legal_entity=row.legal_entity_id,
        beneficiary=row.beneficiary,
        barred=frozenset(row.barred),
        group_minor=row.group_minor if row.amount_minor else row.group_minor or 0,
    )


def listed(
    session: Session, scope: Scope, wanted: Wanted, *, after: tuple[datetime, int] | None, limit: int
) -> list[ApprovalRow]:
    """Return proposals, the one that waits longest on top."""
    at, number = _APPROVAL.c.proposed_at, _APPROVAL.c.id
    conditions = [within(scope, _APPROVAL.c.legal_entity_id), equal(_APPROVAL, wanted.equal)]
    if wanted.equal.get("state") == ApprovalState.OPEN.value:
        conditions.append(_IS_OPEN)
    if wanted.maker_id is not None:
        conditions.append(_APPROVAL.c.maker_id == wanted.maker_id)
    if wanted.not_by:
        conditions.append(_APPROVAL.c.maker_id.not_in(sorted(wanted.not_by)))
    if wanted.subject is not None:
        conditions.append(_APPROVAL.c.subject_type == wanted.subject.type)
        conditions.append(_APPROVAL.c.subject_id == wanted.subject.id)
    if after is not None:
        conditions.append(or_(at > after[0], and_(at == after[0], number > after[1])))
    query = select(ApprovalRow).where(*conditions).order_by(at, number).limit(limit)
    return list(session.exec(query).all())


def waived_minor(session: Session, kind: str, maker_id: int, *, since: datetime) -> int:
    """Return what a person did alone lately, in the group's currency: many small ones are a large one.

    Nobody else adds to it before the end of this unit of work.
    """
    advisory_lock(session, [f"waived {kind} {maker_id}"])
    query = core_select(func.coalesce(func.sum(func.abs(_APPROVAL.c.group_minor)), 0)).where(
        _APPROVAL.c.maker_id == maker_id, _APPROVAL.c.kind == kind, _APPROVAL.c.proposed_at >= since, _IS_WAIVED
    )
    return int(session.connection().execute(query).scalar_one())


def _row(proposal: Proposal, maker: Actor) -> dict[str, Any]:  # column values
    return {
        "kind": proposal.kind,
        "subject_type": proposal.subject.type,
        "subject_id": proposal.subject.id,
        "legal_entity_id": proposal.legal_entity,
        "content": dict(proposal.content),
        "content_sha256": digest(proposal.content),
        "currency": proposal.currency,
        "amount_minor": proposal.amount_minor,
        "group_minor": proposal.group_minor,
        "reason_code": proposal.reason_code,
        "beneficiary": proposal.beneficiary,
        "barred": sorted(proposal.barred | maker.stands_for),
        "maker_id": maker.person_id,
        "maker": maker.login,
        "maker_employee_ref": maker.employee_ref,
    }
