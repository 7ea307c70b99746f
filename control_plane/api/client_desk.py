"""What the client knows of the exception desk: exceptions, causes, corrections, and what people say."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from control_plane.api.schemas import (
    ApprovalView,
    Because,
    CauseDetail,
    Causes,
    Comments,
    CommentText,
    CommentWritten,
    CorrectableFields,
    Correction,
    CorrectionView,
    Deferral,
    DuplicateOf,
    ExceptionDetail,
    ExceptionFigures,
    ExceptionSummary,
    HandOver,
    HandPosting,
    ListedAnswer,
    ListedClaim,
    ListedHandOver,
    MergeCause,
    MergeInto,
    NoteText,
    Page,
    Replies,
    ShiftSummary,
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

    # --- pasted lists

    def claim_listed(self, identifiers: Sequence[str]) -> ListedAnswer:
        """Claim what a pasted list (at most 200) names, each by itself."""
        return self.send(ListedAnswer, path("exceptions", "claim-listed"), ListedClaim(identifiers=list(identifiers)))

    def hand_over_listed(
        self, identifiers: Sequence[str], *, reason: str, person: str = "", team: str = ""
    ) -> ListedAnswer:
        """Hand over what a pasted list (at most 200) names; what nobody has is claimed first."""
        body = ListedHandOver(identifiers=list(identifiers), reason=reason, person=person, team=team)
        return self.send(ListedAnswer, path("exceptions", "hand-over-listed"), body)

    # --- what people say

    def comments(self, exception_id: str, *, cursor: str = "", limit: int = 50) -> Comments:
        """Return what was said about an exception and all versions of its document, newest first."""
        return self.get(Comments, path("exceptions", exception_id, "comments"), cursor=cursor, limit=limit)

    def comment(self, exception_id: str, text: str) -> CommentWritten:
        """Say something about an exception; `@login` names somebody who is told."""
        return self.send(CommentWritten, path("exceptions", exception_id, "comments"), CommentText(text=text))

    def mentions(self) -> Comments:
        """Return the comments that name the asker and that they have not read, newest first."""
        return self.get(Comments, path("mentions"))

    def read_mention(self, comment_id: str) -> Comments:
        """Say that a comment was read; return those that are left."""
        return self.send(Comments, path("mentions", comment_id, "read"))

    def replies(self, exception_id: str) -> Replies:
        """Return the letters about a document, with its values in them; nothing is sent."""
        return self.get(Replies, path("exceptions", exception_id, "replies"))

    def shift_summary(self, since: datetime, **filters: FilterValue) -> ShiftSummary:
        """Return what one shift hands to the next. Filters: `team`, `legal_entity_id`, `flow`."""
        return self.get(ShiftSummary, path("shift-summary"), since=since, **filters)

    # --- corrections

    def correctable_fields(self, exception_id: str) -> CorrectableFields:
        """Return what of the document may be corrected, and what it says now."""
        return self.get(CorrectableFields, path("exceptions", exception_id, "correctable-fields"))

    def propose_correction(self, exception_id: str, *, revision: int, correction: Correction) -> ApprovalView:
        """Correct the document: at once where one person may, else as a proposal for a second one."""
        return self.act(ApprovalView, path("exceptions", exception_id, "propose-correction"), revision, correction)

    def propose_hand_posting(self, exception_id: str, *, revision: int, posting: HandPosting) -> ApprovalView:
        """Say what became of the document in the target's books, for a second person."""
        return self.act(ApprovalView, path("exceptions", exception_id, "propose-hand-posting"), revision, posting)

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
