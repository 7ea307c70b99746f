"""What the client knows of people's duties: who decides, many things at once, who is away."""

from control_plane.api.schemas import (
    ApprovalView,
    Away,
    Because,
    BulkItemView,
    BulkOperationDetail,
    BulkOperationView,
    BulkPlan,
    DecisionOn,
    Delegate,
    Page,
    Presence,
)
from control_plane.api.wire import FilterValue, Wire, path


class DutiesClient(Wire):
    """Approvals, bulk operations and presence. Every method raises ApiError when it is refused."""

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

    # --- who is away

    def presence(self) -> Presence:
        """Return who is away or will be, and who does whose work."""
        return self.get(Presence, path("absences"))

    def be_away(self, away: Away) -> Presence:
        """Be away for a while."""
        return self.send(Presence, path("absences"), away)

    def be_back(self, absence_id: str, *, reason: str) -> Presence:
        """Be back earlier, or not go at all."""
        return self.send(Presence, path("absences", absence_id, "end"), Because(reason=reason))

    def delegate(self, wanted: Delegate) -> Presence:
        """Let a colleague do the work for a while."""
        return self.send(Presence, path("delegations"), wanted)

    def end_delegation(self, delegation_id: str, *, reason: str) -> Presence:
        """Let everybody do their own work again."""
        return self.send(Presence, path("delegations", delegation_id, "end"), Because(reason=reason))
