"""The one story of every transaction, append-only; everything else is told from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, func, insert
from sqlmodel import Session, col, select

from control_plane.runtime import Ids
from control_plane.store.tables import LineageRow

_LINEAGE: Table = LineageRow.__table__  # type: ignore[attr-defined]  # SQLModel's table


class Kind(StrEnum):
    """What an entry tells."""

    RECEIVED = "received"
    STEP = "step"
    ATTEMPT = "attempt"
    TRANSITION = "transition"
    ACT = "act"
    VERSION = "version"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to a transaction. Facts hold references, classes and amounts, never payloads."""

    transaction_id: int
    legal_entity_id: str
    flow: str
    kind: Kind
    at: datetime
    by: str
    name: str
    from_state: str = ""
    to_state: str = ""
    reason: str = ""
    fence: int = 0
    failure_code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    payload_id: int | None = None


def tell(session: Session, entries: Iterable[Entry], ids: Ids) -> None:
    """Append entries to the story, in their order, with this unit of work."""
    told = list(entries)
    if not told:
        return
    rows = [_values(entry, number) for entry, number in zip(told, ids.draw_many(len(told)), strict=True)]
    if session.get_bind().dialect.name == "postgresql":
        xid = session.connection().execute(select(func.pg_current_xact_id().cast(_LINEAGE.c.xid.type))).scalar_one()
        rows = [row | {"xid": xid} for row in rows]
    session.connection().execute(insert(_LINEAGE), rows)


def story_of(session: Session, transaction_ids: Sequence[int]) -> list[LineageRow]:
    """Return everything that happened to the transactions, oldest first."""
    query = select(LineageRow).where(col(LineageRow.transaction_id).in_(transaction_ids)).order_by(col(LineageRow.id))
    return list(session.exec(query).all())


def _values(entry: Entry, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "transaction_id": entry.transaction_id,
        "legal_entity_id": entry.legal_entity_id,
        "flow": entry.flow,
        "kind": entry.kind.value,
        "at": entry.at,
        "by": entry.by,
        "name": entry.name,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "reason": entry.reason,
        "fence": entry.fence,
        "failure_code": entry.failure_code,
        "facts": dict(entry.facts),
        "payload_id": entry.payload_id,
    }
