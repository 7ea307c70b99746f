"""What two persons say is posted, held against what the target shows."""

from dataclasses import replace
from datetime import date

import pytest

from connectors.contract import Intent, Posting
from control_plane.domain.hand_posting import ReadBack, Said, Worth, meant_by, read_back, said_only

DAY = date(2026, 3, 2)
SAID = Said(("4711",), DAY)
WORTH = Worth("EXR-R1-1", "R1", "DE01", "EUR", -15_000)
MEANT = meant_by(WORTH, SAID)
FOUND = Posting("erp", "DE01", "2026", "EX", "4711", DAY, "EXR-R1-1", "EUR", 15_000)


def test_what_is_shown_as_it_was_said_is_the_proof() -> None:
    assert read_back(SAID, [MEANT], [FOUND, replace(FOUND, number="1")]) == ReadBack((FOUND,))


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (replace(FOUND, company="FR02"), "company FR02 instead of DE01"),
        (replace(FOUND, posting_date=date(2026, 4, 1)), "period 2026-04 instead of 2026-03"),
        (replace(FOUND, currency="USD"), "currency USD instead of EUR"),
        (replace(FOUND, total_minor=15_001), "amount 15001 instead of 15000"),
        (replace(FOUND, is_reversed=True), "it has been reversed there"),
    ],
)
def test_what_differs_is_told_and_named(shown: Posting, problem: str) -> None:
    found = read_back(SAID, [MEANT], [shown])
    assert (found.problem, [one.number for one in found.postings]) == (problem, ["4711"])


def test_a_number_that_is_not_shown_proves_nothing() -> None:
    assert read_back(SAID, [MEANT], [replace(FOUND, number="1")]) == ReadBack(
        problem="nothing stands there under 4711 for this document"
    )


def test_as_many_numbers_as_documents() -> None:
    assert read_back(SAID, [MEANT, MEANT], [FOUND]).problem == "2 documents are to be booked, and 1 are named"
    assert said_only(SAID, [MEANT, MEANT], "erp").problem == "2 documents are to be booked, and 1 are named"


def test_the_parts_of_one_document_find_their_postings_by_reference_or_by_worth() -> None:
    second: Intent = replace(MEANT, reference="EXR-R1-1/cbc", lines=(replace(MEANT.lines[0], debit_minor=700),))
    shown = [replace(FOUND, number="2", reference="", total_minor=700), FOUND]
    found = read_back(Said(("4711", "2"), DAY), [MEANT, second], shown)
    assert {one.number: one.reference for one in found.postings} == {"4711": "EXR-R1-1", "2": "EXR-R1-1/cbc"}
    assert found.problem == ""


def test_of_a_target_that_cannot_be_asked_the_word_is_all_there_is() -> None:
    (posting,) = said_only(SAID, [MEANT], "erp").postings
    assert (posting.number, posting.fiscal_year, posting.total_minor, posting.reference) == (
        "4711",
        "2026",
        15_000,
        "EXR-R1-1",
    )
