import io
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from control_plane.proof.shown import differences_table, ledger_table, sentence_of
from control_plane.proof.verify import Adjusted, Difference, LedgerFigures, Place, Proof

LEDGER = [
    LedgerFigures("JPY", (2, 3000), {Place.POSTED: (2, 3000)}),
    LedgerFigures("EUR", (1203, 123456), {Place.POSTED: (1200, 120000), Place.BLOCKED: (3, 3456)}),
]
HOLDS = Proof(1205, 1300, 1205, ())
DIFFERS = Proof(1205, 1300, 1205, tuple(Difference("lost", f"doc{number}", "It is gone.") for number in range(12)))


def _printed(table: Table) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_ledger_is_a_line_for_each_currency_that_fits_a_terminal() -> None:
    lines = [line.split() for line in _printed(ledger_table(LEDGER)).splitlines()]

    assert ["EUR", "1,203", "0", "3", "0", "1,200", "0"] in lines
    assert ["1,234.56", "0.00", "34.56", "0.00", "1,200.00", "0.00"] in lines
    assert ["3,000", "0", "0", "0", "3,000", "0"] in lines


def test_books_that_agree_are_one_sentence() -> None:
    assert sentence_of(HOLDS, LEDGER) == (
        "The ledger balances: of 1,205 documents received 1,202 were posted and 3 wait for somebody, "
        "and the ERP's own books hold 1,300 postings that agree to the cent."
    )


def test_what_was_adjusted_here_is_named_beside_the_books_that_agree() -> None:
    proof = replace(HOLDS, adjusted=(Adjusted("doc1", "119.00 EUR", "110.00 EUR"),))
    assert sentence_of(proof, LEDGER).endswith(" Adjusted here, 1 in all: doc1 from 119.00 EUR to 110.00 EUR.")


def test_books_that_differ_are_one_sentence_with_the_first_difference() -> None:
    assert sentence_of(DIFFERS, LEDGER) == ("The ledger does NOT balance: 12 differences, the first: doc0: It is gone.")


def test_no_more_differences_are_shown_than_one_reads() -> None:
    assert _printed(differences_table(DIFFERS)).count("It is gone.") == 10
