"""The flows, each one value: a route from a source to a target with its steps and policy."""

from typing import Final

from control_plane.flows.confirmations import PAYMENT_CONFIRMATION, POSTING_CONFIRMATION
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.flows.flow import Flow

FLOWS: Final[tuple[Flow, ...]] = (EXPENSE_REPORT, POSTING_CONFIRMATION, PAYMENT_CONFIRMATION)
"""Every flow of the house."""

CONFIRMATIONS: Final = frozenset(flow.name for flow in FLOWS if flow.is_confirmation)
"""Flows whose documents repeat the amount of another one: no sum holds both."""
