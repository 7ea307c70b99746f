from dataclasses import replace

import pytest

from control_plane.proof.books import Approved, Booked
from control_plane.proof.verify import LedgerFigures, Place, Proof, Statement, verify

APPROVED = Approved("doc1", "report1", is_advance=False, currency="EUR", amount_minor=11900, is_ours=True)
STATEMENT = Statement(
    transaction_id="txn_1",
    document_id="doc1",
    business_id="report1",
    reference="EXR-1000-concur-report1-1",
    place=Place.POSTED,
    is_reversed=False,
    may_be_booked=False,
    currency="EUR",
    amount_minor=11900,
)
BOOKED = Booked("EXR-1000-concur-report1-1", "report1", "EUR", 10000, 0, is_reversed=False)
CARD = replace(BOOKED, reference="EXR-1000-concur-report1-1/cbc", cost_minor=1900)
LEDGER = LedgerFigures("EUR", (1, 11900), {Place.POSTED: (1, 11900)})


def _proof(
    approved: list[Approved] | None = None,
    booked: list[Booked] | None = None,
    statements: list[Statement] | None = None,
    ledger: list[LedgerFigures] | None = None,
) -> Proof:
    said = [STATEMENT] if statements is None else statements
    return verify(
        [APPROVED] if approved is None else approved,
        [BOOKED, CARD] if booked is None else booked,
        said,
        _ledger_of(said) if ledger is None else ledger,
    )


def _ledger_of(statements: list[Statement]) -> list[LedgerFigures]:
    """Return a ledger that agrees with the statements: the test is about something else."""
    return [
        LedgerFigures(one.currency, (1, one.amount_minor), {one.place: (1, one.amount_minor)}) for one in statements
    ]


def _found(proof: Proof) -> list[tuple[str, str]]:
    return [(one.what, one.document) for one in proof.differences]


def test_books_that_agree_have_no_difference() -> None:
    proof = _proof(ledger=[LEDGER])

    assert proof.holds
    assert (proof.approved_count, proof.booked_count, proof.statement_count) == (1, 2, 1)


def test_a_document_that_tieout_does_not_know_is_lost() -> None:
    proof = _proof(booked=[], statements=[])

    assert _found(proof) == [("lost", "doc1")]
    assert proof.lost == 1


def test_a_document_that_was_taken_back_before_we_acknowledged_it_may_be_known_or_not() -> None:
    shown, withdrawn = replace(APPROVED, is_ours=False), replace(STATEMENT, place=Place.WITHDRAWN)

    assert _proof(approved=[shown], booked=[], statements=[]).holds
    assert _proof(approved=[shown], booked=[], statements=[withdrawn]).holds


CORRECTED = replace(
    STATEMENT, transaction_id="txn_2", reference="EXR-1000-concur-report1-2", amount_minor=11000, version=2
)
WITHDRAWN = replace(STATEMENT, place=Place.WITHDRAWN)
BOOKED_AS_CORRECTED = replace(BOOKED, reference=CORRECTED.reference, cost_minor=11000)
BOTH = LedgerFigures("EUR", (2, 22900), {Place.POSTED: (1, 11000), Place.WITHDRAWN: (1, 11900)})


def test_what_was_received_with_another_amount_is_wrong_however_it_was_corrected() -> None:
    received = replace(WITHDRAWN, amount_minor=11001)
    ledger = replace(BOTH, received=(2, 22001), places={**BOTH.places, Place.WITHDRAWN: (1, 11001)})
    proof = _proof(booked=[BOOKED_AS_CORRECTED], statements=[CORRECTED, received], ledger=[ledger])

    assert _found(proof) == [("wrong amount", "doc1")]


def test_an_amount_that_was_corrected_here_is_a_reconciling_item_of_its_own() -> None:
    proof = _proof(booked=[BOOKED_AS_CORRECTED], statements=[CORRECTED, WITHDRAWN], ledger=[BOTH])

    assert proof.holds
    assert [(one.document, one.approved, one.corrected) for one in proof.adjusted] == [
        ("doc1", "119.00 EUR", "110.00 EUR")
    ]


def test_a_correction_that_left_the_amount_alone_adjusts_nothing() -> None:
    kept = replace(CORRECTED, amount_minor=11900)
    ledger = replace(BOTH, received=(2, 23800), places={**BOTH.places, Place.POSTED: (1, 11900)})
    booked = replace(BOOKED_AS_CORRECTED, cost_minor=11900)
    proof = _proof(booked=[booked], statements=[kept, WITHDRAWN], ledger=[ledger])

    assert (proof.holds, proof.adjusted) == (True, ())


def test_a_document_that_the_source_never_handed_over_is_unknown() -> None:
    assert _found(_proof(approved=[])) == [("unknown", "doc1")]


def test_an_amount_that_differs_from_the_source_is_named_to_the_cent() -> None:
    proof = _proof(approved=[replace(APPROVED, amount_minor=11901)])

    assert _found(proof) == [("wrong amount", "doc1")]
    assert proof.differences[0].sentence == "The source says 119.01 EUR, Tieout 119.00 EUR."


def test_a_document_that_could_not_be_read_counts_without_an_amount() -> None:
    unread = replace(STATEMENT, place=Place.BLOCKED, currency="XXX", amount_minor=0)

    assert _proof(approved=[replace(APPROVED, amount_minor=None)], booked=[], statements=[unread]).holds


def test_an_amount_that_differs_in_the_erp_is_named_to_the_cent() -> None:
    proof = _proof(booked=[BOOKED])

    assert _found(proof) == [("wrong amount", "doc1")]
    assert proof.differences[0].sentence == "Tieout says 119.00 EUR, the ERP 100.00 EUR."


def test_a_posting_that_the_erp_does_not_have_is_named() -> None:
    assert _found(_proof(booked=[])) == [("not booked", "doc1")]


def test_a_posting_that_was_reversed_is_not_in_the_books() -> None:
    reversed_ones = [replace(BOOKED, is_reversed=True), replace(CARD, is_reversed=True)]

    assert _found(_proof(booked=reversed_ones)) == [("not booked", "doc1")]
    assert _proof(booked=reversed_ones, statements=[replace(STATEMENT, is_reversed=True)]).holds


def test_a_document_that_is_booked_twice_is_doubled() -> None:
    proof = _proof(booked=[BOOKED, BOOKED, CARD])

    assert ("doubled", "doc1") in _found(proof)
    assert proof.doubled == 1


@pytest.mark.parametrize("place", [Place.BLOCKED, Place.WITHDRAWN, Place.AT_SOURCE, Place.IN_PROGRESS])
def test_what_is_not_posted_must_not_stand_in_the_books(place: Place) -> None:
    assert _found(_proof(statements=[replace(STATEMENT, place=place)])) == [("still booked", "doc1")]
    assert _proof(statements=[replace(STATEMENT, place=place, may_be_booked=True)]).holds


def test_a_posting_of_nobody_is_a_stray() -> None:
    other = replace(BOOKED, reference="EXR-1000-concur-report9-1", source_document="report9")

    assert _found(_proof(booked=[BOOKED, CARD, other])) == [("stray", "report9")]


def test_a_cash_advance_is_measured_on_the_advance_account() -> None:
    advance = replace(APPROVED, is_advance=True)
    handed_out = replace(BOOKED, cost_minor=0, advance_minor=11900)

    assert _proof(approved=[advance], booked=[handed_out]).holds


@pytest.mark.parametrize(
    "ledger",
    [
        [replace(LEDGER, places={Place.POSTED: (1, 11901)}, received=(1, 11901))],
        [replace(LEDGER, places={Place.BLOCKED: (1, 11900)})],
        [replace(LEDGER, received=(2, 11900))],
        [],
    ],
)
def test_a_ledger_that_is_not_the_sum_of_its_documents_does_not_hold(ledger: list[LedgerFigures]) -> None:
    assert {what for what, _ in _found(_proof(ledger=ledger))} == {"ledger"}
