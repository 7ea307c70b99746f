"""Make the tables of the exception desk."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql import sqltypes

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

_OPEN: Final = sa.text("state = 'open'")
_WAIVED: Final = sa.text("state = 'waived'")

_DECIDES: Final = """
    OLD.state = 'open' AND NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.subject_type = OLD.subject_type
    AND NEW.subject_id = OLD.subject_id AND NEW.legal_entity_id = OLD.legal_entity_id
    AND CAST(NEW.content AS TEXT) = CAST(OLD.content AS TEXT) AND NEW.content_sha256 = OLD.content_sha256
    AND NEW.amount_minor = OLD.amount_minor AND NEW.maker_id = OLD.maker_id
    AND NEW.maker_employee_ref = OLD.maker_employee_ref AND NEW.beneficiary = OLD.beneficiary
"""
"""A proposal is decided once, as it was proposed."""


def upgrade() -> None:
    for create in (
        _widen_inbox,
        _widen_exception_case,
        _create_merge,
        _index_audit,
        _create_approval,
        _widen_person,
        _widen_grant_of_role,
        _create_bulk,
        _add_records_of_causes,
        _create_causes,
        _create_failure_rules,
        _create_break_glass,
        _create_correction,
        _create_hand_posting,
        _create_presence,
        _create_comments,
    ):
        create()
    for guard in (*_GUARDS[op.get_bind().dialect.name], *_guards_of_decisions(op.get_bind().dialect.name)):
        op.execute(guard)


def downgrade() -> None:
    with op.batch_alter_table("grant_of_role") as batch_op:
        batch_op.drop_column("limit_minor")
        batch_op.drop_column("valid_until")
    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_constraint(op.f("ck_person_reports_to_another"))
        batch_op.drop_column("reports_to")
    _drop_records_of_causes()
    _narrow_exception_case()
    op.drop_index("ix_inbox_unread", "inbox")
    op.drop_column("inbox", "is_unread")
    for name in _AUDIT_INDEXES:
        op.drop_index(name, "audit")
    for table in (
        *_DECISIONS,
        "hand_posting",
        "break_glass",
        "unknown_answer",
        "bulk_item",
        "bulk_operation",
        "merge",
        "approval",
        "mention",
        "delegation",
        "absence",
    ):
        op.drop_table(table)


_GUARDS: Final = {
    "sqlite": (
        f"""
        CREATE TRIGGER approval_is_only_decided BEFORE UPDATE ON approval WHEN ({_DECIDES}) IS NOT TRUE
        BEGIN SELECT RAISE(ABORT, 'approval is_only_decided'); END
        """,
        """
        CREATE TRIGGER approval_is_never_deleted BEFORE DELETE ON approval
        BEGIN SELECT RAISE(ABORT, 'approval is_never_deleted'); END
        """,
        """
        CREATE TRIGGER approval_is_never_replaced BEFORE INSERT ON approval
        WHEN EXISTS (SELECT 1 FROM approval WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'approval is_never_replaced'); END
        """,
    ),
    "postgresql": (
        f"""
        CREATE TRIGGER approval_is_only_decided BEFORE UPDATE ON approval FOR EACH ROW
        WHEN (({_DECIDES}) IS NOT TRUE) EXECUTE FUNCTION refuse_change()
        """,
        """
        CREATE TRIGGER approval_is_never_deleted BEFORE DELETE ON approval FOR EACH ROW
        EXECUTE FUNCTION refuse_change()
        """,
        """
        CREATE TRIGGER approval_is_never_emptied BEFORE TRUNCATE ON approval FOR EACH STATEMENT
        EXECUTE FUNCTION refuse_change()
        """,
    ),
}


_DECISIONS: Final = ("comment", "cause_merge", "cause_note", "failure_rule", "correction")
"""Tables that are only ever added to."""


def _guards_of_decisions(dialect: str) -> Iterator[str]:
    for table in _DECISIONS:
        if dialect == "sqlite":
            for what, event, when in (
                ("is_append_only", "UPDATE", "TRUE"),
                ("is_never_deleted", "DELETE", "TRUE"),
                ("is_never_replaced", "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"),  # noqa: S608  (our own names)
            ):
                yield f"""
                    CREATE TRIGGER {table}_{what} BEFORE {event} ON {table} WHEN {when}
                    BEGIN SELECT RAISE(ABORT, '{table} {what}'); END
                """
        else:
            for what, event, each in (
                ("is_append_only", "UPDATE", "ROW"),
                ("is_never_deleted", "DELETE", "ROW"),
                ("is_never_emptied", "TRUNCATE", "STATEMENT"),
            ):
                yield f"""
                    CREATE TRIGGER {table}_{what} BEFORE {event} ON {table} FOR EACH {each}
                    EXECUTE FUNCTION refuse_change()
                """


def _widen_inbox() -> None:
    unread = sa.text("is_unread")
    op.add_column("inbox", sa.Column("is_unread", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_inbox_unread", "inbox", ["id"], unique=False, sqlite_where=unread, postgresql_where=unread)


def _widen_person() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(sa.Column("reports_to", big, nullable=True))
        batch_op.create_check_constraint(op.f("ck_person_reports_to_another"), "reports_to IS NULL OR reports_to <> id")


def _widen_grant_of_role() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("grant_of_role") as batch_op:
        batch_op.add_column(sa.Column("limit_minor", big, nullable=True))
        batch_op.add_column(sa.Column("valid_until", sqltypes.UTCDateTime(), nullable=True))


def _create_approval() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("subject_type", sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason_code", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("beneficiary", sqltypes.AutoString(), nullable=False),
        sa.Column(
            "barred", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("maker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("maker", sqltypes.AutoString(), nullable=False),
        sa.Column("maker_employee_ref", sqltypes.AutoString(), nullable=False),
        sa.Column("proposed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("checker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("checker", sqltypes.AutoString(), nullable=False),
        sa.Column("checker_employee_ref", sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("decision_reason", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('approved', 'refused')) = (checker_id IS NOT NULL)",
            name=op.f("ck_approval_decided_by_somebody"),
        ),
        sa.CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name=op.f("ck_approval_four_eyes")),
        sa.CheckConstraint(
            "checker_employee_ref = '' OR checker_employee_ref <> maker_employee_ref",
            name=op.f("ck_approval_two_persons"),
        ),
        sa.CheckConstraint(
            "checker_employee_ref = '' OR checker_employee_ref <> beneficiary",
            name=op.f("ck_approval_not_for_oneself"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index("ix_approval_maker_id", ["maker_id"], unique=False)
        batch_op.create_index("ix_approval_subject", ["subject_type", "subject_id"], unique=False)
        batch_op.create_index(
            "ix_approval_waiting",
            ["legal_entity_id", "proposed_at"],
            unique=False,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )
        batch_op.create_index(
            "ix_approval_waived",
            ["maker_id", "kind", "proposed_at"],
            unique=False,
            sqlite_where=_WAIVED,
            postgresql_where=_WAIVED,
        )
        batch_op.create_index(
            "uq_approval_open",
            ["kind", "subject_type", "subject_id"],
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )


_CASE_RULES: Final = {
    "merged_into_another": "state <> 'merged' OR merged_into IS NOT NULL",
    "not_merged_into_itself": "merged_into IS NULL OR merged_into <> id",
    "deferred_wakes": "state <> 'deferred' OR (wake_at IS NOT NULL AND defer_reason <> '')",
    "resolved_by_evidence": "state <> 'resolved' OR evidence <> ''",
    "worked_on_by_somebody": (
        "state NOT IN ('assigned', 'in_progress', 'deferred', 'pending_approval') OR claimed_by IS NOT NULL"
    ),
}
_CASE_INDEXES: Final[Mapping[str, tuple[list[str], str]]] = {
    "ix_exception_case_offer": (["offer_expires_at"], "offer_expires_at IS NOT NULL"),
    "ix_exception_case_wake": (["wake_at"], "wake_at IS NOT NULL"),
    "ix_exception_case_closing": (["closes_at"], "closes_at IS NOT NULL"),
    "ix_exception_case_merged": (["merged_into"], "merged_into IS NOT NULL"),
    "ix_exception_case_unclaimed": (["routing_version", "id"], "state = 'new'"),
}
"""Each over the few rows of its condition."""


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _case_columns() -> list[sa.Column[Any]]:  # of several types
    texts = ("routed_by", "business_owner", "offered_team", "defer_reason")
    return [
        *(sa.Column(name, sqltypes.AutoString(), nullable=False, server_default="") for name in texts),
        *(sa.Column(name, _big(), nullable=True) for name in ("former_id", "offered_to", "merged_into")),
        *(sa.Column(name, sqltypes.UTCDateTime(), nullable=True) for name in _CASE_MOMENTS),
        sa.Column("regression_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("routing_version", sa.Integer(), nullable=True, server_default="0"),
    ]


_CASE_MOMENTS: Final = ("claimed_at", "offer_expires_at", "closes_at")


def _widen_exception_case() -> None:
    op.execute("UPDATE exception_case SET evidence = 'not recorded' WHERE state = 'resolved' AND evidence = ''")
    with op.batch_alter_table("exception_case", schema=None) as batch_op:
        for column in _case_columns():
            batch_op.add_column(column)
        for name, rule in _CASE_RULES.items():
            batch_op.create_check_constraint(batch_op.f(f"ck_exception_case_{name}"), rule)
        batch_op.create_index(batch_op.f("ix_exception_case_offered_to"), ["offered_to"], unique=False)
        for name, (columns, condition) in _CASE_INDEXES.items():
            where = sa.text(condition)
            batch_op.create_index(name, columns, unique=False, sqlite_where=where, postgresql_where=where)


def _narrow_exception_case() -> None:
    with op.batch_alter_table("exception_case", schema=None) as batch_op:
        for name in ("ix_exception_case_offered_to", *_CASE_INDEXES):
            batch_op.drop_index(name)
        for name in _CASE_RULES:
            batch_op.drop_constraint(batch_op.f(f"ck_exception_case_{name}"), type_="check")
        for column in _case_columns():
            batch_op.drop_column(column.name)


def _create_merge() -> None:
    op.create_table(
        "merge",
        sa.Column("case_id", _big(), nullable=False),
        sa.Column("into_id", _big(), nullable=False),
        sa.Column("merged_by", sqltypes.AutoString(), nullable=False),
        sa.Column("merged_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("unmerged_by", sqltypes.AutoString(), nullable=False),
        sa.Column("unmerged_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("unmerge_reason", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "into_id", name=op.f("pk_merge")),
    )


def _index_audit() -> None:
    for name, columns in _AUDIT_INDEXES.items():
        op.create_index(name, "audit", columns, unique=False)


_AUDIT_INDEXES: Final = {
    "ix_audit_object": ["object_type", "object_id", "seq"],
    "ix_audit_actor": ["actor_id", "occurred_at"],
}


def _create_bulk() -> None:
    op.create_table(
        "bulk_operation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("act", sqltypes.AutoString(), nullable=False),
        sa.Column(
            "parameters", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("set_sha256", sqltypes.AutoString(), nullable=False),
        sa.Column(
            "plan", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "limits", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("approval_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("maker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("maker", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_size", sa.Integer(), nullable=False),
        sa.Column("stop_reason", sqltypes.AutoString(), nullable=False),
        sa.Column("sentence", sqltypes.AutoString(), nullable=False),
        sa.Column("planned_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("updated_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("item_count > 0", name=op.f("ck_bulk_operation_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_operation")),
    )
    op.create_table(
        "bulk_item",
        sa.Column("operation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("document", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqltypes.AutoString(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("code", sqltypes.AutoString(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("is_same_failure", sa.Boolean(), nullable=False),
        sa.Column("sentence", sqltypes.AutoString(), nullable=False),
        sa.Column("updated_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "position", name=op.f("pk_bulk_item")),
    )
    running, held = sa.text("state = 'running'"), sa.text("is_held")
    with op.batch_alter_table("bulk_operation", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_operation_maker", ["maker_id", "act", "planned_at"], unique=False)
        batch_op.create_index(
            "ix_bulk_operation_at_work", ["id"], unique=False, sqlite_where=running, postgresql_where=running
        )
    with op.batch_alter_table("bulk_item", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_item_case", ["case_id"], unique=False)
        batch_op.create_index("ix_bulk_item_state", ["operation_id", "state", "position"], unique=False)
        batch_op.create_index("ix_bulk_item_step", ["operation_id", "step", "state"], unique=False)
        batch_op.create_index(
            "ix_bulk_item_running",
            ["operation_id", "position"],
            unique=False,
            sqlite_where=running,
            postgresql_where=running,
        )
        batch_op.create_index("uq_bulk_item_held", ["case_id"], unique=True, sqlite_where=held, postgresql_where=held)


_LIVE_CASE: Final = sa.text("state NOT IN ('resolved', 'closed', 'cancelled', 'merged')")
_RESOLVED_CASE: Final = sa.text("resolved_at IS NOT NULL")
_RECORD: Final = ("record_domain", "record_code")
_BY_CAUSE: Final = ("fingerprint", *_RECORD)
_TOLD_OF_CAUSES: Final = (
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
)
_WORTH: Final = (
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
)
_DESK_INDEXES: Final = {
    "ix_exception_case_grouped": ((*_BY_CAUSE, *_TOLD_OF_CAUSES), _LIVE_CASE),
    "ix_exception_case_cured": ((*_BY_CAUSE, "resolved_at"), _RESOLVED_CASE),
    "ix_exception_case_worth": (_WORTH, _LIVE_CASE),
    "ix_exception_case_resolved": (("resolved_at",), _RESOLVED_CASE),
    "ix_exception_case_opened": (("opened_at",), None),
}


def _add_records_of_causes() -> None:
    with op.batch_alter_table("exception_case", schema=None) as batch_op:
        for name in _RECORD:
            batch_op.add_column(sa.Column(name, sqltypes.AutoString(), nullable=False, server_default=""))
        for name, (columns, where) in _DESK_INDEXES.items():
            batch_op.create_index(name, list(columns), unique=False, sqlite_where=where, postgresql_where=where)


def _drop_records_of_causes() -> None:
    with op.batch_alter_table("exception_case", schema=None) as batch_op:
        for name in _DESK_INDEXES:
            batch_op.drop_index(name)
        for name in _RECORD:
            batch_op.drop_column(name)


def _create_causes() -> None:
    op.create_table(
        "cause_note",
        sa.Column("id", _big(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("author_id", _big(), nullable=False),
        sa.Column("author", sqltypes.AutoString(), nullable=False),
        sa.Column("written_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cause_note")),
    )
    op.create_index("ix_cause_note_fingerprint", "cause_note", ["fingerprint"], unique=False)
    op.create_table(
        "cause_merge",
        sa.Column("id", _big(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("into_fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("is_merged", sa.Boolean(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", _big(), nullable=False),
        sa.Column("person", sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("fingerprint <> into_fingerprint", name=op.f("ck_cause_merge_of_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cause_merge")),
    )
    for column in ("fingerprint", "into_fingerprint"):
        op.create_index(f"ix_cause_merge_{column}", "cause_merge", [column], unique=False)


def _create_failure_rules() -> None:
    op.create_table(
        "failure_rule",
        sa.Column("id", _big(), autoincrement=False, nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sqltypes.AutoString(), nullable=False)
            for name in ("connection", "answer_code", "pattern", "code")
        ),
        sa.Column(
            "values", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("maker_id", _big(), nullable=False),
        sa.Column("maker", sqltypes.AutoString(), nullable=False),
        sa.Column("checker_id", _big(), nullable=False),
        sa.Column("checker", sqltypes.AutoString(), nullable=False),
        sa.Column("approved_at", sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("checker_id <> maker_id", name=op.f("ck_failure_rule_four_eyes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure_rule")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_failure_rule_name_version")),
    )
    op.create_table(
        "unknown_answer",
        sa.Column("id", _big(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sqltypes.AutoString(), nullable=False)
            for name in ("connection", "answer_code", "text_sha256", "text", "field_path")
        ),
        sa.Column("transaction_id", _big(), nullable=True),
        sa.Column("count", _big(), nullable=False),
        sa.Column("first_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("last_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unknown_answer")),
        sa.UniqueConstraint(
            "connection",
            "answer_code",
            "text_sha256",
            name=op.f("uq_unknown_answer_connection_answer_code_text_sha256"),
        ),
    )


def _create_break_glass() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    unreviewed = sa.text("reviewed_at IS NULL")
    op.create_table(
        "break_glass",
        sa.Column("id", big, autoincrement=False, nullable=False),
        sa.Column("person_id", big, nullable=False),
        sa.Column("login", sqltypes.AutoString(), nullable=False),
        sa.Column("employee_ref", sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqltypes.AutoString(), nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("began_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reviewed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reviewer_id", big, nullable=True),
        sa.Column("reviewer", sqltypes.AutoString(), nullable=False),
        sa.Column("reviewer_employee_ref", sqltypes.AutoString(), nullable=False),
        sa.Column("was_justified", sa.Boolean(), nullable=True),
        sa.Column("review_reason", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("reviewer_id IS NULL OR reviewer_id <> person_id", name=op.f("ck_break_glass_four_eyes")),
        sa.CheckConstraint(
            "reviewer_employee_ref = '' OR reviewer_employee_ref <> employee_ref",
            name=op.f("ck_break_glass_two_persons"),
        ),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (reviewer_id IS NULL)", name=op.f("ck_break_glass_reviewed_by_somebody")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_break_glass_has_a_reason")),
        sa.CheckConstraint("ends_at > began_at", name=op.f("ck_break_glass_ends")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )
    op.create_index("ix_break_glass_person_id", "break_glass", ["person_id"], unique=False)
    op.create_index(
        "ix_break_glass_unreviewed",
        "break_glass",
        ["began_at", "id"],
        unique=False,
        sqlite_where=unreviewed,
        postgresql_where=unreviewed,
    )


def _create_correction() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "correction",
        sa.Column("id", big, autoincrement=False, nullable=False),
        sa.Column("transaction_id", big, nullable=False),
        sa.Column("corrects_id", big, nullable=False),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("payload_id", big, nullable=False),
        sa.Column("reason_code", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("maker_id", big, nullable=False),
        sa.Column("maker", sqltypes.AutoString(), nullable=False),
        sa.Column("approval_id", big, nullable=False),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_correction_transaction_id")),
    )
    op.create_index("ix_correction_corrects_id", "correction", ["corrects_id"], unique=False)


def _create_hand_posting() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    unsettled = sa.text("settled_at IS NULL")
    op.create_table(
        "hand_posting",
        sa.Column("approval_id", big, nullable=False),
        sa.Column("transaction_id", big, nullable=False),
        sa.Column("target", sqltypes.AutoString(), nullable=False),
        sa.Column(
            "numbers", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("posting_date", sa.Date(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("by", sqltypes.AutoString(), nullable=False),
        sa.Column("wanted_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("asked_count", sa.Integer(), nullable=False),
        sa.Column("settled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("answer", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_hand_posting")),
    )
    op.create_index("ix_hand_posting_transaction_id", "hand_posting", ["transaction_id"], unique=False)
    op.create_index(
        "ix_hand_posting_wanted",
        "hand_posting",
        ["wanted_at"],
        unique=False,
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )


def _create_presence() -> None:
    for table, persons in (("absence", ("person_id",)), ("delegation", ("person_id", "to_id"))):
        rules = [sa.CheckConstraint("starts_at < ends_at", name=op.f(f"ck_{table}_lasts"))]
        if "to_id" in persons:
            rules.append(sa.CheckConstraint("to_id <> person_id", name=op.f("ck_delegation_to_another")))
        op.create_table(
            table,
            sa.Column("id", _big(), autoincrement=False, nullable=False),
            *(sa.Column(name, _big(), nullable=False) for name in persons),
            sa.Column("starts_at", sqltypes.UTCDateTime(), nullable=False),
            sa.Column("ends_at", sqltypes.UTCDateTime(), nullable=False),
            sa.Column("reason", sqltypes.AutoString(), nullable=False),
            sa.Column("recorded_by", sqltypes.AutoString(), nullable=False),
            sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
            *rules,
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
    op.create_index("ix_absence_person", "absence", ["person_id", "ends_at"], unique=False)
    op.create_index("ix_delegation_to", "delegation", ["to_id", "ends_at"], unique=False)
    op.create_index("ix_delegation_person", "delegation", ["person_id", "ends_at"], unique=False)


def _create_comments() -> None:
    op.create_table(
        "comment",
        sa.Column("id", _big(), autoincrement=False, nullable=False),
        sa.Column("order_key", sqltypes.AutoString(), nullable=False),
        sa.Column("transaction_id", _big(), nullable=True),
        sa.Column("exception_id", _big(), nullable=True),
        sa.Column("legal_entity_id", sqltypes.AutoString(), nullable=False),
        sa.Column("author_id", _big(), nullable=False),
        sa.Column("author", sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("written_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_table(
        "mention",
        sa.Column("person_id", _big(), nullable=False),
        sa.Column("comment_id", _big(), nullable=False),
        sa.Column("read_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "comment_id", name=op.f("pk_mention")),
    )
    named, unread = sa.text("order_key <> ''"), sa.text("read_at IS NULL")
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.create_index("ix_comment_exception", ["exception_id", "id"], unique=False)
        batch_op.create_index(
            "ix_comment_order_key", ["order_key", "id"], unique=False, sqlite_where=named, postgresql_where=named
        )
    op.create_index(
        "ix_mention_unread",
        "mention",
        ["person_id", "comment_id"],
        unique=False,
        sqlite_where=unread,
        postgresql_where=unread,
    )
