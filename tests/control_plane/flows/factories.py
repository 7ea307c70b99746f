"""Papers for the tests of the flows: a report, what the ERP knows, and the policy of a small group."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport, ExpenseTax
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import Money
from connectors.canonical.party import Approver, Employee, Payer
from control_plane.domain.verdict import Case, Known
from control_plane.flows.expense_policy import DEFAULTS
from control_plane.proof.configuration import CONTROL_ACCOUNTS

NOW: Final = datetime(2026, 10, 15, 9, 0, tzinfo=UTC)
TRIP: Final = date(2026, 10, 12)
ENTITY: Final = "1000"

CONTROL: Final = CONTROL_ACCOUNTS
TO_ERP: Final = {"target": "erp", "ledger": "main", "document_type": "EX"}
POLICY: Final[Mapping[str, Any]] = {
    **DEFAULTS,
    "control_accounts": {"*": CONTROL},
    "routing": {"rules": [{"then": TO_ERP}]},
}

COSTS: Final = ("474100", "474120", "474130")
WITH_PARTY: Final = ("181000", "182000", "331000")


def record(domain: Domain, code: str, legal_entity: str = "", **changes: Any) -> MasterRecord:
    facts: dict[str, Any] = {"name": code, "active": True, "attributes": {}, "legal_entity": legal_entity}
    return MasterRecord(domain, code, **{**facts, **changes})


def month(code: str, *, is_open: bool = True, legal_entity: str = ENTITY) -> MasterRecord:
    last = {"02": "28", "04": "30", "06": "30", "09": "30", "11": "30"}.get(code[-2:], "31")
    attributes = {"start": f"{code}-01", "end": f"{code}-{last}"}
    return record(Domain.PERIOD, code, legal_entity, active=is_open, attributes=attributes)


def person(code: str, manager: str = "", limit_minor: str = "", currency: str = "EUR") -> MasterRecord:
    attributes = {"manager": manager, "limit_minor": limit_minor, "currency": currency}
    return record(Domain.APPROVAL_HIERARCHY, code, ENTITY, attributes=attributes)


RECORDS: Final = (
    record(Domain.LEGAL_ENTITY, "1000", "1000", attributes={"country": "DE", "time_zone": "Europe/Berlin"}),
    record(Domain.LEGAL_ENTITY, "2000", "2000", attributes={"country": "CH", "time_zone": "Europe/Zurich"}),
    record(Domain.EMPLOYEE, "E-003", "1000"),
    *(record(Domain.GL_ACCOUNT, code) for code in COSTS),
    *(record(Domain.GL_ACCOUNT, code, attributes={"party": "employee"}) for code in WITH_PARTY),
    record(Domain.COST_CENTER, "CC-1001", "1000"),
    record(Domain.PROJECT, "P-05"),
    record(Domain.PROJECT, "P-13", active=False),
    record(Domain.TAX_CODE, "V19", "1000"),
    month("2026-09", is_open=False),
    month("2026-10"),
    month("2026-11"),
    person("E-000"),
    person("E-001", manager="E-000", limit_minor="2500000"),
    person("E-002", manager="E-001", limit_minor="500000"),
)


def known(*more: MasterRecord, policy: Mapping[str, Any] | None = None, **changes: Any) -> Known:
    """Return what the ERP's lists say; records given here take the place of others of the same key."""
    records = {(one.domain, one.legal_entity, one.code): one for one in (*RECORDS, *more)}
    facts: dict[str, Any] = {"now": NOW, "policy": {**POLICY, **(policy or {})}, "records": records}
    return Known(**{**facts, **changes})


def journal(
    gross_minor: int = 10000,
    payee: Payer = Payer.EMPLOYEE,
    payer: Payer = Payer.COMPANY,
    *,
    taxes: tuple[ExpenseTax, ...] = (),
    **coding: str,
) -> ExpenseJournal:
    return ExpenseJournal(
        payer,
        payee,
        gross_minor,
        gross_minor - sum(tax.reclaimable_minor for tax in taxes),
        gross_minor - sum(tax.amount_minor for tax in taxes),
        Coding(**({"account_ref": "474120"} | coding)),
        taxes,
    )


def line(*journals: ExpenseJournal, **changes: Any) -> ExpenseLine:
    facts: dict[str, Any] = {
        "line_number": 1,
        "line_ref": "L1",
        "expense_type": "LODNG",
        "transaction_date": TRIP,
        "merchant": "Hotel Elbe",
        "approved_minor": sum(one.gross_minor for one in journals),
        "journals": journals,
    }
    return ExpenseLine(**{**facts, **changes})


def report(*lines: ExpenseLine, currency: str = "EUR", **changes: Any) -> ExpenseReport:
    lines = lines or (line(journal()),)
    total_minor = sum(one.gross_minor for row in lines for one in row.journals)
    facts: dict[str, Any] = {
        "source_system": "concur",
        "source_id": "R-1",
        "source_document_id": "D-1",
        "document_number": "2026-0815",
        "legal_entity_ref": ENTITY,
        "employee": Employee("E-003"),
        "total": Money(total_minor, currency),
        "approved_at": datetime(2026, 10, 14, 8, 0, tzinfo=UTC),
        "document_date": TRIP,
        "approvers": (Approver("E-001"),),
        "lines": lines,
    }
    return ExpenseReport(**{**facts, **changes})


def case(paper: ExpenseReport | None = None, **changes: Any) -> Case:
    facts: dict[str, Any] = {
        "transaction_id": 7,
        "version": 1,
        "reference": "EXR-1000-concur-R.1-1",
        "report": paper or report(),
        "legal_entity": ENTITY,
    }
    return Case(**{**facts, **changes})
