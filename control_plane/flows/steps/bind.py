"""Bind: put the document under the ERP's own keys, each of which must exist and be active."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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

NOT_STATED: Final = "(not stated)"


@dataclass(frozen=True, slots=True)
class Asked:
    """A source's key that must stand in one of the ERP's lists."""

    domain: Domain
    legal_entity: str
    source_key: str
    path: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What every key of one document is looked up with."""

    source_system: str
    day: date
    known: Known

    def erp_key(self, domain: Domain, source_key: str) -> str:
        """Return the ERP's key for a key of the source."""
        return self.known.erp_key(domain, self.source_system, source_key)


def bind(case: Case, known: Known) -> Verdict:
    """Return the document under the ERP's keys, with a failure for every key that is missing or inactive.

    Without its legal entity nothing else can be looked up.
    """
    report = case.report
    desk = Desk(report.source_system, report.document_date or (report.approved_at or known.now).date(), known)
    entity = desk.erp_key(Domain.LEGAL_ENTITY, report.legal_entity_ref)
    place = _against(Asked(Domain.LEGAL_ENTITY, entity, report.legal_entity_ref, "legal_entity"), desk)
    if place and place[0].code != "inactive_master_data":
        return _held(case, [place])
    asked: dict[tuple[Domain, str, str], Asked] = {}
    for one in _asks(report, entity, desk):
        asked.setdefault((one.domain, one.legal_entity, one.source_key), one)
    against = [place] if place else []
    against += [found for one in asked.values() if (found := _against(one, desk))]
    return _held(replace(case, legal_entity=entity, report=_bound(report, entity, desk)), against)


Finding = tuple[Failure, Awaited | None]


def _held(case: Case, against: list[Finding]) -> Verdict:
    return Verdict(
        case,
        failures=tuple(failure for failure, _ in against),
        hold=Reason.MASTER_DATA if against else None,
        awaited=tuple(awaited for _, awaited in against if awaited),
    )


def _asks(report: ExpenseReport, entity: str, desk: Desk) -> Iterator[Asked]:
    yield Asked(Domain.EMPLOYEE, entity, report.employee.employee_ref, "employee")
    for line in report.lines:
        for journal in line.journals:
            yield from _asks_of(line, journal, entity, desk)


def _asks_of(line: ExpenseLine, journal: ExpenseJournal, entity: str, desk: Desk) -> Iterator[Asked]:
    path, coding = f"lines.{line.line_number}", journal.coding
    other = desk.erp_key(Domain.LEGAL_ENTITY, coding.legal_entity_ref) if coding.legal_entity_ref else ""
    place = other or entity
    account = account_key(line, journal, desk.known.policy)
    if account is not None:
        yield Asked(Domain.GL_ACCOUNT, place, account, f"{path}.account")
    optional = (
        (Domain.LEGAL_ENTITY, other, coding.legal_entity_ref, "legal_entity"),
        (Domain.COST_CENTER, place, coding.cost_center_ref, "cost_center"),
        (Domain.PROJECT, place, coding.project_ref, "project"),
        *((Domain.TAX_CODE, place, tax.tax_code_ref, "tax_code") for tax in _reclaimed(journal)),
    )
    for domain, legal_entity, source_key, name in optional:
        if source_key:
            yield Asked(domain, legal_entity, source_key, f"{path}.{name}")


def _reclaimed(journal: ExpenseJournal) -> tuple[ExpenseTax, ...]:
    """Return the taxes that are posted; the others are part of the cost."""
    return tuple(tax for tax in journal.taxes if tax.reclaimable_minor)


def _against(asked: Asked, desk: Desk) -> Finding | None:
    code = desk.erp_key(asked.domain, asked.source_key)
    record = desk.known.record(asked.domain, asked.legal_entity, code) if code else None
    if record is not None and _is_usable(record, desk.day):
        return None
    values = {"domain_title": TITLES[asked.domain], "value": code or NOT_STATED, "source": desk.source_system}
    awaited = Awaited(asked.domain, asked.legal_entity, code) if code else None
    if record is not None:
        return Failure("inactive_master_data", values, asked.path), awaited
    missing = "unmapped_legal_entity" if asked.domain is Domain.LEGAL_ENTITY else "missing_binding"
    return Failure(missing, values, asked.path), awaited


def _is_usable(record: MasterRecord, day: date) -> bool:
    starts, ends = record.valid_from or date.min, record.valid_to or date.max
    return record.active and starts <= day <= ends


def _bound(report: ExpenseReport, entity: str, desk: Desk) -> ExpenseReport:
    employee, key = report.employee, desk.erp_key(Domain.EMPLOYEE, report.employee.employee_ref)
    if key != employee.employee_ref:
        employee = replace(employee, employee_ref=key)
    lines = tuple(_bound_line(line, entity, desk) for line in report.lines)
    return replace(report, legal_entity_ref=entity, employee=employee, lines=lines)


def _bound_line(line: ExpenseLine, entity: str, desk: Desk) -> ExpenseLine:
    journals = tuple(
        replace(
            journal,
            coding=_bound_coding(journal.coding, account_key(line, journal, desk.known.policy) or "", entity, desk),
            taxes=tuple(_bound_tax(tax, desk) for tax in journal.taxes),
        )
        for journal in line.journals
    )
    return replace(line, journals=journals)


def _bound_coding(coding: Coding, account: str, entity: str, desk: Desk) -> Coding:
    other = desk.erp_key(Domain.LEGAL_ENTITY, coding.legal_entity_ref)
    return Coding(
        account_ref=desk.erp_key(Domain.GL_ACCOUNT, account),
        cost_center_ref=desk.erp_key(Domain.COST_CENTER, coding.cost_center_ref),
        project_ref=desk.erp_key(Domain.PROJECT, coding.project_ref),
        tax_code_ref=desk.erp_key(Domain.TAX_CODE, coding.tax_code_ref),
        legal_entity_ref="" if other == entity else other,
    )


def _bound_tax(tax: ExpenseTax, desk: Desk) -> ExpenseTax:
    key = desk.erp_key(Domain.TAX_CODE, tax.tax_code_ref)
    return tax if key == tax.tax_code_ref else replace(tax, tax_code_ref=key)
