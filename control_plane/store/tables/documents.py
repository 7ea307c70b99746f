"""What came, what became of it, and its story: as rows only."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import (
    BIG,
    UNRESOLVED,
    amount,
    id_column,
    json_value,
    no_ref,
    partial_index,
    ref,
)


class PayloadRow(SQLModel, table=True):
    """Immutable bytes: raw envelopes, bound intents, raw answers. Erasable by key, never changed."""

    __tablename__ = "payload"
    id: int = id_column()
    legal_entity_id: str = UNRESOLVED
    kind: str
    """envelope | intents | answer"""
    content_type: str
    body: bytes | None = Field(sa_type=LargeBinary)
    sha256: str
    key_id: str = ""
    recorded_at: datetime
    erased_at: datetime | None = None


class InboxRow(SQLModel, table=True):
    """One received envelope. A redelivery of what lives makes no second transaction: it is counted."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("source", "event_id", "generation"),)
    id: int = id_column()
    connection: str
    stream: str
    source: str
    event_id: str
    generation: int = 0
    """Counts up when the same event id comes again after its version was withdrawn."""
    type: str
    subject: str
    legal_entity_id: str = UNRESOLVED
    occurred_at: datetime
    received_at: datetime
    last_received_at: datetime
    received_count: int = 1
    payload_id: int = ref(index=True)
    content_sha256: str
    transaction_id: int | None = no_ref(index=True)
    acknowledged_at: datetime | None = None
    needs_acknowledgement: bool = False
    is_unread: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """It was kept as it came, and nobody has acted on what it says yet."""


Index("ix_inbox_subject", InboxRow.__table__.c.source, InboxRow.__table__.c.subject)  # type: ignore[attr-defined]  # SQLModel's table
_inbox_waiting = text("needs_acknowledgement AND acknowledged_at IS NULL")
Index(
    "ix_inbox_unacknowledged",
    InboxRow.__table__.c.connection,  # type: ignore[attr-defined]  # SQLModel's table
    InboxRow.__table__.c.id,  # type: ignore[attr-defined]  # SQLModel's table
    sqlite_where=_inbox_waiting,
    postgresql_where=_inbox_waiting,
)
_inbox_unread = text("is_unread")
Index(
    "ix_inbox_unread",
    InboxRow.__table__.c.id,  # type: ignore[attr-defined]  # SQLModel's table
    sqlite_where=_inbox_unread,
    postgresql_where=_inbox_unread,
)


class TrialRow(SQLModel, table=True):
    """A payload that is looked at apart since a process was lost: how often that was begun, and did not end."""

    __tablename__ = "trial"
    payload_id: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    count: int
    begun_at: datetime


class TransactionRow(SQLModel, table=True):
    """One document version's life in one flow: the last line of its lineage, and the queue."""

    __tablename__ = "transaction"
    __table_args__ = (
        partial_index("ix_transaction_to_check", "id", where="state = 'received'"),
        partial_index("ix_transaction_lease", "target", "priority_at", "id", where="state = 'ready' AND is_head"),
        partial_index("ix_transaction_urgent", "target", "due_at", "id", where="state = 'ready' AND is_head"),
        partial_index("ix_transaction_order", "order_key", "id", where="is_open"),
        partial_index("ix_transaction_reap", "lease_until", where="state = 'in_flight'"),
        partial_index("ix_transaction_inquire", "inquire_at", "id", where="state IN ('in_doubt', 'awaiting_ack')"),
        partial_index("ix_transaction_reverse", "reversal_wanted_at", "id", where="reversal_wanted_at IS NOT NULL"),
        partial_index("ix_transaction_sla", "sla_next_at", "id", where="sla_next_at IS NOT NULL"),
        partial_index(
            "ix_transaction_aside",
            "id",
            where="state IN ('returned_to_source', 'reversed', 'cancelled', 'duplicate', 'superseded')",
        ),
        partial_index("ix_transaction_late", "flow", "legal_entity_id", where="sla_status = 'breached'"),
    )
    id: int = id_column()
    flow: str
    legal_entity_id: str = UNRESOLVED
    connection: str
    """Where it came from."""
    target: str = ""
    """The connection that it goes to; empty until it is routed."""
    source_system: str
    source_id: str
    source_document_id: str = ""
    document_number: str = ""
    counterparty: str = ""
    version: int = 1
    business_reference: str
    order_key: str
    is_head: bool = False
    is_open: bool = True
    state: str
    reason: str = ""
    revision: int = 1
    """Counts every change of the row: the ETag."""
    currency: str
    amount_minor: int = amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    cohort: str
    """`YYYY-MM` of the source's approval, else of the receipt; never changes."""
    posting_period: str = ""
    """`YYYY-MM` of the posting date once that is known."""
    document_date: date | None = None
    approved_at: datetime | None = None
    received_at: datetime
    updated_at: datetime
    content_hash: str = ""
    marks: dict[str, Any] = json_value()
    """Of merchants and receipts, by which later documents are compared with this one."""
    payload_id: int = ref()
    intents_payload_id: int | None = no_ref()
    supersedes_id: int | None = no_ref()
    linked_id: int | None = no_ref()
    """The transaction that this one repeats (duplicate) or tells about (confirmation)."""
    is_test: bool = False
    payment_status: str = ""
    recalled_at: datetime | None = None
    reversal_wanted_at: datetime | None = None
    """The posting is to be taken back: recalled, or replaced by a later version."""
    # --- the queue
    priority_at: datetime
    """In `ready`: not leased before."""
    lease_owner: int | None = no_ref()
    lease_until: datetime | None = None
    fence: int = 0
    """Counts the recorded transitions; whoever holds an older one is refused."""
    attempt_count: int = 0
    first_attempt_at: datetime | None = None
    last_sent_at: datetime | None = None
    inquire_at: datetime | None = None
    absent_count: int = 0
    # --- the promise
    due_at: datetime | None = None
    sla_status: str = ""
    sla_next_at: datetime | None = None
    """When the SLA status changes next if nothing happens; None when it is settled."""
    # --- what it met
    flow_version: str = ""
    policy_version: int = 0
    mapping_version: str = ""
    master_data_version: int = Field(default=0, sa_type=BIG)
    trace_context: str = ""
    overrides: str = ""
    """Holds that an approver lifted, space separated."""


class LookUpRow(SQLModel, table=True):
    """What a transaction is found by: kept apart, because it never changes.

    PostgreSQL writes into all indexes of a row again with every change of its state.
    """

    __tablename__ = "look_up"
    __table_args__ = (
        Index("ix_look_up_source_id", "source_id"),
        Index("ix_look_up_source_document_id", "source_document_id"),
        Index("ix_look_up_document_number", "document_number"),
        Index("ix_look_up_counterparty", "counterparty", "transaction_id"),
        Index("ix_look_up_amount", "currency", "amount_minor", "transaction_id"),
        UniqueConstraint("business_reference", "flow"),
    )
    transaction_id: int = id_column()
    flow: str
    business_reference: str
    source_id: str
    source_document_id: str
    document_number: str
    counterparty: str
    currency: str
    amount_minor: int = Field(sa_type=BIG)


class LineageRow(SQLModel, table=True):
    """Everything that happened, append-only: the one story, and the outbox."""

    __tablename__ = "lineage"
    __table_args__ = (
        Index("ix_lineage_transaction", "transaction_id", "id"),
        Index("ix_lineage_outbox", "xid", "id", sqlite_where=text("xid IS NOT NULL")),
    )
    id: int = id_column()
    transaction_id: int = ref()
    legal_entity_id: str = UNRESOLVED
    flow: str
    kind: str
    """received | step | attempt | transition | act | version | payment"""
    at: datetime
    by: str
    name: str
    """The step, the outcome kind, the act."""
    from_state: str = ""
    to_state: str = ""
    reason: str = ""
    fence: int = 0
    failure_code: str = ""
    facts: dict[str, Any] = json_value()
    payload_id: int | None = no_ref()
    xid: int | None = no_ref()
    """PostgreSQL fills in the writing unit of work, so that consumers never skip a row that commits late."""


class PostingRow(SQLModel, table=True):
    """One document in the target's books that proves (a part of) one transaction."""

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("target", "company", "fiscal_year", "document_type", "number"),
        UniqueConstraint("transaction_id", "reference", "reverses"),
        Index("ix_posting_reference", "reference"),
        Index("ix_posting_number", "number"),
    )
    id: int = id_column()
    transaction_id: int = ref()
    legal_entity_id: str
    target: str
    company: str
    fiscal_year: str
    document_type: str
    number: str
    reference: str
    posting_date: date
    currency: str
    total_minor: int = amount()
    reverses: str = ""
    payment_status: str = ""
    recorded_at: datetime
