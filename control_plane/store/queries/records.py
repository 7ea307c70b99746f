"""What is on record beside the documents: the ERP's lists, the policies in force, the audit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, Table, and_, func, literal_column, or_, select, true
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from control_plane.domain.access import Scope
from control_plane.store.queries.sums import CurrencySum, equal, sum_columns, sum_of, within
from control_plane.store.statements import table_of
from control_plane.store.tables import AuditRow, HoldRow, MasterDataRow, PolicyRow
from control_plane.store.transitions import TRANSACTION

_RECORD: Final[Table] = table_of(MasterDataRow)
_HOLD: Final[Table] = table_of(HoldRow)
_AUDIT: Final[Table] = table_of(AuditRow)
_IS_CURRENT: Final[ColumnElement[bool]] = literal_column("master_data.is_current")  # as the index says it


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records of a list."""

    domain: str
    legal_entity_id: str = ""
    active: bool | None = None
    begins_with: str = ""
    """The beginning of a code."""
    as_of: datetime | None = None


def records(
    session: Session, scope: Scope, wanted: Wanted, *, after: tuple[str, str] | None, limit: int
) -> list[MasterDataRow]:
    """Return a list's records by legal entity and code, after this pair."""
    entity, code = _RECORD.c.legal_entity_id, _RECORD.c.code
    conditions = [
        _RECORD.c.domain == wanted.domain,
        or_(entity == "", within(scope, entity)),
        equal(_RECORD, {"legal_entity_id": wanted.legal_entity_id}),
        code.startswith(wanted.begins_with, autoescape=True),
        true() if wanted.active is None else _RECORD.c.active == wanted.active,
        true() if after is None else or_(entity > after[0], and_(entity == after[0], code > after[1])),
        _IS_CURRENT if wanted.as_of is None else _RECORD.c.id.in_(_newest_before(wanted.domain, wanted.as_of)),
    ]
    query = select_rows(MasterDataRow).where(and_(*conditions)).order_by(entity, code).limit(limit)
    return list(session.exec(query).all())


def waiting(
    session: Session, scope: Scope, domain: str, codes: Sequence[str]
) -> Mapping[tuple[str, str], list[CurrencySum]]:
    """Return what held documents that wait for these codes are worth, by legal entity and code."""
    keys = (_HOLD.c.legal_entity_id, _HOLD.c.code)
    joined = _HOLD.join(TRANSACTION, TRANSACTION.c.id == _HOLD.c.transaction_id)
    query = (
        select(_HOLD.c.legal_entity_id, _HOLD.c.code, *sum_columns(TRANSACTION))
        .select_from(joined)
        .where(_HOLD.c.domain == domain, _HOLD.c.code.in_(codes), within(scope, TRANSACTION.c.legal_entity_id))
        .group_by(*keys, TRANSACTION.c.currency)
    )
    found: dict[tuple[str, str], list[CurrencySum]] = defaultdict(list)
    for row in session.connection().execute(query):
        found[row.legal_entity_id, row.code].append(sum_of(row))
    return found


def acts(
    session: Session, scope: Scope, wanted: Mapping[str, str], *, before: int | None, limit: int
) -> list[AuditRow]:
    """Return audit entries, newest first, older than `before`."""
    query = (
        select_rows(AuditRow)
        .where(within(scope, _AUDIT.c.legal_entity_id), equal(_AUDIT, wanted))
        .order_by(col(AuditRow.seq).desc())
        .limit(limit)
    )
    return list(session.exec(query if before is None else query.where(col(AuditRow.seq) < before)).all())


def policy_in_force(session: Session, flow: str) -> dict[str, PolicyRow]:
    """Return the newest approved version of every value that was decided for a flow."""
    approved = select_rows(PolicyRow).where(PolicyRow.flow == flow, col(PolicyRow.approved_at).is_not(None))
    return {row.key: row for row in session.exec(approved.order_by(col(PolicyRow.version))).all()}


def _newest_before(domain: str, moment: datetime) -> Select[int]:
    keys = (_RECORD.c.legal_entity_id, _RECORD.c.code)
    return (
        select(func.max(_RECORD.c.id))
        .where(_RECORD.c.domain == domain, _RECORD.c.recorded_at <= moment)
        .group_by(*keys)
    )
