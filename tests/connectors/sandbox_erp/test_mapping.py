from datetime import date

import pytest

from connectors.contract import Intent, OutcomeKind, Posting, PostingLine, Reversal
from connectors.sandbox_erp.mapping import (
    document_of,
    outcomes_of_posting,
    outcomes_of_question,
    outcomes_of_reversal,
)
from connectors.sandbox_erp.wire import Accepted, Booking, Found, Result
from tests.connectors.sandbox_erp.running_erp import an_intent

INTENT = an_intent()
DAY = date(2026, 10, 15)


def booking(reference: str, number: str = "0000000017") -> Booking:
    return Booking(status="posted", reference=reference, fiscal_year=2026, number=number, posting_date=DAY)


def found(total: str, currency: str) -> Found:
    return Found(
        status="posted",
        reference="EXR-1",
        source_document="RPT-1",
        company="1000",
        document_type="EX",
        fiscal_year=2026,
        number="0000000017",
        posting_date=DAY,
        currency=currency,
        total=total,
    )


def test_an_intent_is_handed_in_with_exact_amounts_and_without_empty_keys() -> None:
    intent = Intent(
        reference="EXR-1",
        source_document="RPT-1",
        company="1000",
        ledger="main",
        document_type="EX",
        posting_date=DAY,
        document_date=date(2026, 10, 12),
        currency="KWD",
        lines=(PostingLine("474120", debit_minor=1, project="P-05"), PostingLine("331000", credit_minor=1)),
    )
    document = document_of(intent)
    assert document["lines"][0] == {
        "account": "474120",
        "party": None,
        "cost_center": None,
        "project": "P-05",
        "tax_code": None,
        "debit": "0.001",
        "credit": "0.000",
        "text": None,
    }
    assert (document["posting_date"], document["document_date"], document["text"]) == (
        "2026-10-15",
        "2026-10-12",
        None,
    )


@pytest.mark.parametrize(
    "results",
    [
        [],
        [booking("another")],
        [booking(INTENT.reference, "17"), booking(INTENT.reference, "18")],
        [Booking(status="reversed", reference=INTENT.reference, fiscal_year=2026, number="1", posting_date=DAY)],
    ],
    ids=["silent", "about another document", "told twice", "about something else"],
)
def test_an_answer_that_does_not_speak_once_of_a_document_proves_nothing(results: list[Result]) -> None:
    (outcome,) = outcomes_of_posting([INTENT], results, "erp")
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_an_answer_that_is_silent_about_a_reversal_proves_nothing() -> None:
    posting = Posting("erp", "1000", "2026", "EX", "0000000017", DAY)
    (outcome,) = outcomes_of_reversal([Reversal("EXR-1", posting, DAY, "Recalled")], [booking("EXR-1-R")], "erp")
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_answers_in_another_order_are_given_to_the_right_documents() -> None:
    other = an_intent()
    outcomes = outcomes_of_posting(
        [INTENT, other], [Accepted(status="accepted", reference=other.reference), booking(INTENT.reference)], "erp"
    )
    assert [(each.reference, each.kind) for each in outcomes] == [
        (INTENT.reference, OutcomeKind.POSTED),
        (other.reference, OutcomeKind.ACCEPTED),
    ]


@pytest.mark.parametrize(
    ("total", "currency", "minor"),
    [("119.00", "EUR", 11_900), ("119", "JPY", 119), ("119.5", "JPY", None), ("1", "???", None)],
)
def test_a_total_that_cannot_be_read_exactly_is_left_open(total: str, currency: str, minor: int | None) -> None:
    (outcome,) = outcomes_of_question(["EXR-1"], [found(total, currency)], "erp")
    assert outcome.posting
    assert outcome.posting.total_minor == minor
