"""Enrich: keep what the source said about policy, tax and rates, and add the group amount."""

from collections.abc import Iterator
from decimal import Decimal

from connectors.canonical.expense import ExpenseLine, ExpenseReport
from connectors.failures import Failure
from control_plane.domain.calendar import period_of
from control_plane.domain.verdict import Case, Known, Verdict
from control_plane.flows.exchange import in_group_currency, positive_decimal, reference_rate


def enrich(case: Case, known: Known) -> Verdict:
    """Return the case with its group amount and metadata; an odd rate is a warning, never a reason to stop."""
    report = case.report
    period = period_of((report.approved_at or known.now).date())
    group_minor = in_group_currency(report.total, period, known)
    facts = {**_metadata(report), "group_rate_period": "" if group_minor is None else period}
    return Verdict(
        case if group_minor is None else case._replace(group_minor=group_minor),
        warnings=tuple(_odd_rates(report, known)),
        facts={key: value for key, value in facts.items() if value},
    )


def _metadata(report: ExpenseReport) -> dict[str, str]:
    taxes = [tax for line in report.lines for journal in line.journals for tax in journal.taxes]
    return {
        "policy_status": report.policy_status,
        "travel_permit": report.travel_permit_ref,
        "tax_codes": " ".join(sorted({tax.tax_code_ref for tax in taxes})),
        "reclaimable_tax_codes": " ".join(sorted({tax.tax_code_ref for tax in taxes if tax.reclaimable_minor})),
    }


def _odd_rates(report: ExpenseReport, known: Known) -> Iterator[Failure]:
    tolerance = Decimal(known.policy["exchange_rate"]["tolerance_percent"]) / 100
    for line in (one for one in report.lines if one.exchange_rate):
        stated, expected = _stated_rate(line), _expected_rate(line, report, known)
        if stated and expected and abs(stated / expected - 1) > tolerance:
            values = {
                "line": str(line.line_number),
                "rate": line.exchange_rate,
                "currency": line.transaction_currency,
                "reference": f"{expected:.6f}",
            }
            yield Failure("rate_implausible", values, f"lines.{line.line_number}.exchange_rate")


def _stated_rate(line: ExpenseLine) -> Decimal | None:
    rate = positive_decimal(line.exchange_rate)
    return 1 / rate if rate and line.exchange_rate_divides else rate


def _expected_rate(line: ExpenseLine, report: ExpenseReport, known: Known) -> Decimal | None:
    day = line.transaction_date or report.document_date
    if day is None or not line.transaction_currency:
        return None
    return reference_rate(line.transaction_currency, report.total.currency, day, known)
