"""Who may act, and what they did."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, UNRESOLVED, id_column, json_text, json_value, no_ref, ref


class PersonRow(SQLModel, table=True):
    """A person or a machine that may act."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint("reports_to IS NULL OR reports_to <> id", name="reports_to_another"),)
    id: int = id_column()
    login: str = Field(unique=True)
    name: str
    employee_ref: str = ""
    reports_to: int | None = no_ref()
    """The person above: who reports to a beneficiary does not act on what pays them."""
    is_machine: bool = False
    is_active: bool = True
    created_at: datetime


class GrantRow(SQLModel, table=True):
    """A role in a legal entity; entity `*` is the whole group."""

    __tablename__ = "grant_of_role"
    person_id: int = Field(primary_key=True, sa_type=BIG)
    role: str = Field(primary_key=True)
    legal_entity_id: str = Field(primary_key=True)
    limit_minor: int | None = Field(default=None, sa_type=BIG)
    """Up to which amount in the group's currency; None: any."""
    valid_until: datetime | None = None
    """Of what is lent for a while; None: for good."""


class ApiKeyRow(SQLModel, table=True):
    """A person's key: only its hash is kept."""

    __tablename__ = "api_key"
    id: int = id_column()
    key_id: str = Field(unique=True)
    person_id: int = ref(index=True)
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class IdempotencyRow(SQLModel, table=True):
    """An answered request: the same key with the same body gets the same answer for seven days."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_recorded_at", "recorded_at"),)
    person_id: int = Field(primary_key=True, sa_type=BIG)
    key: str = Field(primary_key=True)
    request_sha256: str
    status: int | None = None
    """None while the first request is under way."""
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    headers: dict[str, Any] = json_value()
    recorded_at: datetime


class AuditRow(SQLModel, table=True):
    """Who did what and why, chained by keyed hashes."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_object", "object_type", "object_id", "seq"),
        Index("ix_audit_actor", "actor_id", "occurred_at"),
    )
    seq: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    occurred_at: datetime
    actor_id: int | None = no_ref()
    actor: str
    action: str
    object_type: str
    object_id: str
    legal_entity_id: str = UNRESOLVED
    before: dict[str, Any] = json_text()
    after: dict[str, Any] = json_text()
    reason: str = ""
    request_id: str = ""
    previous_hash: str
    hash: str
