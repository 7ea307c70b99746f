"""One document's postings: one ERP document for each payer and payee, each balanced."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from connectors.canonical.master_data import Domain
from connectors.canonical.party import Payer
from connectors.contract import Intent, PostingLine
from control_plane.domain.reference import part_reference
from control_plane.domain.verdict import Case, Known
from control_plane.flows.cost import INPUT_TAX, ROLES_OF_EMPLOYEES, bearing_role, control_role, nets_to_zero

Group = tuple[Payer, Payer]


class Entry(NamedTuple):
    """A journal of a line, with the control accounts that it needs."""

    line: ExpenseLine
    journal: ExpenseJournal
    control_role: str
    """Who is owed, or owes the company."""
    bearing_role: str
    """Who bears it instead of a cost account; empty for a cost."""


class Route(NamedTuple):
    """Where one group of a document is booked."""

    target: str
    company: str
    ledger: str
    document_type: str


class Books(NamedTuple):
    """What the lines of one document are written with."""

    known: Known
    legal_entity: str
    employee: str
    control: Mapping[str, str]
    """Account by role."""

    def bearing_account(self, entry: Entry) -> str:
        """Return the account that bears the cost, or the control account that bears it instead.

        Empty where `bind` found none: then the document is held, and what is written here goes nowhere.
        """
        return entry.journal.coding.account_ref or self.control.get(entry.bearing_role, "")

    def party_of(self, account: str) -> str:
        """Return the employee where the account wants to know whose money it is."""
        is_theirs = any(self.control.get(role) == account for role in ROLES_OF_EMPLOYEES)
        record = None if is_theirs else self.known.record(Domain.GL_ACCOUNT, self.legal_entity, account)
        return self.employee if is_theirs or (record and record.attributes.get("party")) else ""


def groups_of(report: ExpenseReport) -> Mapping[Group, Sequence[Entry]]:
    """Return the journals by payer and payee, in the order of the document."""
    found: dict[Group, list[Entry]] = {}
    for line in report.lines:
        for journal in line.journals:
            found.setdefault((journal.payer, journal.payee), []).append(_entry(line, journal))
    return found


def _entry(line: ExpenseLine, journal: ExpenseJournal) -> Entry:
    bearing = "" if journal.coding.account_ref else bearing_role(line, journal)
    return Entry(line, journal, control_role(line, journal), bearing)


def roles_of(entries: Sequence[Entry]) -> Sequence[str]:
    """Return the control accounts that a group needs."""
    roles = [entry.control_role for entry in entries]
    roles += [entry.bearing_role for entry in entries if entry.bearing_role]
    roles += [INPUT_TAX for entry in entries if any(tax.reclaimable_minor for tax in entry.journal.taxes)]
    return roles


def intent_of(
    case: Case, group: Group, entries: Sequence[Entry], route: Route, books: Books, posting_date: date
) -> Intent | None:
    """Return the ERP document of one group, or None where it would move nothing.

    That is a journal that mirrors another one of its line: it would debit and credit one account of one person.
    """
    booked = [entry for entry in entries if not _is_mirror(entry, books)]
    if not booked:
        return None
    lines = [*_bearing(booked, books), *_control(booked, books)]
    told = tuple(line for line in lines if line.debit_minor or line.credit_minor) or (lines[0], lines[-1])
    report = case.report
    return Intent(
        reference=part_reference(case.reference, *group),
        source_document=report.source_id,
        company=route.company,
        ledger=route.ledger,
        document_type=route.document_type,
        posting_date=posting_date,
        document_date=report.document_date or posting_date,
        currency=report.total.currency,
        lines=told,
        text=report.document_number or report.source_id,
    )


def _is_mirror(entry: Entry, books: Books) -> bool:
    return nets_to_zero(entry.line) and books.bearing_account(entry) == books.control[entry.control_role]


def _bearing(entries: Sequence[Entry], books: Books) -> Iterator[PostingLine]:
    for entry in entries:
        line, journal, coding = entry.line, entry.journal, entry.journal.coding
        account, text = books.bearing_account(entry), line.description or line.expense_type
        yield _line(
            account,
            journal.net_of_reclaim_minor,
            party=books.party_of(account),
            cost_center=coding.cost_center_ref,
            project=coding.project_ref,
            text=text,
        )
        for tax in journal.taxes:
            yield _line(books.control.get(INPUT_TAX, ""), tax.reclaimable_minor, tax_code=tax.tax_code_ref, text=text)


def _control(entries: Sequence[Entry], books: Books) -> Iterator[PostingLine]:
    sums: dict[str, int] = {}
    for entry in entries:
        account = books.control[entry.control_role]
        sums[account] = sums.get(account, 0) + entry.journal.gross_minor
    for account, gross_minor in sums.items():
        yield _line(account, -gross_minor, party=books.party_of(account))


def _line(account: str, debit_minor: int, **coding: str) -> PostingLine:
    """Return a line; a negative amount stands on the other side."""
    debit, credit = (debit_minor, 0) if debit_minor > 0 else (0, -debit_minor)
    return PostingLine(account, debit_minor=debit, credit_minor=credit, **coding)
