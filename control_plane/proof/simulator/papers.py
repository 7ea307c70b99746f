"""The papers of the histories: documents of a small group, what its ERP knows, and its policy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import Money
from connectors.canonical.party import Approver, Employee, Payer
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION, POSTING_CONFIRMATION
from control_plane.flows.expense_policy import DEFAULTS
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.flows.flow import Flow
from control_plane.proof.configuration import CONTROL_ACCOUNTS

ENTITY: Final = "1000"
CURRENCY: Final = "EUR"
PROJECT: Final = "P-05"
"""The one project whose state a history changes."""
SOURCE_SYSTEM: Final = "expense"

_DAY: Final = date(2026, 10, 12)
_APPROVED_AT: Final = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
_COST: Final = "474120"
_PAYEES: Final = (Payer.EMPLOYEE, Payer.COMPANY_PAID)


def _record(domain: Domain, code: str, legal_entity: str = "", **attributes: str) -> MasterRecord:
    return MasterRecord(domain, code, code, active=True, attributes=attributes, legal_entity=legal_entity)


RECORDS: Final = (
    _record(Domain.LEGAL_ENTITY, ENTITY, ENTITY, country="DE", time_zone="Europe/Berlin"),
    _record(Domain.EMPLOYEE, "E-003", ENTITY),
    _record(Domain.GL_ACCOUNT, _COST),
    _record(Domain.GL_ACCOUNT, CONTROL_ACCOUNTS["employee"], party="employee"),
    _record(Domain.PROJECT, PROJECT),
    _record(Domain.PERIOD, "2026-10", ENTITY, start="2026-10-01", end="2026-10-31"),
    _record(Domain.PERIOD, "2026-11", ENTITY, start="2026-11-01", end="2026-11-30"),
    _record(Domain.APPROVAL_HIERARCHY, "E-001", ENTITY, limit_minor="2500000", currency=CURRENCY),
)


def project(*, is_active: bool) -> MasterRecord:
    """Return the project as the ERP tells it."""
    return replace(_record(Domain.PROJECT, PROJECT), active=is_active)


def report(object_id: str, document_id: str, amounts_minor: Sequence[int], project_ref: str) -> ExpenseReport:
    """Return one version of a report, with a posting for each amount: the employee's, and what the company paid."""
    journals = tuple(
        ExpenseJournal(Payer.COMPANY, payee, minor, minor, minor, Coding(account_ref=_COST, project_ref=project_ref))
        for minor, payee in zip(amounts_minor, _PAYEES, strict=False)
    )
    total_minor = sum(amounts_minor)
    return ExpenseReport(
        source_system=SOURCE_SYSTEM,
        source_id=object_id,
        source_document_id=document_id,
        document_number=f"number of {object_id}",
        legal_entity_ref=ENTITY,
        employee=Employee("E-003"),
        total=Money(total_minor, CURRENCY),
        approved_at=_APPROVED_AT,
        document_date=_DAY,
        approvers=(Approver("E-001"),),
        lines=(ExpenseLine(1, "L1", "LODNG", _DAY, f"Stay of {object_id}", object_id, total_minor, journals=journals),),
    )


def flows(*, takes_back: bool) -> dict[str, Flow]:
    """Return the flows; what was recalled or changed after its posting is taken back, or waits for a person."""
    after = "reverse" if takes_back else "hold"
    values: Mapping[str, Any] = {  # JSON, as store.policies holds it
        **DEFAULTS,
        "control_accounts": {"*": CONTROL_ACCOUNTS},
        "routing": {"rules": [{"then": {"target": "erp", "ledger": "main", "document_type": "EX"}}]},
        "after_post": {"recalled": after, "changed": after},
    }
    flow = replace(EXPENSE_REPORT, policy=replace(EXPENSE_REPORT.policy, values=values))
    return {one.name: one for one in (flow, POSTING_CONFIRMATION, PAYMENT_CONFIRMATION)}
