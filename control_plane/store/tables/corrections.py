"""What was corrected here, and what was posted by hand: as rows only."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, JSON_VALUE, UNRESOLVED, id_column, partial_index, ref


class CorrectionRow(SQLModel, table=True):
    """The difference between a corrected version and the one before it; never changed."""

    __tablename__ = "correction"
    __table_args__ = (UniqueConstraint("transaction_id"),)
    id: int = id_column()
    transaction_id: int = ref()
    """The corrected version."""
    corrects_id: int = ref(index=True)
    legal_entity_id: str = UNRESOLVED
    payload_id: int = ref()
    """The changes since the document came, those of earlier corrections first: apart, so that they can be erased."""
    reason_code: str
    reason: str
    maker_id: int = ref()
    maker: str
    approval_id: int = ref()
    recorded_at: datetime


class HandPostingRow(SQLModel, table=True):
    """What two persons say was posted by hand, until the target has been asked."""

    __tablename__ = "hand_posting"
    __table_args__ = (partial_index("ix_hand_posting_wanted", "wanted_at", where="settled_at IS NULL"),)
    approval_id: int = Field(primary_key=True, sa_type=BIG)
    transaction_id: int = ref(index=True)
    target: str
    numbers: list[str] = Field(default_factory=list, sa_type=JSON_VALUE)
    posting_date: date
    fence: int
    """Of the transaction that was seen: one that has gone on is not posted by hand."""
    by: str
    """The two persons."""
    wanted_at: datetime
    """When the target is asked next."""
    asked_count: int = 0
    settled_at: datetime | None = None
    answer: str = ""
