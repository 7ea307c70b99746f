"""What people say to each other about a document."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, UNRESOLVED, id_column, no_ref, partial_index, ref


class CommentRow(SQLModel, table=True):
    """One comment; it stands with the business object, so that every retry and every version shows it."""

    __tablename__ = "comment"
    __table_args__ = (
        partial_index("ix_comment_order_key", "order_key", "id", where="order_key <> ''"),
        Index("ix_comment_exception", "exception_id", "id"),
    )
    id: int = id_column()
    order_key: str = ""
    """The business object; empty where the exception has no document."""
    transaction_id: int | None = no_ref()
    """The version on which it was written."""
    exception_id: int | None = no_ref()
    legal_entity_id: str = UNRESOLVED
    author_id: int = ref()
    author: str
    text: str
    written_at: datetime


class MentionRow(SQLModel, table=True):
    """That a comment names a person."""

    __tablename__ = "mention"
    __table_args__ = (partial_index("ix_mention_unread", "person_id", "comment_id", where="read_at IS NULL"),)
    person_id: int = Field(primary_key=True, sa_type=BIG)
    comment_id: int = Field(primary_key=True, sa_type=BIG)
    read_at: datetime | None = None
