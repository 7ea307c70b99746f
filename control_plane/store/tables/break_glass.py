"""Who took more rights for a while, and who looked at it afterwards: as rows only."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from control_plane.store.tables.columns import id_column, no_ref, partial_index, ref


class BreakGlassRow(SQLModel, table=True):
    """A role that a person took in an emergency: it ends by itself, and another person reviews it."""

    __tablename__ = "break_glass"
    __table_args__ = (
        CheckConstraint("reviewer_id IS NULL OR reviewer_id <> person_id", name="four_eyes"),
        CheckConstraint("reviewer_employee_ref = '' OR reviewer_employee_ref <> employee_ref", name="two_persons"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewer_id IS NULL)", name="reviewed_by_somebody"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("ends_at > began_at", name="ends"),
        partial_index("ix_break_glass_unreviewed", "began_at", "id", where="reviewed_at IS NULL"),
    )
    id: int = id_column()
    person_id: int = ref(index=True)
    login: str
    employee_ref: str = ""
    role: str
    legal_entity_id: str
    reason: str
    began_at: datetime
    ends_at: datetime
    """Given back early, or by itself."""
    reviewed_at: datetime | None = None
    reviewer_id: int | None = no_ref()
    reviewer: str = ""
    reviewer_employee_ref: str = ""
    was_justified: bool | None = None
    review_reason: str = ""
    revision: int = 1
