"""What the client knows of rules and rights: who may what, what holds for all, and how it changes."""

from control_plane.api.schemas import (
    AccessProposal,
    Because,
    BindingProposal,
    Bindings,
    BreakGlassDetail,
    BreakGlasses,
    Emergency,
    FailureRuleDraft,
    FailureRuleProposal,
    FailureRules,
    FailureRuleTrial,
    FlowValueProposal,
    GroupValue,
    GroupValueProposal,
    People,
    Proposed,
    Review,
    RoutingTrial,
    RoutingTrialAnswer,
)
from control_plane.api.wire import FilterValue, Wire, path


class RulesClient(Wire):
    """Access, break-glass, rules and governed values. Every method raises ApiError when it is refused."""

    # --- access

    def people(self) -> People:
        """Return everybody who is known, with their access."""
        return self.get(People, path("people"))

    def propose_access(self, login: str, proposal: AccessProposal) -> Proposed:
        """Propose whom a person reports to and what they are granted."""
        return self.send(Proposed, path("people", login, "propose-access"), proposal)

    # --- break-glass

    def break_glasses(self, *, is_reviewed: bool | None = None) -> BreakGlasses:
        """Return the roles that were taken in an emergency, as far as the asker may know of them."""
        return self.get(BreakGlasses, path("break-glass"), is_reviewed=is_reviewed)

    def break_glass(self, break_glass_id: str) -> BreakGlassDetail:
        """Return one with everything that the person did while it lasted."""
        return self.get(BreakGlassDetail, path("break-glass", break_glass_id))

    def take_role(self, emergency: Emergency) -> BreakGlassDetail:
        """Take a role for a while."""
        return self.send(BreakGlassDetail, path("break-glass"), emergency)

    def give_role_back(self, break_glass_id: str, *, revision: int, reason: str) -> BreakGlassDetail:
        """End one's own before its time."""
        where = path("break-glass", break_glass_id, "give-back")
        return self.act(BreakGlassDetail, where, revision, Because(reason=reason))

    def review_role(self, break_glass_id: str, *, revision: int, reason: str, was_justified: bool) -> BreakGlassDetail:
        """Say of somebody else's whether it was taken and used for good reason."""
        where = path("break-glass", break_glass_id, "review")
        return self.act(BreakGlassDetail, where, revision, Review(reason=reason, was_justified=was_justified))

    # --- rules

    def try_routing(self, trial: RoutingTrial) -> RoutingTrialAnswer:
        """Return what each team would have got of the exceptions of a period, and what it got."""
        return self.send(RoutingTrialAnswer, path("routing-rules", "dry-run"), trial)

    def failure_rules(self) -> FailureRules:
        """Return the rules, and what targets answered that nobody knew."""
        return self.get(FailureRules, path("failure-rules"))

    def try_failure_rule(self, draft: FailureRuleDraft) -> FailureRuleTrial:
        """Return what a rule would make of the answers that were kept."""
        return self.send(FailureRuleTrial, path("failure-rules", "dry-run"), draft)

    def propose_failure_rule(self, proposal: FailureRuleProposal) -> Proposed:
        """Propose a rule's next version."""
        return self.send(Proposed, path("failure-rules", "propose"), proposal)

    def bindings(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Bindings:
        """Return a page of bindings. Filters: `domain`, `source_system`, `source_key`, `erp_key`."""
        return self.get(Bindings, path("bindings"), cursor=cursor, limit=limit, **filters)

    def propose_binding(self, proposal: BindingProposal) -> Proposed:
        """Propose that a source's key stands under a key of the ERP."""
        return self.send(Proposed, path("bindings", "propose"), proposal)

    # --- governed values

    def group_value(self, key: str) -> GroupValue:
        """Return a value that holds for the whole group, such as `materiality`, in the version in force."""
        return self.get(GroupValue, path("group-values", key))

    def propose_group_value(self, key: str, proposal: GroupValueProposal) -> Proposed:
        """Propose another version of it."""
        return self.send(Proposed, path("group-values", key, "propose"), proposal)

    def propose_flow_value(self, flow: str, proposal: FlowValueProposal) -> Proposed:
        """Propose another version of a flow's field mapping, route or limit."""
        return self.send(Proposed, path("flows", flow, "policy", "propose"), proposal)
