"""The tables, as rows only: they come from domain values and validate nothing themselves."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

METADATA: Final[MetaData] = SQLModel.metadata

BIG: Final = BigInteger().with_variant(Integer, "sqlite")
"""63 bits on both databases; on SQLite an INTEGER PRIMARY KEY is the rowid."""
JSON_VALUE: Final = JSON().with_variant(JSONB, "postgresql")

UNRESOLVED: Final = "unresolved"
"""The legal entity of what could not be placed yet."""


def _id() -> Any:  # sqlmodel.Field is typed by its default
    return Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})


def _ref(*, index: bool = False) -> Any:  # see _id
    return Field(sa_type=BIG, index=index)


def _no_ref(*, index: bool = False) -> Any:  # see _id
    return Field(default=None, sa_type=BIG, nullable=True, index=index)


def _amount() -> Any:  # see _id
    return Field(default=0, sa_type=BIG)


def _json() -> Any:  # see _id
    return Field(default_factory=dict, sa_type=JSON_VALUE)


def _json_text() -> Any:  # see _id
    return Field(default_factory=dict, sa_type=JSON)  # PostgreSQL keeps it letter by letter, as a hash needs it


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


class PayloadRow(SQLModel, table=True):
    """Immutable bytes: raw envelopes, bound intents, raw answers. Erasable by key, never changed."""

    __tablename__ = "payload"
    id: int = _id()
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
    id: int = _id()
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
    payload_id: int = _ref(index=True)
    content_sha256: str
    transaction_id: int | None = _no_ref(index=True)
    acknowledged_at: datetime | None = None
    needs_acknowledgement: bool = False


Index("ix_inbox_subject", InboxRow.__table__.c.source, InboxRow.__table__.c.subject)  # type: ignore[attr-defined]  # SQLModel's table
_inbox_waiting = text("needs_acknowledgement AND acknowledged_at IS NULL")
Index(
    "ix_inbox_unacknowledged",
    InboxRow.__table__.c.connection,  # type: ignore[attr-defined]  # SQLModel's table
    InboxRow.__table__.c.id,  # type: ignore[attr-defined]  # SQLModel's table
    sqlite_where=_inbox_waiting,
    postgresql_where=_inbox_waiting,
)


class TransactionRow(SQLModel, table=True):
    """One document version's life in one flow: the last line of its lineage, and the queue."""

    __tablename__ = "transaction"
    __table_args__ = (
        _partial("ix_transaction_to_check", "id", where="state = 'received'"),
        _partial("ix_transaction_lease", "target", "priority_at", "id", where="state = 'ready' AND is_head"),
        _partial("ix_transaction_order", "order_key", "id", where="is_open"),
        _partial("ix_transaction_reap", "lease_until", where="state = 'in_flight'"),
        _partial("ix_transaction_inquire", "inquire_at", "id", where="state IN ('in_doubt', 'awaiting_ack')"),
        _partial("ix_transaction_reverse", "reversal_wanted_at", "id", where="reversal_wanted_at IS NOT NULL"),
        _partial("ix_transaction_sla", "sla_next_at", "id", where="sla_next_at IS NOT NULL"),
        _partial("ix_transaction_due", "due_at", "id", where="is_open"),
        _partial(
            "ix_transaction_aside",
            "id",
            where="state IN ('returned_to_source', 'reversed', 'cancelled', 'duplicate', 'superseded')",
        ),
        _partial("ix_transaction_late", "flow", "legal_entity_id", where="sla_status = 'breached'"),
        _partial("ix_transaction_money", "group_minor", "id", where="is_open"),
        Index("ix_transaction_object", "source_id", "source_system"),
        Index("ix_transaction_source_document", "source_document_id"),
        Index("ix_transaction_document_number", "document_number"),
        Index("ix_transaction_amount", "currency", "amount_minor", "id"),
        Index("ix_transaction_counterparty", "counterparty", "id"),
        UniqueConstraint("flow", "business_reference"),
    )
    id: int = _id()
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
    amount_minor: int = _amount()
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
    marks: dict[str, Any] = _json()
    """Of merchants and receipts, by which later documents are compared with this one."""
    payload_id: int = _ref()
    intents_payload_id: int | None = _no_ref()
    supersedes_id: int | None = _no_ref()
    linked_id: int | None = _no_ref(index=True)
    """The transaction that this one repeats (duplicate) or tells about (confirmation)."""
    is_test: bool = False
    payment_status: str = ""
    recalled_at: datetime | None = None
    reversal_wanted_at: datetime | None = None
    """The posting is to be taken back: recalled, or replaced by a later version."""
    # --- the queue
    priority_at: datetime
    """In `ready`: not leased before."""
    lease_owner: int | None = _no_ref()
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


class LineageRow(SQLModel, table=True):
    """Everything that happened, append-only: the one story, and the outbox."""

    __tablename__ = "lineage"
    __table_args__ = (
        Index("ix_lineage_transaction", "transaction_id", "id"),
        Index("ix_lineage_outbox", "xid", "id"),
    )
    id: int = _id()
    transaction_id: int = _ref()
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
    facts: dict[str, Any] = _json()
    payload_id: int | None = _no_ref()
    xid: int | None = _no_ref()
    """PostgreSQL: the writing unit of work, so that consumers never skip a row that commits late."""


class PostingRow(SQLModel, table=True):
    """One document in the target's books that proves (a part of) one transaction."""

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("target", "company", "fiscal_year", "document_type", "number"),
        UniqueConstraint("transaction_id", "reference", "reverses"),
        Index("ix_posting_reference", "reference"),
        Index("ix_posting_number", "number"),
    )
    id: int = _id()
    transaction_id: int = _ref(index=True)
    legal_entity_id: str
    target: str
    company: str
    fiscal_year: str
    document_type: str
    number: str
    reference: str
    posting_date: date
    currency: str
    total_minor: int = _amount()
    reverses: str = ""
    payment_status: str = ""
    recorded_at: datetime


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
    count: int = _amount()
    positive_minor: int = _amount()
    negative_minor: int = _amount()
    group_minor: int = _amount()


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
    count: int = _amount()
    positive_minor: int = _amount()
    negative_minor: int = _amount()
    group_minor: int = _amount()


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
        _partial("ix_sync_run_waiting", "scheduled_for", "id", where="state IN ('waiting', 'running')"),
        _partial("uq_sync_run_waiting", "connection", "stream", where="state = 'waiting'", unique=True),
    )
    id: int = _id()
    connection: str
    stream: str
    legal_entity_id: str = UNRESOLVED
    scheduled_for: datetime
    state: str
    """waiting | running | succeeded | failed"""
    trigger: str
    """schedule | catch_up | person | demo"""
    lease_owner: int | None = _no_ref()
    lease_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    received_count: int = 0
    repeated_count: int = 0
    failure: str = ""


class ExceptionCaseRow(SQLModel, table=True):
    """Something a person must do."""

    __tablename__ = "exception_case"
    __table_args__ = (
        _partial(
            "ix_exception_case_open",
            "due_at",
            "id",
            where="state NOT IN ('resolved', 'closed', 'cancelled', 'merged')",
        ),
        _partial(
            "uq_exception_case_live",
            "transaction_id",
            unique=True,
            where="transaction_id IS NOT NULL AND state NOT IN ('resolved', 'closed', 'cancelled', 'merged')",
        ),
        _partial("ix_exception_case_claim", "claim_expires_at", where="claim_expires_at IS NOT NULL"),
        Index("ix_exception_case_cause", "fingerprint", "id"),
    )
    id: int = _id()
    transaction_id: int | None = _no_ref(index=True)
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
    values: dict[str, Any] = _json()
    fingerprint: str
    team: str
    claimed_by: int | None = _no_ref(index=True)
    claim_expires_at: datetime | None = None
    currency: str = "XXX"
    amount_minor: int = _amount()
    group_minor: int | None = Field(default=None, sa_type=BIG)
    attempt: int = 1
    opened_at: datetime
    due_at: datetime | None = None
    wake_at: datetime | None = None
    updated_at: datetime
    resolved_at: datetime | None = None
    evidence: str = ""
    revision: int = 1


class HoldRow(SQLModel, table=True):
    """What a held transaction waits for: a record of the ERP's lists, a policy, a posting."""

    __tablename__ = "hold"
    __table_args__ = (_partial("ix_hold_woken", "transaction_id", where="woken_at IS NOT NULL"),)
    transaction_id: int = Field(primary_key=True, sa_type=BIG)
    domain: str = Field(primary_key=True)
    legal_entity_id: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    woken_at: datetime | None = None
    """Set with the change that it waited for: the document is checked again."""


Index("ix_hold_awaited", HoldRow.__table__.c.domain, HoldRow.__table__.c.code)  # type: ignore[attr-defined]  # SQLModel's table


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
    amount_minor: int = _amount()
    recorded_at: datetime


class MasterDataRow(SQLModel, table=True):
    """One version of one record of the ERP's lists."""

    __tablename__ = "master_data"
    __table_args__ = (
        _partial("uq_master_data_current", "domain", "legal_entity_id", "code", where="is_current", unique=True),
        Index("ix_master_data_version", "domain", "recorded_at"),
    )
    id: int = _id()
    """Time-ordered: the highest one that a check met is the transaction's `master_data_version`."""
    connection: str
    domain: str
    legal_entity_id: str = ""
    """Empty: valid for every legal entity."""
    code: str
    name: str
    active: bool
    valid_from: date | None = None
    valid_to: date | None = None
    attributes: dict[str, Any] = _json()
    source_updated_at: datetime | None = None
    recorded_at: datetime
    version: int = 1
    is_current: bool = True


class BindingRow(SQLModel, table=True):
    """A source's key put under the ERP's key; without a row a key binds to itself."""

    __tablename__ = "binding"
    __table_args__ = (
        _partial("uq_binding_current", "domain", "source_system", "source_key", where="is_current", unique=True),
    )
    id: int = _id()
    domain: str
    source_system: str
    source_key: str
    erp_key: str
    legal_entity_id: str = UNRESOLVED
    version: int = 1
    is_current: bool = True
    recorded_at: datetime
    recorded_by: str


class PolicyRow(SQLModel, table=True):
    """One version of a flow's policy value; the newest approved one overrides the flow's default."""

    __tablename__ = "policy"
    __table_args__ = (
        UniqueConstraint("flow", "key", "version"),
        CheckConstraint("checker IS NULL OR checker <> maker", name="four_eyes"),
    )
    id: int = _id()
    flow: str
    key: str
    version: int
    value: dict[str, Any] = _json()
    maker: str
    checker: str | None = None
    recorded_at: datetime
    approved_at: datetime | None = None


class PersonRow(SQLModel, table=True):
    """A person or a machine that may act."""

    __tablename__ = "person"
    id: int = _id()
    login: str = Field(unique=True)
    name: str
    employee_ref: str = ""
    is_machine: bool = False
    is_active: bool = True
    created_at: datetime


class GrantRow(SQLModel, table=True):
    """A role in a legal entity; entity `*` is the whole group."""

    __tablename__ = "grant_of_role"
    person_id: int = Field(primary_key=True, sa_type=BIG)
    role: str = Field(primary_key=True)
    legal_entity_id: str = Field(primary_key=True)


class ApiKeyRow(SQLModel, table=True):
    """A person's key: only its hash is kept."""

    __tablename__ = "api_key"
    id: int = _id()
    key_id: str = Field(unique=True)
    person_id: int = _ref(index=True)
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class IdempotencyRow(SQLModel, table=True):
    """An answered request: the same key with the same body gets the same answer for seven days."""

    __tablename__ = "idempotency"
    person_id: int = Field(primary_key=True, sa_type=BIG)
    key: str = Field(primary_key=True)
    request_sha256: str
    status: int | None = None
    """None while the first request is under way."""
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    headers: dict[str, Any] = _json()
    recorded_at: datetime


class AuditRow(SQLModel, table=True):
    """Who did what and why, chained by keyed hashes."""

    __tablename__ = "audit"
    seq: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    occurred_at: datetime
    actor_id: int | None = _no_ref()
    actor: str
    action: str
    object_type: str
    object_id: str
    legal_entity_id: str = UNRESOLVED
    before: dict[str, Any] = _json_text()
    after: dict[str, Any] = _json_text()
    reason: str = ""
    request_id: str = ""
    previous_hash: str
    hash: str


class IncarnationRow(SQLModel, table=True):
    """One start of one process: who holds leases, and whether it still lives."""

    __tablename__ = "incarnation"
    id: int = _id()
    kind: str
    """embedded | worker | scheduler | api"""
    slot: int
    host: str
    process_id: int
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None = None


class WebhookDeliveryRow(SQLModel, table=True):
    """One alert on its way to one endpoint."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint", "alert_key"),
        _partial("ix_webhook_delivery_due", "next_attempt_at", where="delivered_at IS NULL AND given_up_at IS NULL"),
    )
    id: int = _id()
    endpoint: str
    alert_key: str
    body: bytes = Field(sa_type=LargeBinary)
    attempt_count: int = 0
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None = None
    given_up_at: datetime | None = None
    last_failure: str = ""
