"""What the client knows of the exception desk: exceptions, causes, approvals, corrections, bulk operations."""

from datetime import datetime

from pydantic import BaseModel

from control_plane.api.schemas import (
    ApprovalView,
    Because,
    BulkItemView,
    BulkOperationDetail,
    BulkOperationView,
    BulkPlan,
    CauseDetail,
    Causes,
    CorrectableFields,
    Correction,
    CorrectionView,
    DecisionOn,
    Deferral,
    DuplicateOf,
    ExceptionDetail,
    ExceptionFigures,
    ExceptionSummary,
    HandOver,
    MergeCause,
    MergeInto,
    NoteText,
    Page,
)
from control_plane.api.wire import FilterValue, Wire, path


class DeskClient(Wire):
    """The exception desk. Every method raises ApiError when it is refused."""

    # --- exceptions

    def exceptions(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[ExceptionSummary]:
        """Return a page of exceptions, those due first on top.

        Filters: `mine`, `is_claimed`, `is_offered_to_me`, `is_open` (default true), `team`, `state`, `flow`,
        `legal_entity_id`, `code`, `kind`, `fingerprint`, `record_domain`, `record_code`, `connection`, `q` (an
        identifier of the document).
        """
        return self.get(Page[ExceptionSummary], path("exceptions"), cursor=cursor, limit=limit, **filters)

    def exception_figures(self, **filters: FilterValue) -> ExceptionFigures:
        """Return the three numbers above the exceptions. Filters: `team`, `legal_entity_id`, `flow`."""
        return self.get(ExceptionFigures, path("exceptions", "figures"), **filters)

    def exception(self, exception_id: str) -> ExceptionDetail:
        """Return one exception with its document and what the asker may do now."""
        return self.get(ExceptionDetail, path("exceptions", exception_id))

    def claim(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Take an exception; fifty who try at once get one winner."""
        return self._deal(exception_id, "claim", revision)

    def keep_open(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Say that its form is open: the claim does not run out meanwhile."""
        return self._deal(exception_id, "keep-open", revision)

    def start_work(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Work on it: the claim stands as long as the work does."""
        return self._deal(exception_id, "start-work", revision)

    def give_back(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Let go of a claimed exception."""
        return self._deal(exception_id, "give-back", revision)

    def defer(self, exception_id: str, *, revision: int, reason: str, wake_at: datetime) -> ExceptionDetail:
        """Put it aside until a moment."""
        return self._deal(exception_id, "defer", revision, Deferral(reason=reason, wake_at=wake_at))

    def hand_over(
        self, exception_id: str, *, revision: int, reason: str, person: str = "", team: str = ""
    ) -> ExceptionDetail:
        """Hand it over to a person or to a team; it stays with the giver until somebody accepts it."""
        return self._deal(exception_id, "hand-over", revision, HandOver(reason=reason, person=person, team=team))

    def accept_hand_over(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Accept what is handed over."""
        return self._deal(exception_id, "accept-hand-over", revision)

    def refuse_hand_over(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Refuse what is handed over, or take back what one hands over."""
        return self._deal(exception_id, "refuse-hand-over", revision, Because(reason=reason))

    def retry(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Let the document go on; only evidence resolves the exception."""
        return self._deal(exception_id, "retry", revision, Because(reason=reason))

    def return_to_source(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Give the document back to the system that it came from."""
        return self._deal(exception_id, "return-to-source", revision, Because(reason=reason))

    def release(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Lift a hold, as an approver."""
        return self._deal(exception_id, "release", revision, Because(reason=reason))

    def declare_duplicate(
        self, exception_id: str, *, revision: int, reason: str, transaction_id: str
    ) -> ExceptionDetail:
        """Declare the document the repetition of another one, as an approver."""
        body = DuplicateOf(reason=reason, transaction_id=transaction_id)
        return self._deal(exception_id, "declare-duplicate", revision, body)

    def merge(self, exception_id: str, *, revision: int, reason: str, into: str) -> ExceptionDetail:
        """Tell it in another one."""
        return self._deal(exception_id, "merge", revision, MergeInto(reason=reason, into=into))

    def un_merge(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Take it out of the one in which it is told, for good."""
        return self._deal(exception_id, "un-merge", revision, Because(reason=reason))

    def close_exception(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Close what is resolved for good, as a controller."""
        return self._deal(exception_id, "close", revision, Because(reason=reason))

    def _deal(self, exception_id: str, deed: str, revision: int, body: BaseModel | None = None) -> ExceptionDetail:
        return self.act(ExceptionDetail, path("exceptions", exception_id, deed), revision, body)

    # --- corrections

    def correctable_fields(self, exception_id: str) -> CorrectableFields:
        """Return what of the document may be corrected, and what it says now."""
        return self.get(CorrectableFields, path("exceptions", exception_id, "correctable-fields"))

    def propose_correction(self, exception_id: str, *, revision: int, correction: Correction) -> ApprovalView:
        """Correct the document: at once where one person may, else as a proposal for a second one."""
        return self.act(ApprovalView, path("exceptions", exception_id, "propose-correction"), revision, correction)

    def correction(self, transaction_id: str) -> CorrectionView:
        """Return what was corrected in this version."""
        return self.get(CorrectionView, path("transactions", transaction_id, "correction"))

    # --- causes

    def causes(self, **filters: FilterValue) -> Causes:
        """Return what open exceptions have in common. Filters: `team`, `legal_entity_id`, `flow`, `code`."""
        return self.get(Causes, path("causes"), **filters)

    def cause(self, fingerprint: str) -> CauseDetail:
        """Return everything that is known of one cause."""
        return self.get(CauseDetail, path("causes", fingerprint))

    def note_cause(self, fingerprint: str, *, revision: int, text: str) -> CauseDetail:
        """Write a note that stays with the cause."""
        return self.act(CauseDetail, path("causes", fingerprint, "note"), revision, NoteText(text=text))

    def merge_cause(self, fingerprint: str, *, revision: int, reason: str, into: str) -> CauseDetail:
        """Tell the cause in another one."""
        return self.act(
            CauseDetail, path("causes", fingerprint, "merge"), revision, MergeCause(reason=reason, into=into)
        )

    def unmerge_cause(self, fingerprint: str, *, revision: int, reason: str) -> CauseDetail:
        """Take the cause out of the one in which it is told, for good."""
        return self.act(CauseDetail, path("causes", fingerprint, "unmerge"), revision, Because(reason=reason))

    # --- approvals

    def approvals(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[ApprovalView]:
        """Return a page of proposals, the one that waits longest on top.

        Filters: `kind`, `legal_entity_id`, `state` (default open), `mine`, `waiting_for_me`.
        """
        return self.get(Page[ApprovalView], path("approvals"), cursor=cursor, limit=limit, **filters)

    def approval(self, approval_id: str) -> ApprovalView:
        """Return one proposal with what the asker may do."""
        return self.get(ApprovalView, path("approvals", approval_id))

    def approve(self, approval_id: str, *, revision: int, reason: str, content_sha256: str) -> ApprovalView:
        """Agree to exactly this content: it is done at once."""
        body = DecisionOn(reason=reason, content_sha256=content_sha256)
        return self.act(ApprovalView, path("approvals", approval_id, "approve"), revision, body)

    def refuse(self, approval_id: str, *, revision: int, reason: str, content_sha256: str) -> ApprovalView:
        """Disagree with exactly this content."""
        body = DecisionOn(reason=reason, content_sha256=content_sha256)
        return self.act(ApprovalView, path("approvals", approval_id, "refuse"), revision, body)

    def withdraw(self, approval_id: str, *, revision: int, reason: str) -> ApprovalView:
        """Take the own proposal back."""
        return self.act(ApprovalView, path("approvals", approval_id, "withdraw"), revision, Because(reason=reason))

    # --- bulk operations

    def plan_bulk(self, plan: BulkPlan) -> BulkOperationDetail:
        """Freeze what fits now; above a governed limit a second person has to agree before it starts."""
        return self.send(BulkOperationDetail, path("bulk-operations"), plan)

    def bulk_operations(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[BulkOperationView]:
        """Return a page of bulk operations, newest first. Filters: `state`, `act`, `mine`."""
        return self.get(Page[BulkOperationView], path("bulk-operations"), cursor=cursor, limit=limit, **filters)

    def bulk_operation(self, operation_id: str) -> BulkOperationDetail:
        """Return one bulk operation: its plan, how far it is, and what the asker may do."""
        return self.get(BulkOperationDetail, path("bulk-operations", operation_id))

    def bulk_items(
        self, operation_id: str, *, cursor: str = "", limit: int = 50, **filters: FilterValue
    ) -> Page[BulkItemView]:
        """Return a page of its items in the order in which they are done. Filter: `state`."""
        where = path("bulk-operations", operation_id, "items")
        return self.get(Page[BulkItemView], where, cursor=cursor, limit=limit, **filters)

    def start_bulk(self, operation_id: str, *, revision: int, reason: str) -> BulkOperationDetail:
        """Begin with a single document."""
        return self._steer(operation_id, "start", revision, reason)

    def pause_bulk(self, operation_id: str, *, revision: int, reason: str) -> BulkOperationDetail:
        """Begin nothing more; what is on its way comes to its end."""
        return self._steer(operation_id, "pause", revision, reason)

    def resume_bulk(self, operation_id: str, *, revision: int, reason: str) -> BulkOperationDetail:
        """Go on, with a single document first."""
        return self._steer(operation_id, "resume", revision, reason)

    def cancel_bulk(self, operation_id: str, *, revision: int, reason: str) -> BulkOperationDetail:
        """End it for good: what was not begun is skipped."""
        return self._steer(operation_id, "cancel", revision, reason)

    def _steer(self, operation_id: str, deed: str, revision: int, reason: str) -> BulkOperationDetail:
        where = path("bulk-operations", operation_id, deed)
        return self.act(BulkOperationDetail, where, revision, Because(reason=reason))
