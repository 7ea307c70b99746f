"""What people know and decide about causes; both are only ever added to."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, id_column, ref


class CauseNoteRow(SQLModel, table=True):
    """What somebody wrote about a cause: it stands as long as the cause can come back."""

    __tablename__ = "cause_note"
    id: int = id_column()
    fingerprint: str = Field(index=True)
    text: str
    author_id: int = ref()
    author: str
    written_at: datetime


class CauseMergeRow(SQLModel, table=True):
    """That two causes are told as one, or not any more; the newest row about a fingerprint holds."""

    __tablename__ = "cause_merge"
    __table_args__ = (CheckConstraint("fingerprint <> into_fingerprint", name="of_two"),)
    id: int = id_column()
    fingerprint: str = Field(index=True)
    into_fingerprint: str = Field(index=True)
    is_merged: bool
    """False: taken apart, for good."""
    reason: str
    person_id: int = Field(sa_type=BIG)
    person: str
    decided_at: datetime
