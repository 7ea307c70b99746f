"""Comments, append-only; they stand with the business object, so every retry and every version shows them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, update
from sqlmodel import Session, col, select

from control_plane.domain.access import Actor
from control_plane.runtime import Ids
from control_plane.store.statements import count_of, insert_many, table_of
from control_plane.store.tables import UNRESOLVED, CommentRow, MentionRow

_MENTION: Final[Table] = table_of(MentionRow)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comment stands: with a business object, or with an exception that has no document."""

    order_key: str = ""
    transaction_id: int | None = None
    exception_id: int | None = None
    legal_entity: str = UNRESOLVED


def write(  # a comment has as many parts
    session: Session, ids: Ids, place: Place, text: str, *, author: Actor, mentioned: Collection[int], now: datetime
) -> int:
    """Keep a comment with the persons whom it names, and return its id."""
    row = CommentRow(
        id=ids.draw(),
        order_key=place.order_key,
        transaction_id=place.transaction_id,
        exception_id=place.exception_id,
        legal_entity_id=place.legal_entity,
        author_id=author.person_id,
        author=author.login,
        text=text,
        written_at=now,
    )
    session.add(row)
    session.flush()
    named = [{"person_id": one, "comment_id": row.id, "read_at": None} for one in sorted(mentioned)]
    insert_many(session, MentionRow, named)
    return row.id


def at(session: Session, place: Place, *, before: int | None, limit: int) -> list[CommentRow]:
    """Return the comments that stand there, newest first, older than `before`."""
    query = select(CommentRow).where(_stands(place)).order_by(col(CommentRow.id).desc()).limit(limit)
    return list(session.exec(query if before is None else query.where(col(CommentRow.id) < before)).all())


def one(session: Session, comment_id: int) -> CommentRow:
    """Return a comment that was kept."""
    return session.exec(select(CommentRow).where(CommentRow.id == comment_id)).one()


def unread(session: Session, person_id: int, *, limit: int) -> list[CommentRow]:
    """Return the comments that name a person and that the person has not read, newest first."""
    query = (
        select(CommentRow)
        .join(MentionRow, col(MentionRow.comment_id) == col(CommentRow.id))
        .where(MentionRow.person_id == person_id, col(MentionRow.read_at).is_(None))
        .order_by(col(CommentRow.id).desc())
        .limit(limit)
    )
    return list(session.exec(query).all())


def note_read(session: Session, person_id: int, comment_id: int, *, now: datetime) -> bool:
    """Note that a person has read the comment that names them; return False where none waits for them."""
    is_it = (_MENTION.c.person_id == person_id) & (_MENTION.c.comment_id == comment_id) & _MENTION.c.read_at.is_(None)
    return count_of(session, update(_MENTION).where(is_it).values(read_at=now)) == 1


def _stands(place: Place) -> ColumnElement[bool]:
    if place.order_key:
        return col(CommentRow.order_key) == place.order_key
    return col(CommentRow.exception_id) == place.exception_id
