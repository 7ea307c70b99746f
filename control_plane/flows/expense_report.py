"""Expense report → ERP posting: the flow of approved expense reports and cash advances."""

from typing import Final

from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseReport
from control_plane.domain.correction import FieldClass
from control_plane.domain.transaction import State
from control_plane.flows import expense_policy
from control_plane.flows.flow import Away, Flow, Policy, Step
from control_plane.flows.steps import approval, bind, budget, duplicate, period, route
from control_plane.flows.steps.enrich import enrich
from control_plane.flows.steps.validate import validate

EXPENSE_REPORT: Final = Flow(
    name="expense_report",
    code="EXR",
    version="1",
    starts_with=EventType.EXPENSE_REPORT_APPROVED,
    carries=ExpenseReport,
    steps=(
        Step("validate", validate),
        Step("enrich", enrich),
        Step("bind", bind.bind, bind.NEEDS),
        Step("duplicate", duplicate.duplicate, duplicate.NEEDS),
        Step("approval", approval.approval, approval.NEEDS),
        Step("budget", budget.budget, budget.NEEDS),
        Step("period", period.period, period.NEEDS),
        Step("route", route.route, route.NEEDS),
    ),
    order_key=lambda report: f"{report.source_system}|{report.source_id}",
    confirms=frozenset({State.POSTED, State.RETURNED_TO_SOURCE}),  # failure is told only when we have given it back
    policy=Policy(
        values=expense_policy.DEFAULTS,
        schemas=expense_policy.SCHEMAS,
        away={"erp": Away.QUEUE, "rates": Away.QUEUE},
        correctable={
            "title": FieldClass.FREE,
            "lines.description": FieldClass.FREE,
            "document_date": FieldClass.CODING,
            "lines.account": FieldClass.CODING,
            "lines.cost_center": FieldClass.CODING,
            "lines.project": FieldClass.CODING,
            "lines.tax_code": FieldClass.TAX,
            "employee": FieldClass.BANK,
            "total": FieldClass.AMOUNT,
        },
    ),
)
