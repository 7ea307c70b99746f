"""The flows' policies as governed values: proposed by one person, approved by another, every version kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam
from sqlalchemy import select as core_select
from sqlmodel import Session, col, func, select

from control_plane.runtime import Ids
from control_plane.store import holds
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared
from control_plane.store.statements import table_of
from control_plane.store.tables import PolicyRow

EVERY_FLOW: Final = "*"
"""The flow of values that hold for all flows: materiality, the routing of exceptions."""


class FourEyesError(Exception):
    """Who proposed a value may not approve it."""


class UnknownProposalError(LookupError):
    """There is no open proposal with this id."""


class OutdatedProposalError(Exception):
    """A later version of the value has been approved meanwhile."""


@dataclass(frozen=True, slots=True)
class Governed:
    """A flow's governed values, each in its newest approved version."""

    values: Mapping[str, Any]  # JSON values by key
    version: int
    """How many approvals led here: it names this state of the policy, and grows with every change."""


def current(session: Session, flow: str) -> Governed:
    """Return what was approved for a flow; a key that is missing keeps the flow's default."""
    rows = _APPROVED.rows(session, name=flow)
    return Governed(dict(rows), len(rows))


def newest(session: Session, flow: str, key: str) -> PolicyRow | None:
    """Return the version of one value that is in force; None: nothing was approved."""
    approved = select(PolicyRow).where(
        PolicyRow.flow == flow, PolicyRow.key == key, col(PolicyRow.approved_at).is_not(None)
    )
    return session.exec(approved.order_by(col(PolicyRow.version).desc()).limit(1)).first()


def propose(
    session: Session, ids: Ids, flow: str, key: str, value: Any, *, maker: str, now: datetime
) -> PolicyRow:  # any JSON value
    """Keep a new version of a value; it has no effect before somebody else approves it."""
    advisory_lock(session, [f"policy {flow}"])
    known = select(func.max(PolicyRow.version)).where(PolicyRow.flow == flow, PolicyRow.key == key)
    version = (session.exec(known).one() or 0) + 1
    row = PolicyRow(id=ids.draw(), flow=flow, key=key, version=version, value=value, maker=maker, recorded_at=now)
    session.add(row)
    session.flush()
    return row


def approve(session: Session, policy_id: int, *, checker: str, now: datetime) -> PolicyRow:
    """Let a proposed version take effect; what it may release is checked again.

    Raises:
        UnknownProposalError: it does not exist or has been approved already.
        FourEyesError: the checker is its maker.
        OutdatedProposalError: a later version is in effect.
    """
    row = session.get(PolicyRow, policy_id)
    if row is not None:
        advisory_lock(session, [f"policy {row.flow}"])
        session.refresh(row)
    if row is None or row.approved_at is not None:
        raise UnknownProposalError(f"{policy_id} is no open proposal")
    if row.maker == checker:
        raise FourEyesError(f"{checker} proposed version {row.version} of {row.flow}.{row.key} and cannot approve it")
    if _approved_version(session, row) > row.version:
        raise OutdatedProposalError(f"A later version of {row.flow}.{row.key} than {row.version} is in effect")
    row.checker, row.approved_at = checker, now
    session.flush()
    holds.wake(session, [holds.policy_key(row.flow)], now=now)
    return row


def proposals(session: Session, flow: str) -> list[PolicyRow]:
    """Return what waits for approval, oldest first."""
    waiting = select(PolicyRow).where(PolicyRow.flow == flow, col(PolicyRow.approved_at).is_(None))
    return list(session.exec(waiting.order_by(col(PolicyRow.id))).all())


def _approved_version(session: Session, row: PolicyRow) -> int:
    approved = newest(session, row.flow, row.key)
    return 0 if approved is None else approved.version


_POLICY: Final[Table] = table_of(PolicyRow)
_APPROVED: Final = Prepared(
    core_select(_POLICY.c.key, _POLICY.c.value)
    .where(_POLICY.c.flow == bindparam("name"), _POLICY.c.approved_at.is_not(None))
    .order_by(_POLICY.c.version)
)
