"""ERP posting → expense platform: telling the source what became of its documents, linked to the posting flow."""

from typing import Final

from connectors.canonical.expense import ExpenseReport
from control_plane.flows import expense_policy
from control_plane.flows.flow import Away, Flow, Policy

EXPENSE_CONFIRMATION: Final = Flow(
    name="expense_confirmation",
    code="EXC",
    version="1",
    starts_with="",
    carries=ExpenseReport,
    steps=(),
    order_key=lambda report: f"{report.source_system}|{report.source_id}",
    confirms=frozenset(),
    policy=Policy(
        values={"sla": expense_policy.DEFAULTS["sla"]},
        schemas={"sla": expense_policy.SCHEMAS["sla"]},
        away={"source": Away.QUEUE},
    ),
    is_confirmation=True,
)
