"""Who did what and why, in a chain of keyed hashes that shows every later change."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Select, String, Table, Text, cast, func, insert, select, type_coerce
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from control_plane.store.database import advisory_lock
from control_plane.store.statements import dialect_of, table_of
from control_plane.store.tables import UNRESOLVED, AuditRow
from control_plane.store.values import to_json

_AUDIT: Final[Table] = table_of(AuditRow)
_FACTS: Final = tuple(column.name for column in _AUDIT.columns if column.name not in {"previous_hash", "hash"})
_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. Values before and after are JSON."""

    actor: str
    action: str
    object_type: str
    object_id: str
    reason: str
    actor_id: int | None = None
    legal_entity_id: str = UNRESOLVED
    before: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    after: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: kept outside, it shows when the last entries are missing."""

    seq: int
    hash: str


BEGINNING: Final = Head(0, "0" * 64)
"""Stands before the first entry."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading the whole chain showed."""

    count: int
    """Entries that are as they were written, from the first on."""
    first_bad_seq: int | None
    """Where the chain breaks: an entry that was changed, or stands where another is missing."""
    head: Head

    @property
    def is_intact(self) -> bool:
        """Return whether nothing was changed."""
        return self.first_bad_seq is None


def write(session: Session, entry: Entry, *, key: bytes, now: datetime) -> Head:
    """Append an entry in the unit of work of the act that it tells about, and return the chain's new end."""
    advisory_lock(session, ["audit"])
    former = head(session)
    row: dict[str, Any] = {"seq": former.seq + 1, "occurred_at": now, **asdict(entry)}  # column values
    chained = _sealer(key)((former.hash, *(_TOLD[name](row[name]) for name in _FACTS)))
    session.connection().execute(insert(_AUDIT), [{**row, "previous_hash": former.hash, "hash": chained}])
    return Head(row["seq"], chained)


def head(session: Session) -> Head:
    """Return the end of the chain."""
    query = select(_AUDIT.c.seq, _AUDIT.c.hash).order_by(_AUDIT.c.seq.desc()).limit(1)
    row = session.connection().execute(query).first()
    return BEGINNING if row is None else Head(row.seq, row.hash)


def newest_of(session: Session, object_type: str, object_id: str, *, limit: int) -> list[AuditRow]:
    """Return the last acts on one thing, in the order in which they were done."""
    of_it = select_rows(AuditRow).where(AuditRow.object_type == object_type, AuditRow.object_id == object_id)
    return list(session.exec(of_it.order_by(col(AuditRow.seq).desc()).limit(limit)).all())[::-1]


def verify(session: Session, *, key: bytes, anchor: Head = BEGINNING) -> Verification:
    """Read the whole chain and return where it breaks first; an anchor shows also whether its end is missing."""
    seal = _sealer(key)
    seq, end = 0, BEGINNING.hash
    has_anchor = anchor == BEGINNING
    with session.connection().execution_options(yield_per=_PAGE).execute(_texts(session)) as rows:
        for row in rows:
            sealed = row[1:]
            if row[0] != seal(sealed) or sealed[0] != end or sealed[1] != seq + 1:
                return Verification(seq, seq + 1, Head(seq, end))
            seq, end = seq + 1, row[0]
            has_anchor = has_anchor or (seq == anchor.seq and end == anchor.hash)
    return Verification(seq, None if has_anchor else seq + 1, Head(seq, end))


def _sealer(key: bytes) -> Callable[[tuple[object, ...]], str]:
    begun = hmac.new(key, digestmod="sha256")

    def seal(sealed: tuple[object, ...]) -> str:
        chain = begun.copy()
        chain.update(orjson.dumps(sealed))
        return chain.hexdigest()

    return seal


def _texts(session: Session) -> Select[Any]:  # rows of texts and numbers
    moment = _AUDIT.c.occurred_at
    if dialect_of(session) == "sqlite":
        at: ColumnElement[str] = type_coerce(moment, String)
    else:
        at = func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24:MI:SS.US")
    texts = {"occurred_at": at, **{name: cast(_AUDIT.c[name], Text) for name in ("before", "after")}}
    facts = [texts.get(name, _AUDIT.c[name]) for name in _FACTS]
    return select(_AUDIT.c.hash, _AUDIT.c.previous_hash, *facts).order_by(_AUDIT.c.seq)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _same(value: object) -> object:
    return value


_TOLD: Final[Mapping[str, Callable[[Any], object]]] = {  # any column's value
    **dict.fromkeys(_FACTS, _same),
    "occurred_at": _moment,
    "before": to_json,
    "after": to_json,
}
"""How a fact stands in the chain: the same text on every database, read back without a step in between."""
