"""The tables, as rows only: they come from domain values and validate nothing themselves."""

from control_plane.store.tables.break_glass import BreakGlassRow
from control_plane.store.tables.bulk import BulkItemRow, BulkOperationRow
from control_plane.store.tables.causes import CauseMergeRow, CauseNoteRow
from control_plane.store.tables.columns import BIG, JSON_VALUE, METADATA, UNRESOLVED
from control_plane.store.tables.comments import CommentRow, MentionRow
from control_plane.store.tables.connections import (
    ConnectionRow,
    ConsumerRow,
    CursorRow,
    IncarnationRow,
    PacingRow,
    ScheduleRow,
    SyncRunRow,
    TimelineRow,
    WebhookDeliveryRow,
)
from control_plane.store.tables.corrections import CorrectionRow, HandPostingRow
from control_plane.store.tables.desk import ApprovalRow, ExceptionCaseRow, HoldRow, MergeRow
from control_plane.store.tables.documents import (
    InboxRow,
    LineageRow,
    LookUpRow,
    PayloadRow,
    PostingRow,
    TransactionRow,
    TrialRow,
)
from control_plane.store.tables.failure_rules import FailureRuleRow, UnknownAnswerRow
from control_plane.store.tables.lists import BindingRow, MasterDataRow, PolicyRow
from control_plane.store.tables.money import BudgetUseRow, LedgerBalanceRow, LedgerMovementRow
from control_plane.store.tables.people import ApiKeyRow, AuditRow, GrantRow, IdempotencyRow, PersonRow
from control_plane.store.tables.presence import AbsenceRow, DelegationRow

__all__ = [
    "BIG",
    "JSON_VALUE",
    "METADATA",
    "UNRESOLVED",
    "AbsenceRow",
    "ApiKeyRow",
    "ApprovalRow",
    "AuditRow",
    "BindingRow",
    "BreakGlassRow",
    "BudgetUseRow",
    "BulkItemRow",
    "BulkOperationRow",
    "CauseMergeRow",
    "CauseNoteRow",
    "CommentRow",
    "ConnectionRow",
    "ConsumerRow",
    "CorrectionRow",
    "CursorRow",
    "DelegationRow",
    "ExceptionCaseRow",
    "FailureRuleRow",
    "GrantRow",
    "HandPostingRow",
    "HoldRow",
    "IdempotencyRow",
    "InboxRow",
    "IncarnationRow",
    "LedgerBalanceRow",
    "LedgerMovementRow",
    "LineageRow",
    "LookUpRow",
    "MasterDataRow",
    "MentionRow",
    "MergeRow",
    "PacingRow",
    "PayloadRow",
    "PersonRow",
    "PolicyRow",
    "PostingRow",
    "ScheduleRow",
    "SyncRunRow",
    "TimelineRow",
    "TransactionRow",
    "TrialRow",
    "UnknownAnswerRow",
    "WebhookDeliveryRow",
]
