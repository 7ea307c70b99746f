"""Bulk operations and the items of their frozen sets."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, amount, id_column, json_text, json_value, no_ref, partial_index, ref


class BulkOperationRow(SQLModel, table=True):
    """One act over a frozen set of exceptions."""

    __tablename__ = "bulk_operation"
    __table_args__ = (
        partial_index("ix_bulk_operation_at_work", "id", where="state = 'running'"),
        Index("ix_bulk_operation_maker", "maker_id", "act", "planned_at"),
        CheckConstraint("item_count > 0", name="not_empty"),
    )
    id: int = id_column()
    act: str
    parameters: dict[str, Any] = json_value()
    """What the act needs to know beside the exception."""
    selection: dict[str, Any] = json_text()
    """How the set was chosen; chosen again at the start, it must be the same."""
    legal_entity_id: str
    """`*` where the set reaches over several."""
    state: str
    item_count: int
    set_sha256: str
    plan: dict[str, Any] = json_value()
    """The figures that were shown when it was planned."""
    limits: dict[str, Any] = json_value()
    """The governed limits under which it was planned."""
    approval_id: int | None = no_ref()
    maker_id: int = ref()
    maker: str
    reason: str
    step: int = 0
    step_size: int = 0
    """0: the next step is a canary."""
    stop_reason: str = ""
    sentence: str = ""
    """Why it stands still; empty where nothing is to be said."""
    planned_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime
    revision: int = 1


class BulkItemRow(SQLModel, table=True):
    """One exception of a frozen set, and what became of it."""

    __tablename__ = "bulk_item"
    __table_args__ = (
        partial_index("uq_bulk_item_held", "case_id", unique=True, where="is_held"),
        partial_index("ix_bulk_item_running", "operation_id", "position", where="state = 'running'"),
        Index("ix_bulk_item_state", "operation_id", "state", "position"),
        Index("ix_bulk_item_step", "operation_id", "step", "state"),
        Index("ix_bulk_item_case", "case_id"),
    )
    operation_id: int = Field(primary_key=True, sa_type=BIG)
    position: int = Field(primary_key=True)
    """What comes first is done first."""
    case_id: int = ref()
    transaction_id: int | None = no_ref()
    document: str = ""
    legal_entity_id: str
    currency: str
    amount_minor: int = amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    fingerprint: str
    code: str
    """Of the failure that it had; after it failed again, of that one."""
    fence: int = 0
    state: str
    is_held: bool = False
    """While a started operation has not done with it: no other operation may start with it."""
    step: int = 0
    is_same_failure: bool = False
    sentence: str = ""
    """The evidence, or why it failed or was skipped."""
    updated_at: datetime
