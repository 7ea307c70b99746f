"""What was corrected here: beside the envelope, which stays as it came, and applied to what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, select

from control_plane.domain.correction import Change
from control_plane.runtime import Ids
from control_plane.store import payloads
from control_plane.store.payloads import Payload
from control_plane.store.statements import insert_many
from control_plane.store.tables import CorrectionRow

KIND = "correction"


@dataclass(frozen=True, slots=True)
class Correction:
    """What is said of one document version instead of what the version before said."""

    transaction_id: int
    """The corrected version."""
    corrects_id: int
    legal_entity_id: str
    reason_code: str
    reason: str
    maker_id: int
    maker: str
    approval_id: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A correction as it is on record."""

    row: CorrectionRow
    earlier: tuple[Change, ...]
    """Those of the versions before: the envelope is the first one's."""
    changes: tuple[Change, ...]

    @property
    def every(self) -> tuple[Change, ...]:
        """Return all that is said otherwise than in the envelope, in order."""
        return self.earlier + self.changes


def add(session: Session, ids: Ids, correction: Correction, *, now: datetime) -> int:
    """Keep a correction and return the id of its difference."""
    before = of(session, [correction.corrects_id]).get(correction.corrects_id)
    told = {"earlier": before.every if before else (), "changes": correction.changes}
    body = Payload(KIND, "application/json", orjson.dumps(told), correction.legal_entity_id)
    payload_id = payloads.put(session, ids, [body], now=now)[0]
    facts = {name: value for name, value in asdict(correction).items() if name != "changes"}
    row = CorrectionRow(id=ids.draw(), payload_id=payload_id, recorded_at=now, **facts)
    insert_many(session, CorrectionRow, [row.model_dump()])
    return payload_id


def of(session: Session, transaction_ids: Sequence[int]) -> Mapping[int, Kept]:
    """Return the corrections of corrected versions; an erased one says nothing any more."""
    if not transaction_ids:
        return {}
    rows = session.exec(select(CorrectionRow).where(col(CorrectionRow.transaction_id).in_(transaction_ids))).all()
    bodies = payloads.bodies(session, [row.payload_id for row in rows])
    return {row.transaction_id: _kept(row, bodies.get(row.payload_id, b"{}")) for row in rows}


def _kept(row: CorrectionRow, body: bytes) -> Kept:
    told = orjson.loads(body)
    return Kept(row, _changes(told.get("earlier", ())), _changes(told.get("changes", ())))


def _changes(told: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:  # JSON as `add` wrote it
    return tuple(Change(**one) for one in told)
