"""The one story of every transaction, append-only; everything else is told from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Table, Text, bindparam, func, tuple_
from sqlalchemy import select as core_select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared
from control_plane.store.statements import Dialect, Upsert, dialect_of, insert_rows, table_of, upsert_on
from control_plane.store.tables import BIG, ConsumerRow, LineageRow, TransactionRow

T = TypeVar("T")

Place = tuple[int, int]
"""Where in the story: (writing unit of work on PostgreSQL, else 0; entry id)."""


class Kind(StrEnum):
    """What an entry tells."""

    RECEIVED = "received"
    STEP = "step"
    ATTEMPT = "attempt"
    TRANSITION = "transition"
    ACT = "act"
    VERSION = "version"
    PAYMENT = "payment"


class Entry(NamedTuple):
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
    facts: Mapping[str, Any] = {}  # JSON values
    payload_id: int | None = None


_COLUMNS: Final = ("id", *Entry._fields)
"""PostgreSQL fills in the writing unit of work by itself."""


def tell(session: Session, entries: Iterable[Entry], ids: Ids) -> None:
    """Append entries to the story, in their order, with this unit of work."""
    told = list(entries)
    numbers = ids.draw_many(len(told))
    insert_rows(session, LineageRow, _COLUMNS, [(number, *one) for one, number in zip(told, numbers, strict=True)])


def story_of(session: Session, transaction_ids: Sequence[int]) -> list[LineageRow]:
    """Return everything that happened to the transactions, oldest first."""
    query = select(LineageRow).where(col(LineageRow.transaction_id).in_(transaction_ids)).order_by(col(LineageRow.id))
    return list(session.exec(query).all())


@dataclass(frozen=True, slots=True)
class Unread:
    """What a consumer is to read next: the transitions it asked for, up to a place in the story."""

    entries: tuple[LineageRow, ...]
    until: Place


def unread(
    session: Session, consumer: str, *, to_states: Collection[str], limit: int, except_from: Collection[str] = ()
) -> Unread | None:
    """Return the transitions to some states that a consumer has not read, or None where the story has not gone on.

    Those of transactions that came from some connections are left out.
    They come in an order in which none can appear before the last one. On SQLite ids are drawn inside the one writing
    unit of work. On PostgreSQL an entry counts only once no unit of work is open that is as old as its own: a lower
    one could still commit. Who reads as the same consumer waits.
    """
    advisory_lock(session, [f"consumer {consumer}"])
    after = next(iter(_READ.rows(session, name=consumer)), (0, 0))
    newest = _newest(session)
    if newest <= after:
        return None
    query = (
        select(LineageRow)
        .where(_is_after(session, after), ~_is_after(session, newest))
        .where(LineageRow.kind == Kind.TRANSITION.value, col(LineageRow.to_state).in_(to_states))
    )
    if except_from:
        born = select(TransactionRow.connection).where(col(TransactionRow.id) == LineageRow.transaction_id)
        query = query.where(born.scalar_subquery().not_in(except_from))
    entries = tuple(session.exec(_in_order(session, query).limit(limit)).all())
    return Unread(entries, newest if len(entries) < limit else (entries[-1].xid or 0, entries[-1].id))


def after(session: Session, place: Place, *, kinds: Collection[Kind], which: ColumnElement[bool], limit: int) -> Unread:
    """Return those entries after a place in the story that fulfil a condition, in the order of `unread`."""
    newest = _newest(session)
    if newest <= place:
        return Unread((), place)
    query = select(LineageRow).where(
        _is_after(session, place),
        ~_is_after(session, newest),
        col(LineageRow.kind).in_([kind.value for kind in kinds]),
        which,
    )
    entries = tuple(session.exec(_in_order(session, query).limit(limit)).all())
    return Unread(entries, newest if len(entries) < limit else (entries[-1].xid or 0, entries[-1].id))


def advance(session: Session, consumer: str, until: Place, *, now: datetime) -> None:
    """Note how far a consumer has read, with what it made of it in the same unit of work."""
    _ADVANCE.run(session, name=consumer, xid=until[0], lineage_id=until[1], moved_at=now)


def _advancing(dialect: Dialect) -> Upsert:
    insert = upsert_on(dialect, ConsumerRow)
    every = insert.values({column.name: bindparam(column.name, type_=column.type) for column in _CONSUMER.c})
    moved = {name: insert.excluded[name] for name in ("xid", "lineage_id", "moved_at")}
    return every.on_conflict_do_update(index_elements=[_CONSUMER.c.name], set_=moved)


_CONSUMER: Final[Table] = table_of(ConsumerRow)
_READ: Final = Prepared(
    core_select(_CONSUMER.c.xid, _CONSUMER.c.lineage_id).where(_CONSUMER.c.name == bindparam("name"))
)
_ADVANCE: Final = Prepared(_advancing("sqlite"), postgresql=_advancing("postgresql"))


def behind(session: Session) -> dict[str, datetime | None]:
    """Return for every consumer when the oldest entry that it has not read was written; None: it has read all."""
    return {row.name: _first_after(session, (row.xid, row.lineage_id)) for row in session.exec(select(ConsumerRow))}


def _first_after(session: Session, place: Place) -> datetime | None:
    return session.exec(_in_order(session, select(LineageRow.at).where(_is_after(session, place))).limit(1)).first()


def _in_order(session: Session, query: SelectOfScalar[T]) -> SelectOfScalar[T]:
    order = (col(LineageRow.id),) if dialect_of(session) == "sqlite" else (col(LineageRow.xid), col(LineageRow.id))
    return query.order_by(*order)


def _newest(session: Session) -> Place:
    """Return the last place of the story before which nothing can appear any more."""
    if dialect_of(session) == "sqlite":
        return 0, session.connection().execute(select(func.max(LineageRow.id))).scalar_one() or 0
    oldest_open = func.pg_snapshot_xmin(func.pg_current_snapshot()).cast(Text).cast(BIG)
    query = select(LineageRow.xid, LineageRow.id).where(col(LineageRow.xid) < oldest_open)
    row = session.exec(query.order_by(col(LineageRow.xid).desc(), col(LineageRow.id).desc()).limit(1)).first()
    return (0, 0) if row is None else (row[0] or 0, row[1])


def _is_after(session: Session, place: Place) -> ColumnElement[bool]:
    if dialect_of(session) == "sqlite":
        return col(LineageRow.id) > place[1]
    return tuple_(LineageRow.xid, LineageRow.id) > place
