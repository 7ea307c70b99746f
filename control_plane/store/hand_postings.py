"""What two persons say was posted by hand, until the target has been asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, bindparam, literal_column, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.domain.hand_posting import Said
from control_plane.store.prepared import Prepared
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import HandPostingRow

_HAND_POSTING: Final[Table] = table_of(HandPostingRow)
_IS_UNSETTLED: Final[ColumnElement[bool]] = literal_column("hand_posting.settled_at IS NULL")
"""As the index says it: SQLite recognizes no other form."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that two persons say was posted by hand."""

    approval_id: int
    transaction_id: int
    target: str
    said: Said
    fence: int
    by: str


def add(session: Session, wanted: Wanted, *, now: datetime) -> None:
    """Let the target be asked about it."""
    row = HandPostingRow(
        approval_id=wanted.approval_id,
        transaction_id=wanted.transaction_id,
        target=wanted.target,
        numbers=list(wanted.said.numbers),
        posting_date=wanted.said.posting_date,
        fence=wanted.fence,
        by=wanted.by,
        wanted_at=now,
    )
    insert_many(session, HandPostingRow, [row.model_dump()])


def has_due(session: Session, *, now: datetime) -> bool:
    """Return whether something is to be asked about now."""
    return bool(_DUE.rows(session, now=now))


def due(session: Session, targets: Collection[str], *, now: datetime, limit: int) -> list[HandPostingRow]:
    """Return what is to be asked about now."""
    if not targets:
        return []
    query = (
        select(HandPostingRow)
        .where(_IS_UNSETTLED, col(HandPostingRow.wanted_at) <= now, col(HandPostingRow.target).in_(sorted(targets)))
        .order_by(col(HandPostingRow.wanted_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(query).all())


def ask_again(session: Session, row: HandPostingRow, *, at: datetime) -> None:
    """Note that it is asked about (again), and when next if no answer comes."""
    statement = update(_HAND_POSTING).where(_HAND_POSTING.c.approval_id == row.approval_id)
    session.connection().execute(statement.values(wanted_at=at, asked_count=_HAND_POSTING.c.asked_count + 1))


def settle(session: Session, row: HandPostingRow, answer: str, *, now: datetime) -> None:
    """Note what came of it."""
    statement = update(_HAND_POSTING).where(_HAND_POSTING.c.approval_id == row.approval_id, _IS_UNSETTLED)
    session.connection().execute(statement.values(settled_at=now, answer=answer))


def said_of(row: HandPostingRow) -> Said:
    """Return what two persons said."""
    return Said(tuple(row.numbers), row.posting_date)


_DUE: Final = Prepared(
    core_select(_HAND_POSTING.c.approval_id)
    .where(_IS_UNSETTLED, _HAND_POSTING.c.wanted_at <= bindparam("now"))
    .limit(1)
)
