"""Bind: put the document under the ERP's own keys, each of which must exist and be active."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport, ExpenseTax
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.failures import Failure
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Awaited, Case, Known, Needs, Verdict
from control_plane.flows.cost import account_key

NEEDS: Final = Needs(
    master_data=frozenset(
        {
            Domain.LEGAL_ENTITY,
            Domain.EMPLOYEE,
            Domain.GL_ACCOUNT,
            Domain.COST_CENTER,
            Domain.PROJECT,
            Domain.TAX_CODE,
        },
    ),
)

TITLES: Final[Mapping[Domain, str]] = {
    Domain.LEGAL_ENTITY: "Legal entity",
    Domain.EMPLOYEE: "Employee",
    Domain.GL_ACCOUNT: "Account",
    Domain.COST_CENTER: "Cost center",
    Domain.PROJECT: "Project",
    Domain.TAX_CODE: "Tax code",
}

FIELDS: Final[Mapping[Domain, str]] = {
    Domain.LEGAL_ENTITY: "legal_entity",
    Domain.EMPLOYEE: "employee",
    Domain.GL_ACCOUNT: "account",
    Domain.COST_CENTER: "cost_center",
    Domain.PROJECT: "project",
    Domain.TAX_CODE: "tax_code",
}
"""Where a key stands, in the document or in one of its lines."""

NOT_STATED: Final = "(not stated)"

Finding = tuple[Failure, Awaited | None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where every key of one document is looked up; it notes what stands against them, each key once."""

    source_system: str
    day: date
    legal_entity: str
    known: Known
    against: dict[tuple[Domain, str, str], Finding | None] = field(default_factory=dict)
    """By domain, legal entity and the source's key; None: it may be used."""

    def erp_key(self, domain: Domain, source_key: str) -> str:
        """Return the ERP's key for a key of the source."""
        return self.known.erp_key(domain, self.source_system, source_key)

    def bound(self, domain: Domain, legal_entity: str, source_key: str, spot: str = "") -> str:
        """Return the ERP's key, with a note where it must stand in the ERP's list and does not."""
        code = self.erp_key(domain, source_key)
        asked = (domain, legal_entity, source_key)
        if asked not in self.against:
            self.against[asked] = _against(domain, legal_entity, code, spot, self)
        return code

    def bound_if_stated(self, domain: Domain, legal_entity: str, source_key: str, spot: str) -> str:
        """Return what `bound` does; an empty key names nothing."""
        return self.bound(domain, legal_entity, source_key, spot) if source_key else ""


def bind(case: Case, known: Known) -> Verdict:
    """Return the document under the ERP's keys, with a failure for every key that is missing or inactive.

    Without its legal entity nothing else can be looked up.
    """
    report = case.report
    entity = known.erp_key(Domain.LEGAL_ENTITY, report.source_system, report.legal_entity_ref)
    day = report.document_date or (report.approved_at or known.now).date()
    desk = Desk(report.source_system, day, entity, known)
    place = _against(Domain.LEGAL_ENTITY, entity, entity, "", desk)
    if place and place[0].code != "inactive_master_data":
        return _held(case, [place])
    bound = case._replace(legal_entity=entity, report=_bound(report, desk))
    return _held(bound, [found for found in (place, *desk.against.values()) if found])


def _held(case: Case, against: list[Finding]) -> Verdict:
    if not against:
        return Verdict(case)
    awaited = tuple(awaited for _, awaited in against if awaited)
    return Verdict(case, tuple(failure for failure, _ in against), Reason.MASTER_DATA, awaited)


def _against(domain: Domain, legal_entity: str, code: str, spot: str, desk: Desk) -> Finding | None:
    record = desk.known.record(domain, legal_entity, code) if code else None
    if record is not None and _is_usable(record, desk.day):
        return None
    values = {"domain_title": TITLES[domain], "value": code or NOT_STATED, "source": desk.source_system}
    awaited = Awaited(domain, legal_entity, code) if code else None
    if record is not None:
        return Failure("inactive_master_data", values, spot + FIELDS[domain]), awaited
    missing = "unmapped_legal_entity" if domain is Domain.LEGAL_ENTITY else "missing_binding"
    return Failure(missing, values, spot + FIELDS[domain]), awaited


def _is_usable(record: MasterRecord, day: date) -> bool:
    starts, ends = record.valid_from or date.min, record.valid_to or date.max
    return record.active and starts <= day <= ends


def _bound(report: ExpenseReport, desk: Desk) -> ExpenseReport:
    employee = report.employee
    key = desk.bound(Domain.EMPLOYEE, desk.legal_entity, employee.employee_ref)
    if key != employee.employee_ref:
        employee = replace(employee, employee_ref=key)
    lines = tuple(_bound_line(line, desk) for line in report.lines)
    return replace(report, legal_entity_ref=desk.legal_entity, employee=employee, lines=lines)


def _bound_line(line: ExpenseLine, desk: Desk) -> ExpenseLine:
    return replace(line, journals=tuple(_bound_journal(line, journal, desk) for journal in line.journals))


def _bound_journal(line: ExpenseLine, journal: ExpenseJournal, desk: Desk) -> ExpenseJournal:
    spot, account = f"lines.{line.line_number}.", account_key(line, journal, desk.known.policy)
    coding = _bound_coding(journal.coding, account, spot, desk)
    place = coding.legal_entity_ref or desk.legal_entity
    taxes = tuple(_bound_tax(tax, place, spot, desk) for tax in journal.taxes)
    return replace(journal, coding=coding, taxes=taxes)


def _bound_coding(coding: Coding, account: str | None, spot: str, desk: Desk) -> Coding:
    """Return a coding under the ERP's keys; without an account a control account bears the amount."""
    other = desk.erp_key(Domain.LEGAL_ENTITY, coding.legal_entity_ref)
    place = other or desk.legal_entity
    account_ref = "" if account is None else desk.bound(Domain.GL_ACCOUNT, place, account, spot)
    desk.bound_if_stated(Domain.LEGAL_ENTITY, other, coding.legal_entity_ref, spot)
    return Coding(
        account_ref=account_ref,
        cost_center_ref=desk.bound_if_stated(Domain.COST_CENTER, place, coding.cost_center_ref, spot),
        project_ref=desk.bound_if_stated(Domain.PROJECT, place, coding.project_ref, spot),
        tax_code_ref=desk.erp_key(Domain.TAX_CODE, coding.tax_code_ref),
        legal_entity_ref="" if other == desk.legal_entity else other,
    )


def _bound_tax(tax: ExpenseTax, place: str, spot: str, desk: Desk) -> ExpenseTax:
    """Return a tax under the ERP's key, which must stand in its list if any of it is posted: else it is cost."""
    if tax.reclaimable_minor:
        key = desk.bound_if_stated(Domain.TAX_CODE, place, tax.tax_code_ref, spot)
    else:
        key = desk.erp_key(Domain.TAX_CODE, tax.tax_code_ref)
    return tax if key == tax.tax_code_ref else replace(tax, tax_code_ref=key)
