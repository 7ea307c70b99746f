"""Connections, what they read and when, how fast they may be called, and who is told."""

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, UNRESOLVED, id_column, no_ref, partial_index


class ConnectionRow(SQLModel, table=True):
    """A connection's health; its configuration stands in tieout.toml."""

    __tablename__ = "connection"
    name: str = Field(primary_key=True)
    provider: str
    legal_entity_id: str = UNRESOLVED
    paused_at: datetime | None = None
    paused_reason: str = ""
    paused_failure: str = ""
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_failure: str = ""
    revision: int = 1


class PacingRow(SQLModel, table=True):
    """How fast a connection may be called and whether it answers, for all workers together."""

    __tablename__ = "pacing"
    connection: str = Field(primary_key=True)
    calls_per_second: float | None = None
    burst: int = 1
    breaker: str = "closed"
    failure_count: int = 0
    failing_since: datetime | None = None
    opened_at: datetime | None = None
    trip_count: int = 0
    proof_count: int = 0
    probe_at: datetime | None = None
    recovered_at: datetime | None = None
    ramp_from: datetime | None = None
    free_at: datetime | None = None
    """Permits are drawn until here."""
    ordinary_free_at: datetime | None = None
    rests_until: datetime | None = None
    learned_rate: float | None = None
    learned_until: datetime | None = None


class CursorRow(SQLModel, table=True):
    """How far a stream was read."""

    __tablename__ = "cursor"
    connection: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    value: str = ""
    read_at: datetime


class ConsumerRow(SQLModel, table=True):
    """How far a consumer of the lineage came."""

    __tablename__ = "consumer"
    name: str = Field(primary_key=True)
    xid: int = Field(default=0, sa_type=BIG)
    lineage_id: int = Field(default=0, sa_type=BIG)
    moved_at: datetime


class ScheduleRow(SQLModel, table=True):
    """When a stream is pulled."""

    __tablename__ = "schedule"
    connection: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    interval_seconds: int
    is_active: bool = True
    last_scheduled_for: datetime | None = None


class SyncRunRow(SQLModel, table=True):
    """One execution of pulling a stream."""

    __tablename__ = "sync_run"
    __table_args__ = (
        UniqueConstraint("connection", "stream", "scheduled_for"),
        partial_index("ix_sync_run_waiting", "scheduled_for", "id", where="state IN ('waiting', 'running')"),
        partial_index("uq_sync_run_waiting", "connection", "stream", where="state = 'waiting'", unique=True),
    )
    id: int = id_column()
    connection: str
    stream: str
    legal_entity_id: str = UNRESOLVED
    scheduled_for: datetime
    state: str
    """waiting | running | succeeded | failed"""
    trigger: str
    """schedule | catch_up | person | demo"""
    lease_owner: int | None = no_ref()
    lease_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    received_count: int = 0
    repeated_count: int = 0
    failure: str = ""


class IncarnationRow(SQLModel, table=True):
    """One start of one process: who holds leases, and whether it still lives."""

    __tablename__ = "incarnation"
    id: int = id_column()
    kind: str
    """embedded | worker | scheduler | api"""
    slot: int
    host: str
    process_id: int
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None = None
    is_lost: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """It ended without a word, and was given up."""


class TimelineRow(SQLModel, table=True):
    """A history of the database that we met: each promoted copy goes on with its own."""

    __tablename__ = "timeline"
    number: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    met_at: datetime


class WebhookDeliveryRow(SQLModel, table=True):
    """One alert on its way to one endpoint."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint", "alert_key"),
        partial_index(
            "ix_webhook_delivery_due", "next_attempt_at", where="delivered_at IS NULL AND given_up_at IS NULL"
        ),
    )
    id: int = id_column()
    endpoint: str
    alert_key: str
    body: bytes = Field(sa_type=LargeBinary)
    attempt_count: int = 0
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None = None
    given_up_at: datetime | None = None
    last_failure: str = ""
