"""Make the first tables, and guard what is never changed."""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql
from sqlmodel.sql import sqltypes

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None


_APPEND_ONLY: Final = ("audit", "lineage", "look_up")
_UNDELETABLE: Final = ("payload", "policy", "posting", "transaction")

_ERASES: Final = """
    NEW.body IS NULL AND NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL AND NEW.id = OLD.id
    AND NEW.legal_entity_id = OLD.legal_entity_id AND NEW.kind = OLD.kind AND NEW.content_type = OLD.content_type
    AND NEW.sha256 = OLD.sha256 AND NEW.key_id = OLD.key_id AND NEW.recorded_at = OLD.recorded_at
"""
_APPROVES: Final = """
    OLD.checker IS NULL AND NEW.checker IS NOT NULL AND NEW.id = OLD.id AND NEW.flow = OLD.flow
    AND NEW."key" = OLD."key" AND NEW.version = OLD.version AND NEW.value = OLD.value AND NEW.maker = OLD.maker
    AND NEW.recorded_at = OLD.recorded_at
"""
_LEAVES_THE_END: Final = """
    OLD.state IN ('reversed', 'cancelled', 'duplicate', 'superseded') AND NEW.state <> OLD.state
"""
"""An arrow leads into these states and none out of them."""
_STANDS: Final = {
    "audit": "EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)",
    "lineage": "EXISTS (SELECT 1 FROM lineage WHERE id = NEW.id)",
    "payload": "EXISTS (SELECT 1 FROM payload WHERE id = NEW.id)",
    "policy": """EXISTS (
        SELECT 1 FROM policy
        WHERE id = NEW.id OR (flow = NEW.flow AND "key" = NEW."key" AND version = NEW.version)
    )""",
}
"""SQLite's INSERT OR REPLACE deletes without firing the triggers of DELETE."""


def _sqlite(table: str, what: str, event: str, when: str = "TRUE") -> str:
    return f"""
        CREATE TRIGGER {table}_{what} BEFORE {event} ON "{table}" WHEN {when}
        BEGIN SELECT RAISE(ABORT, '{table} {what}'); END
    """


def _sqlite_guards() -> Iterator[str]:
    for table in _APPEND_ONLY:
        yield _sqlite(table, "is_append_only", "UPDATE")
    for table, stands in _STANDS.items():
        yield _sqlite(table, "is_never_replaced", "INSERT", stands)
    for table in (*_APPEND_ONLY, *_UNDELETABLE):
        yield _sqlite(table, "is_never_deleted", "DELETE")
    yield _sqlite("payload", "is_only_erased", "UPDATE", f"({_ERASES}) IS NOT TRUE")
    yield _sqlite("policy", "is_only_approved", "UPDATE", f"({_APPROVES}) IS NOT TRUE")
    yield _sqlite("transaction", "stays_at_its_end", "UPDATE OF state", _LEAVES_THE_END)


def _postgresql(table: str, what: str, event: str, when: str = "TRUE") -> str:
    return f"""
        CREATE TRIGGER {table}_{what} BEFORE {event} ON "{table}" FOR EACH ROW WHEN ({when})
        EXECUTE FUNCTION refuse_change()
    """


def _postgresql_guards() -> Iterator[str]:
    yield """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '%', replace(TG_NAME, '_', ' ') USING ERRCODE = 'integrity_constraint_violation'; END $$
    """
    for table in _APPEND_ONLY:
        yield _postgresql(table, "is_append_only", "UPDATE")
    for table in (*_APPEND_ONLY, *_UNDELETABLE):
        yield _postgresql(table, "is_never_deleted", "DELETE")
        yield f"""
            CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT
            EXECUTE FUNCTION refuse_change()
        """
    yield _postgresql("payload", "is_only_erased", "UPDATE", f"({_ERASES}) IS NOT TRUE")
    yield _postgresql("policy", "is_only_approved", "UPDATE", f"({_APPROVES}) IS NOT TRUE")
    yield _postgresql("transaction", "stays_at_its_end", "UPDATE OF state", _LEAVES_THE_END)


_FILLED_IN: Final = (
    "ALTER TABLE lineage ALTER COLUMN xid SET DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"
)
"""On PostgreSQL, by the database itself: to ask for it would be one more way there and back for every batch."""

GUARDS: Final = {"sqlite": _sqlite_guards, "postgresql": _postgresql_guards}


def upgrade() -> None:
    for create in (
        _create_api_key,
        _create_audit,
        _create_binding,
        _create_budget_use,
        _create_connection,
        _create_consumer,
        _create_cursor,
        _create_exception_case,
        _create_grant_of_role,
        _create_hold,
        _create_idempotency,
        _create_inbox,
        _create_incarnation,
        _create_ledger_balance,
        _create_ledger_movement,
        _create_lineage,
        _create_look_up,
        _create_master_data,
        _create_pacing,
        _create_payload,
        _create_person,
        _create_policy,
        _create_posting,
        _create_schedule,
        _create_sync_run,
        _create_timeline,
        _create_transaction,
        _create_trial,
        _create_webhook_delivery,
    ):
        create()
    for guard in GUARDS[op.get_bind().dialect.name]():
        op.execute(guard)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FILLED_IN)


def downgrade() -> None:
    for table in (
        "webhook_delivery",
        "trial",
        "transaction",
        "timeline",
        "sync_run",
        "schedule",
        "posting",
        "policy",
        "person",
        "payload",
        "pacing",
        "master_data",
        "look_up",
        "lineage",
        "ledger_movement",
        "ledger_balance",
        "incarnation",
        "inbox",
        "idempotency",
        "hold",
        "grant_of_role",
        "exception_case",
        "cursor",
        "consumer",
        "connection",
        "budget_use",
        "binding",
        "audit",
        "api_key",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _create_api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key_id", sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("revoked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_used_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_id", name=op.f("uq_api_key_key_id")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_person_id"), ["person_id"], unique=False)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("occurred_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sqltypes.AutoString(), nullable=False),
        sa.Column("action", sqltypes.AutoString(), nullable=False),
        sa.Column("object_type", sqltypes.AutoString(), nullable=False),
        sa.Column("object_id", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("request_id", sqltypes.AutoString(), nullable=False),
        sa.Column("previous_hash", sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )


def _create_binding() -> None:
    op.create_table(
        "binding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("domain", sqltypes.AutoString(), nullable=False),
        sa.Column("source_system", sqltypes.AutoString(), nullable=False),
        sa.Column("source_key", sqltypes.AutoString(), nullable=False),
        sa.Column("erp_key", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("recorded_by", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding")),
    )
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.create_index(
            "uq_binding_current",
            ["domain", "source_system", "source_key"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )


def _create_budget_use() -> None:
    op.create_table(
        "budget_use",
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("budget", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "budget", name=op.f("pk_budget_use")),
    )
    with op.batch_alter_table("budget_use", schema=None) as batch_op:
        batch_op.create_index("ix_budget_use_budget", ["budget", "transaction_id"], unique=False)


def _create_connection() -> None:
    op.create_table(
        "connection",
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("provider", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("paused_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("paused_reason", sqltypes.AutoString(), nullable=False),
        sa.Column("paused_failure", sqltypes.AutoString(), nullable=False),
        sa.Column("last_success_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_failure_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_failure", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connection")),
    )


def _create_consumer() -> None:
    op.create_table(
        "consumer",
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("xid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lineage_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("moved_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_consumer")),
    )


def _create_cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("stream", sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqltypes.AutoString(), nullable=False),
        sa.Column("read_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", name=op.f("pk_cursor")),
    )


def _create_exception_case() -> None:
    op.create_table(
        "exception_case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("code", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("step", sqltypes.AutoString(), nullable=False),
        sa.Column("field_path", sqltypes.AutoString(), nullable=False),
        sa.Column("sentence", sqltypes.AutoString(), nullable=False),
        sa.Column("remedy", sqltypes.AutoString(), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("team", sqltypes.AutoString(), nullable=False),
        sa.Column("claimed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claim_expires_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("opened_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("wake_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("updated_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("resolved_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("evidence", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exception_case")),
    )
    with op.batch_alter_table("exception_case", schema=None) as batch_op:
        batch_op.create_index("ix_exception_case_cause", ["fingerprint", "id"], unique=False)
        batch_op.create_index(
            "ix_exception_case_claim",
            ["claim_expires_at"],
            unique=False,
            sqlite_where=sa.text("claim_expires_at IS NOT NULL"),
            postgresql_where=sa.text("claim_expires_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_exception_case_claimed_by"), ["claimed_by"], unique=False)
        batch_op.create_index(
            "ix_exception_case_open",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state NOT IN ('resolved', 'closed', 'cancelled', 'merged')"),
            postgresql_where=sa.text("state NOT IN ('resolved', 'closed', 'cancelled', 'merged')"),
        )
        batch_op.create_index(batch_op.f("ix_exception_case_transaction_id"), ["transaction_id"], unique=False)
        batch_op.create_index(
            "uq_exception_case_live",
            ["transaction_id"],
            unique=True,
            sqlite_where=sa.text(
                "transaction_id IS NOT NULL AND state NOT IN ('resolved', 'closed', 'cancelled', 'merged')"
            ),
            postgresql_where=sa.text(
                "transaction_id IS NOT NULL AND state NOT IN ('resolved', 'closed', 'cancelled', 'merged')"
            ),
        )


def _create_grant_of_role() -> None:
    op.create_table(
        "grant_of_role",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "role", "legal_entity_id", name=op.f("pk_grant_of_role")),
    )


def _create_hold() -> None:
    op.create_table(
        "hold",
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("domain", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("code", sqltypes.AutoString(), nullable=False),
        sa.Column("woken_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("transaction_id", "domain", "legal_entity_id", "code", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index("ix_hold_awaited", ["domain", "code"], unique=False)
        batch_op.create_index(
            "ix_hold_woken",
            ["transaction_id"],
            unique=False,
            sqlite_where=sa.text("woken_at IS NOT NULL"),
            postgresql_where=sa.text("woken_at IS NOT NULL"),
        )


def _create_idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("request_sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column(
            "headers", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_recorded_at", "idempotency", ["recorded_at"], unique=False)


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("stream", sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqltypes.AutoString(), nullable=False),
        sa.Column("event_id", sqltypes.AutoString(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("type", sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("occurred_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("last_received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("received_count", sa.Integer(), nullable=False),
        sa.Column("payload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("acknowledged_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("needs_acknowledgement", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("source", "event_id", "generation", name=op.f("uq_inbox_source_event_id_generation")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_payload_id"), ["payload_id"], unique=False)
        batch_op.create_index("ix_inbox_subject", ["source", "subject"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbox_transaction_id"), ["transaction_id"], unique=False)
        batch_op.create_index(
            "ix_inbox_unacknowledged",
            ["connection", "id"],
            unique=False,
            sqlite_where=sa.text("needs_acknowledgement AND acknowledged_at IS NULL"),
            postgresql_where=sa.text("needs_acknowledgement AND acknowledged_at IS NULL"),
        )


def _create_incarnation() -> None:
    op.create_table(
        "incarnation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("host", sqltypes.AutoString(), nullable=False),
        sa.Column("process_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("heartbeat_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("is_lost", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incarnation")),
    )


def _create_ledger_balance() -> None:
    op.create_table(
        "ledger_balance",
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("cohort", sqltypes.AutoString(), nullable=False),
        sa.Column("posting_period", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("positive_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("negative_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint(
            "flow",
            "legal_entity_id",
            "currency",
            "cohort",
            "posting_period",
            "state",
            "reason",
            name=op.f("pk_ledger_balance"),
        ),
    )


def _create_ledger_movement() -> None:
    op.create_table(
        "ledger_movement",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("cohort", sqltypes.AutoString(), nullable=False),
        sa.Column("posting_period", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("positive_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("negative_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint(
            "day",
            "flow",
            "legal_entity_id",
            "currency",
            "cohort",
            "posting_period",
            "state",
            "reason",
            name=op.f("pk_ledger_movement"),
        ),
    )


def _create_lineage() -> None:
    op.create_table(
        "lineage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("from_state", sqltypes.AutoString(), nullable=False),
        sa.Column("to_state", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("failure_code", sqltypes.AutoString(), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("payload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("xid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
    )
    with op.batch_alter_table("lineage", schema=None) as batch_op:
        batch_op.create_index("ix_lineage_outbox", ["xid", "id"], unique=False, sqlite_where=sa.text("xid IS NOT NULL"))
        batch_op.create_index("ix_lineage_transaction", ["transaction_id", "id"], unique=False)


def _create_look_up() -> None:
    op.create_table(
        "look_up",
        sa.Column(
            "transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("business_reference", sqltypes.AutoString(), nullable=False),
        sa.Column("source_id", sqltypes.AutoString(), nullable=False),
        sa.Column("source_document_id", sqltypes.AutoString(), nullable=False),
        sa.Column("document_number", sqltypes.AutoString(), nullable=False),
        sa.Column("counterparty", sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_look_up")),
        sa.UniqueConstraint("business_reference", "flow", name=op.f("uq_look_up_business_reference_flow")),
    )
    with op.batch_alter_table("look_up", schema=None) as batch_op:
        batch_op.create_index("ix_look_up_amount", ["currency", "amount_minor", "transaction_id"], unique=False)
        batch_op.create_index("ix_look_up_counterparty", ["counterparty", "transaction_id"], unique=False)
        batch_op.create_index("ix_look_up_document_number", ["document_number"], unique=False)
        batch_op.create_index("ix_look_up_source_document_id", ["source_document_id"], unique=False)
        batch_op.create_index("ix_look_up_source_id", ["source_id"], unique=False)


def _create_master_data() -> None:
    op.create_table(
        "master_data",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("domain", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("code", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "attributes", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("source_updated_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_master_data")),
    )
    with op.batch_alter_table("master_data", schema=None) as batch_op:
        batch_op.create_index("ix_master_data_version", ["domain", "recorded_at"], unique=False)
        batch_op.create_index(
            "uq_master_data_current",
            ["domain", "legal_entity_id", "code"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )


def _create_pacing() -> None:
    op.create_table(
        "pacing",
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("calls_per_second", sa.Float(), nullable=True),
        sa.Column("burst", sa.Integer(), nullable=False),
        sa.Column("breaker", sqltypes.AutoString(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.Column("failing_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("opened_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("trip_count", sa.Integer(), nullable=False),
        sa.Column("proof_count", sa.Integer(), nullable=False),
        sa.Column("probe_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("recovered_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ramp_from", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("free_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ordinary_free_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("rests_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("learned_rate", sa.Float(), nullable=True),
        sa.Column("learned_until", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_pacing")),
    )


def _create_payload() -> None:
    op.create_table(
        "payload",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("content_type", sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("key_id", sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("erased_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payload")),
    )


def _create_person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("login", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("employee_ref", sqltypes.AutoString(), nullable=False),
        sa.Column("is_machine", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )


def _create_policy() -> None:
    op.create_table(
        "policy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("maker", sqltypes.AutoString(), nullable=False),
        sa.Column("checker", sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("approved_at", sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("checker IS NULL OR checker <> maker", name=op.f("ck_policy_four_eyes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("flow", "key", "version", name=op.f("uq_policy_flow_key_version")),
    )


def _create_posting() -> None:
    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("target", sqltypes.AutoString(), nullable=False),
        sa.Column("company", sqltypes.AutoString(), nullable=False),
        sa.Column("fiscal_year", sqltypes.AutoString(), nullable=False),
        sa.Column("document_type", sqltypes.AutoString(), nullable=False),
        sa.Column("number", sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqltypes.AutoString(), nullable=False),
        sa.Column("posting_date", sa.Date(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("total_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reverses", sqltypes.AutoString(), nullable=False),
        sa.Column("payment_status", sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint(
            "target",
            "company",
            "fiscal_year",
            "document_type",
            "number",
            name=op.f("uq_posting_target_company_fiscal_year_document_type_number"),
        ),
        sa.UniqueConstraint(
            "transaction_id", "reference", "reverses", name=op.f("uq_posting_transaction_id_reference_reverses")
        ),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index("ix_posting_number", ["number"], unique=False)
        batch_op.create_index("ix_posting_reference", ["reference"], unique=False)


def _create_schedule() -> None:
    op.create_table(
        "schedule",
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("stream", sqltypes.AutoString(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_scheduled_for", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "stream", name=op.f("pk_schedule")),
    )


def _create_sync_run() -> None:
    op.create_table(
        "sync_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("stream", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("scheduled_for", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("trigger", sqltypes.AutoString(), nullable=False),
        sa.Column("lease_owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lease_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("received_count", sa.Integer(), nullable=False),
        sa.Column("repeated_count", sa.Integer(), nullable=False),
        sa.Column("failure", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
        sa.UniqueConstraint(
            "connection", "stream", "scheduled_for", name=op.f("uq_sync_run_connection_stream_scheduled_for")
        ),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sync_run_waiting",
            ["scheduled_for", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )
        batch_op.create_index(
            "uq_sync_run_waiting",
            ["connection", "stream"],
            unique=True,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )


def _create_timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("met_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_timeline")),
    )


def _create_transaction() -> None:
    op.create_table(
        "transaction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("connection", sqltypes.AutoString(), nullable=False),
        sa.Column("target", sqltypes.AutoString(), nullable=False),
        sa.Column("source_system", sqltypes.AutoString(), nullable=False),
        sa.Column("source_id", sqltypes.AutoString(), nullable=False),
        sa.Column("source_document_id", sqltypes.AutoString(), nullable=False),
        sa.Column("document_number", sqltypes.AutoString(), nullable=False),
        sa.Column("counterparty", sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("business_reference", sqltypes.AutoString(), nullable=False),
        sa.Column("order_key", sqltypes.AutoString(), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cohort", sqltypes.AutoString(), nullable=False),
        sa.Column("posting_period", sqltypes.AutoString(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("approved_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("content_hash", sqltypes.AutoString(), nullable=False),
        sa.Column("marks", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("payload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("intents_payload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("linked_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("payment_status", sqltypes.AutoString(), nullable=False),
        sa.Column("recalled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reversal_wanted_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("priority_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lease_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("first_attempt_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_sent_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("inquire_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("absent_count", sa.Integer(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("sla_status", sqltypes.AutoString(), nullable=False),
        sa.Column("sla_next_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("flow_version", sqltypes.AutoString(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("mapping_version", sqltypes.AutoString(), nullable=False),
        sa.Column("master_data_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trace_context", sqltypes.AutoString(), nullable=False),
        sa.Column("overrides", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transaction")),
    )
    with op.batch_alter_table("transaction", schema=None) as batch_op:
        batch_op.create_index(
            "ix_transaction_inquire",
            ["inquire_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('in_doubt', 'awaiting_ack')"),
            postgresql_where=sa.text("state IN ('in_doubt', 'awaiting_ack')"),
        )
        batch_op.create_index(
            "ix_transaction_lease",
            ["target", "priority_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'ready' AND is_head"),
            postgresql_where=sa.text("state = 'ready' AND is_head"),
        )
        batch_op.create_index(
            "ix_transaction_urgent",
            ["target", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'ready' AND is_head"),
            postgresql_where=sa.text("state = 'ready' AND is_head"),
        )
        batch_op.create_index(
            "ix_transaction_aside",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('returned_to_source', 'reversed', 'cancelled', 'duplicate', 'superseded')"),
            postgresql_where=sa.text(
                "state IN ('returned_to_source', 'reversed', 'cancelled', 'duplicate', 'superseded')"
            ),
        )
        batch_op.create_index(
            "ix_transaction_late",
            ["flow", "legal_entity_id"],
            unique=False,
            sqlite_where=sa.text("sla_status = 'breached'"),
            postgresql_where=sa.text("sla_status = 'breached'"),
        )
        batch_op.create_index(
            "ix_transaction_order",
            ["order_key", "id"],
            unique=False,
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.create_index(
            "ix_transaction_reap",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'in_flight'"),
            postgresql_where=sa.text("state = 'in_flight'"),
        )
        batch_op.create_index(
            "ix_transaction_reverse",
            ["reversal_wanted_at", "id"],
            unique=False,
            sqlite_where=sa.text("reversal_wanted_at IS NOT NULL"),
            postgresql_where=sa.text("reversal_wanted_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_transaction_sla",
            ["sla_next_at", "id"],
            unique=False,
            sqlite_where=sa.text("sla_next_at IS NOT NULL"),
            postgresql_where=sa.text("sla_next_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_transaction_to_check",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        )


def _create_trial() -> None:
    op.create_table(
        "trial",
        sa.Column(
            "payload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("begun_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("payload_id", name=op.f("pk_trial")),
    )


def _create_webhook_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("endpoint", sqltypes.AutoString(), nullable=False),
        sa.Column("alert_key", sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("next_attempt_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("delivered_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("given_up_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_failure", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("endpoint", "alert_key", name=op.f("uq_webhook_delivery_endpoint_alert_key")),
    )
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhook_delivery_due",
            ["next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
        )
