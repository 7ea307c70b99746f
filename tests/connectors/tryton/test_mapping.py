from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Intent, PostingLine
from connectors.tryton.ledger import Account, Company, Currency, Ledger, Period
from connectors.tryton.mapping import Label, label_of, move_of

DAY = date(2026, 10, 15)


def a_ledger(rate: Decimal) -> Ledger:
    return Ledger(
        company=Company(2, "2000", "CHF"),
        journals={"EX": 5},
        periods=[Period(9, "2026-10", date(2026, 10, 1), date(2026, 10, 31), is_open=True)],
        accounts={
            code: Account(number, is_closed=False, start=None, end=None, needs_party=False, has_due_date=False)
            for number, code in enumerate(("474120", "474130", "331000"))
        },
        cost_centers={},
        projects={},
        parties={},
        tax_codes={},
        currencies={("EUR", DAY): Currency(3, Decimal(1)), ("CHF", DAY): Currency(2, rate)},
    )


def an_intent(*cents: int) -> Intent:
    accounts = ("474120", "474130")
    debits = [PostingLine(accounts[place % 2], debit_minor=each) for place, each in enumerate(cents)]
    lines = (*debits, PostingLine("331000", credit_minor=sum(cents)))
    return Intent("EXR-1", "RPT-1", "2000", "main", "EX", DAY, DAY, "EUR", lines)


@given(
    st.lists(st.integers(min_value=1, max_value=10**9), min_size=1, max_size=8),
    st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(2000), places=6),
)
def test_a_converted_document_balances_to_the_cent(cents: list[int], rate: Decimal) -> None:
    lines = move_of(an_intent(*cents), a_ledger(rate))["lines"][0][1]
    assert sum(line["debit"] for line in lines) == sum(line["credit"] for line in lines)
    assert sum(line["amount_second_currency"] for line in lines) == 0
    assert abs(lines[-1]["credit"] - Decimal(sum(cents)) / 100 * rate) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("description", "label"),
    [
        ("EXR-1 [RPT-1]", Label("EXR-1", "RPT-1")),
        ("EXR-1 [RPT [copy]]", Label("EXR-1", "RPT [copy]")),
        ("Reversal of EXR-1: Recalled [by mistake]", None),
        ("Payment run", None),
        ("", None),
        (None, None),
    ],
)
def test_only_our_own_moves_bear_a_label(description: str | None, label: Label | None) -> None:
    assert label_of(description) == label
    assert label is None or str(label) == description
