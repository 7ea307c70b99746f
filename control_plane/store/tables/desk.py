"""Exceptions, and what holds their documents."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import (
    BIG,
    JSON_VALUE,
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
        partial_index("ix_exception_case_offer", "offer_expires_at", where="offer_expires_at IS NOT NULL"),
        partial_index("ix_exception_case_wake", "wake_at", where="wake_at IS NOT NULL"),
        partial_index("ix_exception_case_closing", "closes_at", where="closes_at IS NOT NULL"),
        partial_index("ix_exception_case_merged", "merged_into", where="merged_into IS NOT NULL"),
        partial_index("ix_exception_case_unclaimed", "routing_version", "id", where="state = 'new'"),
        Index("ix_exception_case_cause", "fingerprint", "id"),
        partial_index(
            "ix_exception_case_grouped",
            "fingerprint",
            "record_domain",
            "record_code",
            "legal_entity_id",
            "currency",
            "amount_minor",
            "group_minor",
            "due_at",
            "opened_at",
            "regression_count",
            "flow",
            "code",
            "team",
            "id",
            where="state NOT IN ('resolved', 'closed', 'cancelled', 'merged')",
        ),
        partial_index(
            "ix_exception_case_cured",
            "fingerprint",
            "record_domain",
            "record_code",
            "resolved_at",
            where="resolved_at IS NOT NULL",
        ),
        partial_index(
            "ix_exception_case_worth",
            "state",
            "flow",
            "currency",
            "legal_entity_id",
            "team",
            "due_at",
            "claimed_by",
            "claimed_at",
            "regression_count",
            "amount_minor",
            "group_minor",
            where="state NOT IN ('resolved', 'closed', 'cancelled', 'merged')",
        ),
        partial_index("ix_exception_case_resolved", "resolved_at", where="resolved_at IS NOT NULL"),
        Index("ix_exception_case_opened", "opened_at"),
        CheckConstraint("state <> 'merged' OR merged_into IS NOT NULL", name="merged_into_another"),
        CheckConstraint("merged_into IS NULL OR merged_into <> id", name="not_merged_into_itself"),
        CheckConstraint("state <> 'deferred' OR (wake_at IS NOT NULL AND defer_reason <> '')", name="deferred_wakes"),
        CheckConstraint("state <> 'resolved' OR evidence <> ''", name="resolved_by_evidence"),
        CheckConstraint(
            "state NOT IN ('assigned', 'in_progress', 'deferred', 'pending_approval') OR claimed_by IS NOT NULL",
            name="worked_on_by_somebody",
        ),
    )
    id: int = id_column()
    transaction_id: int | None = no_ref(index=True)
    former_id: int | None = no_ref()
    """The closed exception of the same document, before this one."""
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
    record_domain: str = ""
    """The list in which the document's key is missing or not usable; empty where the failure names none."""
    record_code: str = ""
    team: str
    routed_by: str = ""
    """The rule that chose the team; empty where the catalog's owner has it."""
    routing_version: int | None = 0
    """The version of the rules that chose the team; none where a person did."""
    business_owner: str = ""
    """Who answers for the document at its source."""
    claimed_by: int | None = no_ref(index=True)
    claimed_at: datetime | None = None
    claim_expires_at: datetime | None = None
    offered_to: int | None = no_ref(index=True)
    """The person to whom it is handed over, until somebody accepts."""
    offered_team: str = ""
    offer_expires_at: datetime | None = None
    merged_into: int | None = no_ref()
    currency: str = "XXX"
    amount_minor: int = amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    attempt: int = 1
    regression_count: int = 0
    """How often it came back after it had been resolved."""
    opened_at: datetime
    due_at: datetime | None = None
    wake_at: datetime | None = None
    defer_reason: str = ""
    updated_at: datetime
    resolved_at: datetime | None = None
    closes_at: datetime | None = None
    """When the system closes it; none where only a controller does."""
    evidence: str = ""
    revision: int = 1


class MergeRow(SQLModel, table=True):
    """That a person told one exception in another one; taken apart, the two are never merged again."""

    __tablename__ = "merge"
    case_id: int = Field(primary_key=True, sa_type=BIG)
    into_id: int = Field(primary_key=True, sa_type=BIG)
    merged_by: str
    merged_at: datetime
    reason: str
    unmerged_by: str = ""
    """Empty: it holds, or was ended by the end of the other one."""
    unmerged_at: datetime | None = None
    unmerge_reason: str = ""


class ApprovalRow(SQLModel, table=True):
    """What one person proposed and another decides: exactly this content, for exactly this subject."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name="four_eyes"),
        CheckConstraint("checker_employee_ref = '' OR checker_employee_ref <> maker_employee_ref", name="two_persons"),
        CheckConstraint("checker_employee_ref = '' OR checker_employee_ref <> beneficiary", name="not_for_oneself"),
        CheckConstraint("(state IN ('approved', 'refused')) = (checker_id IS NOT NULL)", name="decided_by_somebody"),
        partial_index("uq_approval_open", "kind", "subject_type", "subject_id", unique=True, where="state = 'open'"),
        partial_index("ix_approval_waiting", "legal_entity_id", "proposed_at", where="state = 'open'"),
        partial_index("ix_approval_waived", "maker_id", "kind", "proposed_at", where="state = 'waived'"),
        Index("ix_approval_subject", "subject_type", "subject_id"),
    )
    id: int = id_column()
    kind: str
    """What is asked for, such as `correction` or `bulk`: it names what happens when it is approved."""
    subject_type: str
    subject_id: int = ref()
    legal_entity_id: str = UNRESOLVED
    state: str
    """open | approved | refused | withdrawn | outdated | waived"""
    content: dict[str, Any] = json_text()
    content_sha256: str
    """Of the content: who approves names it, so nobody approves what was changed meanwhile."""
    currency: str = "XXX"
    amount_minor: int = amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    reason_code: str = ""
    reason: str = ""
    beneficiary: str = ""
    """The employee whom it pays."""
    barred: list[int] = Field(default_factory=list, sa_type=JSON_VALUE)
    """Persons who had a hand in it beside its maker."""
    maker_id: int = ref(index=True)
    maker: str
    maker_employee_ref: str = ""
    """A second login of the same employee is the same person."""
    proposed_at: datetime
    checker_id: int | None = no_ref()
    checker: str = ""
    checker_employee_ref: str = ""
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
