from typing import Any

from connectors.canonical.expense import ExpenseReport, ExpenseTax
from connectors.canonical.party import Payer
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Verdict
from control_plane.flows.steps.budget import budget
from tests.control_plane.flows.factories import case, journal, known, line, report
from tests.control_plane.flows.sentences import told

PAPER = report(line(journal(project_ref="P-05", cost_center_ref="CC-1001")))


def judged(
    paper: ExpenseReport, amount_minor: int, key: str = "project:P-05", *, rule: str = "hold", **changes: Any
) -> Verdict:
    limits = {key: {"amount_minor": amount_minor, "currency": "EUR"}}
    return budget(case(paper), known(policy={"budgets": {"exceeded": rule, "limits": limits}}, **changes))


def test_exactly_at_the_limit_passes() -> None:
    assert judged(PAPER, 15000, spent_minor={"project:P-05": 5000}).hold is None


def test_one_cent_above_is_held_with_the_excess() -> None:
    verdict = judged(PAPER, 14999, spent_minor={"project:P-05": 5000})
    assert verdict.hold is Reason.BUDGET
    assert "exceeds the budget of project P-05 by 0.01 EUR" in told(verdict.failures[0])


def test_by_policy_it_is_only_a_warning_on_record() -> None:
    verdict = judged(PAPER, 1, "cost_center:CC-1001", rule="warn")
    assert (verdict.hold, verdict.failures) == (None, ())
    assert "budget of cost center CC-1001" in told(verdict.warnings[0])
    assert verdict.facts["budgets_exceeded"] == "cost_center:CC-1001"


def test_a_budget_that_the_document_does_not_touch_says_nothing() -> None:
    assert judged(PAPER, 1, "project:P-06") == Verdict(case(PAPER))


def test_reclaimed_tax_and_personal_spend_cost_no_budget() -> None:
    taxed = journal(11900, taxes=(ExpenseTax("V19", 1900, 1900),), project_ref="P-05")
    private = line(journal(300, Payer.COMPANY_BILLED_CARD, project_ref="P-05"), is_personal=True)
    assert judged(report(line(taxed), private), 10000).failures == ()


def test_a_refund_never_exceeds_a_budget() -> None:
    assert judged(report(line(journal(-100, project_ref="P-05"))), 0, spent_minor={"project:P-05": 900}).failures == ()


def test_another_currency_counts_by_the_approved_rate_of_the_period() -> None:
    dollars = report(line(journal(project_ref="P-05")), currency="USD")
    rates = {("USD", "2026-10"): "0.9"}
    assert "by 10.00 EUR" in told(judged(dollars, 8000, group_rates=rates).failures[0])
    assert judged(dollars, 8000).failures == ()
