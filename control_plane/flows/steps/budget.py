"""Budget: does a project or a cost center still have the money?"""

from collections.abc import Mapping
from typing import Any, Final  # policy values are JSON

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseReport
from connectors.canonical.money import Money
from connectors.failures import Failure
from control_plane.domain.calendar import period_of
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Known, Needs, Verdict
from control_plane.flows.cost import bearing_role
from control_plane.flows.exchange import converted

NEEDS: Final = Needs(spent=True)

_Limits = Mapping[str, Mapping[str, Any]]  # see above


def budget(case: Case, known: Known) -> Verdict:
    """Return a warning, or by policy a hold, for every budget that the document would exceed.

    Exactly at the limit passes. A document in another currency counts by the approved rates of its period; without
    a rate it cannot be compared and passes.
    """
    limits: _Limits = known.policy["budgets"]["limits"]
    if not limits:
        return Verdict(case)
    case = case._replace(budget_uses=_uses(case, limits, known))
    exceeded = [
        (key, excess) for key, use in case.budget_uses.items() if (excess := _excess(key, use, limits[key], known))
    ]
    failures = tuple(_failure(key, excess) for key, excess in exceeded)
    if known.policy["budgets"]["exceeded"] == "hold" and failures:
        return Verdict(case, failures, hold=Reason.BUDGET)
    facts = {"budgets_exceeded": " ".join(key for key, _ in exceeded)} if exceeded else {}
    return Verdict(case, warnings=failures, facts=facts)


def costs_by_budget(report: ExpenseReport) -> Mapping[str, int]:
    """Return what a report costs each project and cost center, in minor units of its currency."""
    costs: dict[str, int] = {}
    for line in report.lines:
        for journal in line.journals:
            for key in () if bearing_role(line, journal) else budget_keys(journal.coding):
                costs[key] = costs.get(key, 0) + journal.net_of_reclaim_minor
    return costs


def budget_keys(coding: Coding) -> tuple[str, ...]:
    """Return the budgets that a coding draws on, such as `project:P-05`."""
    keys = (("project", coding.project_ref), ("cost_center", coding.cost_center_ref))
    return tuple(f"{kind}:{code}" for kind, code in keys if code)


def _uses(case: Case, limits: _Limits, known: Known) -> Mapping[str, Money]:
    """Return what the document uses of each limited budget, as far as it can be compared."""
    period = period_of((case.report.approved_at or known.now).date())
    costs = costs_by_budget(case.report)
    uses: dict[str, Money] = {}
    for key, limit in limits.items():
        cost = Money(costs.get(key, 0), case.report.total.currency)
        minor = converted(cost, limit["currency"], period, known)
        if minor:
            uses[key] = Money(minor, limit["currency"])
    return uses


def _excess(key: str, use: Money, limit: Mapping[str, Any], known: Known) -> Money | None:  # see above
    """Return by how much the budget would be exceeded; a refund never exceeds one."""
    over_minor = known.spent_minor.get(key, 0) + use.minor - limit["amount_minor"]
    return Money(over_minor, use.currency) if use.minor > 0 and over_minor > 0 else None


def _failure(key: str, excess: Money) -> Failure:
    value = key.replace("_", " ").replace(":", " ", 1)
    return Failure("budget_exceeded", {"value": value, "excess": str(excess)}, key.partition(":")[0])
