"""Validate: does the document add up, and is it meant for a productive ERP at all?"""

from collections.abc import Iterator
from dataclasses import replace

from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from connectors.canonical.money import NO_CURRENCY, Money, UnknownCurrencyError, exponent_of, format_minor
from connectors.failures import Failure
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Known, Verdict


def validate(case: Case, known: Known) -> Verdict:  # noqa: ARG001  (every step has this shape)
    """Return every sum that does not come out; a test document ends here.

    A document without a valid currency goes on as it stands in the ledger: without an amount.
    """
    report, currency = case.report, case.report.total.currency
    is_currency = _is_currency(currency)
    if not is_currency:
        case = case._replace(report=replace(report, total=Money(0, NO_CURRENCY)))
    if report.is_test:
        return Verdict(case, (Failure("test_document"),), cancel=Reason.TEST_DOCUMENT)
    if not is_currency:
        return Verdict(case, (Failure("unknown_currency", {"currency": currency}, "currency"),))
    return Verdict(case, (*_total(report), *_journals(report)))


def _is_currency(code: str) -> bool:
    try:
        exponent_of(code)
    except UnknownCurrencyError:
        return False
    return code != NO_CURRENCY


def _total(report: ExpenseReport) -> Iterator[Failure]:
    gross_minor = [journal.gross_minor for line in report.lines for journal in line.journals]
    if not gross_minor:
        yield Failure("no_journals", field_path="lines")
    elif sum(gross_minor) != report.total.minor:
        line_sum = Money(sum(gross_minor), report.total.currency)
        yield Failure("total_mismatch", {"line_sum": str(line_sum)}, "total")


def _journals(report: ExpenseReport) -> Iterator[Failure]:
    for line in report.lines:
        for journal in line.journals:
            yield from _journal(report, line, journal)


def _journal(report: ExpenseReport, line: ExpenseLine, journal: ExpenseJournal) -> Iterator[Failure]:
    reclaimable = sum(tax.reclaimable_minor for tax in journal.taxes)
    tax = sum(tax.amount_minor for tax in journal.taxes)
    parts = (
        ("net of reclaim", journal.net_of_reclaim_minor, "reclaimable tax", reclaimable),
        ("net of tax", journal.net_of_tax_minor, "tax", tax),
    )
    for net_title, net_minor, tax_title, tax_minor in parts:
        if journal.gross_minor != net_minor + tax_minor:
            gross, net, rest = (
                format_minor(minor, report.total.currency) for minor in (journal.gross_minor, net_minor, tax_minor)
            )
            problem = f"gross {gross} is not {net_title} {net} plus {tax_title} {rest}"
            path = f"lines.{line.line_number}.journals"
            yield Failure("journal_mismatch", {"line": str(line.line_number), "problem": problem}, path)
