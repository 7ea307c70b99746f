from datetime import date
from typing import Any

import pytest

from connectors.canonical.expense import ExpenseLine, ExpenseTax
from control_plane.domain.verdict import Known
from control_plane.flows.steps.enrich import enrich
from tests.control_plane.flows.factories import case, journal, known, line, report
from tests.control_plane.flows.sentences import told

FRIDAY = date(2026, 10, 9)
ECB = {("USD", FRIDAY): "1.1000", ("CHF", FRIDAY): "0.9500"}


def spent_abroad(rate: str, currency: str = "USD", day: date | None = FRIDAY, **changes: Any) -> ExpenseLine:
    facts = {"transaction_currency": currency, "exchange_rate": rate, "transaction_date": day}
    return line(journal(), **{**facts, **changes})


def warned(paper: ExpenseLine, **changes: Any) -> list[str]:
    verdict = enrich(case(report(paper)), known(rates=ECB, **changes))
    assert verdict.failures == ()
    return [told(failure) for failure in verdict.warnings]


def test_a_plausible_rate_is_kept_in_silence() -> None:
    assert warned(spent_abroad("0.91")) == []


def test_an_odd_rate_is_a_warning_with_the_reference_beside_it() -> None:
    (sentence,) = warned(spent_abroad("1.2"))
    assert "uses the rate 1.2 from USD; the ECB's reference is 0.909091" in sentence


def test_a_rate_that_divides_is_compared_the_other_way_round() -> None:
    assert warned(spent_abroad("1.1", exchange_rate_divides=True)) == []
    assert warned(spent_abroad("0.91", exchange_rate_divides=True))


def test_on_a_weekend_the_last_earlier_reference_counts() -> None:
    assert warned(spent_abroad("1.2", day=date(2026, 10, 11)))


def test_a_reference_that_is_too_old_says_nothing() -> None:
    assert warned(spent_abroad("1.2", day=date(2026, 10, 17))) == []


def test_two_foreign_currencies_are_compared_over_the_euro() -> None:
    verdict = enrich(case(report(spent_abroad("0.8636"), currency="CHF")), known(rates=ECB))
    assert verdict.warnings == ()


@pytest.mark.parametrize("rate", ["", "none", "0", "-1", "NaN", "Infinity"])
def test_what_is_no_rate_is_not_compared(rate: str) -> None:
    assert warned(spent_abroad(rate)) == []


def test_without_a_day_a_currency_or_a_reference_nothing_is_compared() -> None:
    paper = report(spent_abroad("9", day=None), document_date=None)
    assert enrich(case(paper), known(rates=ECB)).warnings == ()
    assert warned(spent_abroad("9", currency="")) == []
    assert warned(spent_abroad("9", currency="GBP")) == []


def group_minor(currency: str, minor: int, rates: dict[tuple[str, str], str], **policy: Any) -> int | None:
    facts: Known = known(group_rates=rates, policy=policy)
    return enrich(case(report(line(journal(minor)), currency=currency)), facts).case.group_minor


def test_the_group_amount_uses_the_approved_rate_of_the_period_of_approval() -> None:
    rates = {("USD", "2026-10"): "0.9", ("USD", "2026-09"): "0.5"}
    assert group_minor("USD", 10001, rates) == 9001


def test_the_group_amount_knows_the_decimals_of_both_currencies() -> None:
    assert group_minor("JPY", 1000, {("JPY", "2026-10"): "0.0062"}) == 620
    assert group_minor("KWD", 1000, {("KWD", "2026-10"): "2.94"}) == 294


def test_the_groups_own_currency_needs_no_rate() -> None:
    assert group_minor("EUR", 10000, {}) == 10000


def test_a_missing_rate_shows_no_group_amount() -> None:
    assert group_minor("USD", 10000, {}) is None


def test_another_group_currency_is_a_policy() -> None:
    assert group_minor("EUR", 10000, {("EUR", "2026-10"): "1.1"}, group={"currency": "USD"}) == 11000


def test_an_amount_that_would_not_fit_has_no_group_amount() -> None:
    assert group_minor("USD", 10**15 - 1, {("USD", "2026-10"): "10000"}) is None


def test_policy_and_tax_metadata_are_kept() -> None:
    taxes = (ExpenseTax("V19", 1597, 1597), ExpenseTax("V07", 100))
    paper = report(line(journal(taxes=taxes)), policy_status="compliant", travel_permit_ref="TP-7")
    facts = enrich(case(paper), known()).facts
    assert facts == {
        "policy_status": "compliant",
        "travel_permit": "TP-7",
        "tax_codes": "V07 V19",
        "reclaimable_tax_codes": "V19",
        "group_rate_period": "2026-10",
    }
