"""Budget: does a project or a cost center still have the money?"""

from collections.abc import Mapping
from dataclasses import replace
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


def budget(case: Case, known: Known) -> Verdict:
    """Return a warning, or by policy a hold, for every budget that the document would exceed.

    Exactly at the limit passes. A document in another currency counts by the approved rates of its period; without
    a rate it cannot be compared and passes.
    """
    limits: Mapping[str, Mapping[str, Any]] = known.policy["budgets"]["limits"]
    costs = costs_by_budget(case.report)
    exceeded = [
        (key, excess) for key, limit in limits.items() if key in costs and (excess := _excess(case, key, limit, known))
    ]
    failures = tuple(_failure(key, excess) for key, excess in exceeded)
    if known.policy["budgets"]["exceeded"] == "hold" and failures:
        return Verdict(case, failures, hold=Reason.BUDGET)
    facts = {"budgets_exceeded": " ".join(key for key, _ in exceeded)} if exceeded else {}
    return Verdict(replace(case, facts={**case.facts, **facts}), warnings=failures)


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


def _excess(case: Case, key: str, limit: Mapping[str, Any], known: Known) -> Money | None:  # see budget
    cost = Money(costs_by_budget(case.report)[key], case.report.total.currency)
    period = period_of((case.report.approved_at or known.now).date())
    cost_minor = converted(cost, limit["currency"], period, known)
    if cost_minor is None or cost_minor <= 0:
        return None
    over_minor = known.spent_minor.get(key, 0) + cost_minor - limit["amount_minor"]
    return Money(over_minor, limit["currency"]) if over_minor > 0 else None


def _failure(key: str, excess: Money) -> Failure:
    value = key.replace("_", " ").replace(":", " ", 1)
    return Failure("budget_exceeded", {"value": value, "excess": str(excess)}, key.partition(":")[0])
