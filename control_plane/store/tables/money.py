"""The money ledger and the budgets in use."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, amount


class LedgerBalanceRow(SQLModel, table=True):
    """The money ledger: count, positive and negative amount of every place, exact at every commit."""

    __tablename__ = "ledger_balance"
    flow: str = Field(primary_key=True)
    legal_entity_id: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    cohort: str = Field(primary_key=True)
    posting_period: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    count: int = amount()
    positive_minor: int = amount()
    negative_minor: int = amount()
    group_minor: int = amount()


class LedgerMovementRow(SQLModel, table=True):
    """The same keys by day, signed: the ledger as of any day."""

    __tablename__ = "ledger_movement"
    day: date = Field(primary_key=True)
    flow: str = Field(primary_key=True)
    legal_entity_id: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    cohort: str = Field(primary_key=True)
    posting_period: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    count: int = amount()
    positive_minor: int = amount()
    negative_minor: int = amount()
    group_minor: int = amount()


class BudgetUseRow(SQLModel, table=True):
    """What one document uses of one budget; it counts as long as the document stands."""

    __tablename__ = "budget_use"
    __table_args__ = (Index("ix_budget_use_budget", "budget", "transaction_id"),)
    transaction_id: int = Field(primary_key=True, sa_type=BIG)
    budget: str = Field(primary_key=True)
    """Such as `project:P-05`."""
    legal_entity_id: str
    currency: str
    """The budget's."""
    amount_minor: int = amount()
    recorded_at: datetime
