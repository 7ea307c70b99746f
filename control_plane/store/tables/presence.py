"""Who is away, and who does whose work meanwhile."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from control_plane.store.tables.columns import id_column, ref


class AbsenceRow(SQLModel, table=True):
    """A time in which a person is away: nothing waits for them meanwhile."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="lasts"),
        Index("ix_absence_person", "person_id", "ends_at"),
    )
    id: int = id_column()
    person_id: int = ref()
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    recorded_by: str
    recorded_at: datetime


class DelegationRow(SQLModel, table=True):
    """A time in which one person does the work of another one, with that person's roles."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="lasts"),
        CheckConstraint("to_id <> person_id", name="to_another"),
        Index("ix_delegation_to", "to_id", "ends_at"),
        Index("ix_delegation_person", "person_id", "ends_at"),
    )
    id: int = id_column()
    person_id: int = ref()
    """Whose work it is."""
    to_id: int = ref()
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    recorded_by: str
    recorded_at: datetime
