"""Exceptions, and what holds their documents."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import (
    BIG,
    UNRESOLVED,
    amount,
    id_column,
    json_text,
    json_value,
    no_ref,
    partial_index,
    ref,
)


class ExceptionCaseRow(SQLModel, table=True):
    """Something a person must do."""

    __tablename__ = "exception_case"
    __table_args__ = (
        partial_index(
            "ix_exception_case_open",
            "due_at",
            "id",
            where="state NOT IN ('resolved', 'closed', 'cancelled', 'merged')",
        ),
        partial_index(
            "uq_exception_case_live",
            "transaction_id",
            unique=True,
            where="transaction_id IS NOT NULL AND state NOT IN ('resolved', 'closed', 'cancelled', 'merged')",
        ),
        partial_index("ix_exception_case_claim", "claim_expires_at", where="claim_expires_at IS NOT NULL"),
        Index("ix_exception_case_cause", "fingerprint", "id"),
    )
    id: int = id_column()
    transaction_id: int | None = no_ref(index=True)
    connection: str = ""
    flow: str
    legal_entity_id: str = UNRESOLVED
    state: str
    code: str
    kind: str
    step: str = ""
    field_path: str = ""
    sentence: str
    remedy: str
    values: dict[str, Any] = json_value()
    fingerprint: str
    team: str
    claimed_by: int | None = no_ref(index=True)
    claim_expires_at: datetime | None = None
    currency: str = "XXX"
    amount_minor: int = amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    attempt: int = 1
    opened_at: datetime
    due_at: datetime | None = None
    wake_at: datetime | None = None
    updated_at: datetime
    resolved_at: datetime | None = None
    evidence: str = ""
    revision: int = 1


class ApprovalRow(SQLModel, table=True):
    """What one person proposed and another decides: exactly this content, for exactly this subject."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name="four_eyes"),
        CheckConstraint("(state IN ('approved', 'refused')) = (checker_id IS NOT NULL)", name="decided_by_somebody"),
        partial_index("uq_approval_open", "kind", "subject_type", "subject_id", unique=True, where="state = 'open'"),
        partial_index("ix_approval_waiting", "legal_entity_id", "proposed_at", where="state = 'open'"),
        Index("ix_approval_subject", "subject_type", "subject_id"),
    )
    id: int = id_column()
    kind: str
    """What is asked for, such as `correction` or `bulk`: it names what happens when it is approved."""
    subject_type: str
    subject_id: int = ref()
    legal_entity_id: str = UNRESOLVED
    state: str
    """open | approved | refused | withdrawn | outdated"""
    content: dict[str, Any] = json_text()
    content_sha256: str
    """Of the content: who approves names it, so nobody approves what was changed meanwhile."""
    currency: str = "XXX"
    amount_minor: int = amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    reason_code: str = ""
    reason: str = ""
    maker_id: int = ref(index=True)
    maker: str
    proposed_at: datetime
    checker_id: int | None = no_ref()
    checker: str = ""
    decided_at: datetime | None = None
    decision_reason: str = ""
    revision: int = 1


class HoldRow(SQLModel, table=True):
    """What a held transaction waits for: a record of the ERP's lists, a policy, a posting."""

    __tablename__ = "hold"
    __table_args__ = (partial_index("ix_hold_woken", "transaction_id", where="woken_at IS NOT NULL"),)
    transaction_id: int = Field(primary_key=True, sa_type=BIG)
    domain: str = Field(primary_key=True)
    legal_entity_id: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    woken_at: datetime | None = None
    """Set with the change that it waited for: the document is checked again."""


Index("ix_hold_awaited", HoldRow.__table__.c.domain, HoldRow.__table__.c.code)  # type: ignore[attr-defined]  # SQLModel's table
