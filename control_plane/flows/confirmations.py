"""ERP → source: telling it what was posted, given back and paid; flows of their own, never summed with others."""

from typing import Final

from connectors.canonical.expense import ExpenseReport
from control_plane.flows import expense_policy
from control_plane.flows.flow import Away, Flow, Policy

_KEYS: Final = ("retry", "sla")
"""What is policy about telling the source."""


def _confirmation(name: str, code: str) -> Flow:
    return Flow(
        name=name,
        code=code,
        version="1",
        starts_with="",
        carries=ExpenseReport,
        steps=(),
        order_key=lambda report: f"{report.source_system}|{report.source_id}",
        confirms=frozenset(),
        policy=Policy(
            values={key: expense_policy.DEFAULTS[key] for key in _KEYS},
            schemas={key: expense_policy.SCHEMAS[key] for key in _KEYS},
            away={"source": Away.QUEUE},
        ),
        is_confirmation=True,
    )


POSTING_CONFIRMATION: Final = _confirmation("posting_confirmation", "PCF")
PAYMENT_CONFIRMATION: Final = _confirmation("payment_confirmation", "PAY")
