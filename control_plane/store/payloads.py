"""The bytes themselves, immutable and apart from the story: erasable, never changed."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from control_plane.runtime import Ids
from control_plane.store.prepared import Prepared, Row, among
from control_plane.store.statements import insert_rows, table_of
from control_plane.store.tables import UNRESOLVED, PayloadRow

_PAYLOAD: Final[Table] = table_of(PayloadRow)


class Payload(NamedTuple):
    """Bytes to keep: an envelope as it came, bound intents, or a raw answer."""

    kind: str
    content_type: str
    body: bytes
    legal_entity_id: str = UNRESOLVED
    sha256: str = ""
    """Empty: nobody has computed it yet."""


_COLUMNS: Final = (
    "id",
    "kind",
    "content_type",
    "body",
    "legal_entity_id",
    "sha256",
    "key_id",
    "recorded_at",
    "erased_at",
)


def put(session: Session, ids: Ids, payloads: Sequence[Payload], *, now: datetime) -> list[int]:
    """Keep payloads and return their ids, in their order."""
    numbers = ids.draw_many(len(payloads))
    rows = [_row(number, payload, now) for number, payload in zip(numbers, payloads, strict=True)]
    insert_rows(session, PayloadRow, _COLUMNS, rows)
    return numbers


def bodies(session: Session, payload_ids: Sequence[int]) -> Mapping[int, bytes]:
    """Return the bytes by payload id; an erased one is missing."""
    if not payload_ids:
        return {}
    return {number: bytes(body) for number, body in _BODIES.rows(session, ids=payload_ids)}


def erase(session: Session, payload_ids: Sequence[int], *, now: datetime) -> int:
    """Erase the bytes for good and return how many were erased; what is known about them stays."""
    return _ERASE.run(session, ids=payload_ids, now=now)


_BODIES: Final = Prepared(
    select(_PAYLOAD.c.id, _PAYLOAD.c.body).where(among(_PAYLOAD.c.id, "ids"), _PAYLOAD.c.body.is_not(None))
)
_ERASE: Final = Prepared(
    update(_PAYLOAD)
    .where(among(_PAYLOAD.c.id, "ids"), _PAYLOAD.c.erased_at.is_(None))
    .values(body=None, erased_at=bindparam("now"))
)


def _row(number: int, payload: Payload, now: datetime) -> Row:  # of _COLUMNS
    *told, sha256 = payload
    return number, *told, sha256 or hashlib.sha256(payload.body).hexdigest(), "", now, None
