"""What a proof shows to people: the ledger as a table whose lines add up, and one sentence."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rich.table import Table

from connectors.canonical.money import format_minor
from control_plane.proof.verify import LedgerFigures, Place, Proof

FIRST_SHOWN: Final = 10


def ledger_table(ledger: Sequence[LedgerFigures]) -> Table:
    """Return the ledger by currency: received = in progress + blocked + at source + posted + withdrawn."""
    table = Table(title="The money ledger", title_justify="left", box=None, pad_edge=False)
    table.add_column("", min_width=3)
    for name in ("received", "= in progress", "+ blocked", "+ at source", "+ posted", "+ withdrawn"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in sorted(ledger, key=lambda one: one.currency):
        figures = [line.received, *(line.places.get(place, (0, 0)) for place in Place)]
        table.add_row(line.currency, *(f"{count:,}" for count, _ in figures))
        table.add_row("", *(_amount(minor, line.currency) for _, minor in figures), style="dim")
    return table


def sentence_of(proof: Proof, ledger: Sequence[LedgerFigures]) -> str:
    """Return what the proof comes down to."""
    if not proof.holds:
        first = proof.differences[0]
        count = len(proof.differences)
        return f"The ledger does NOT balance: {count} differences, the first: {first.document}: {first.sentence}"
    received, posted, blocked = (
        sum(one[0] for one in figures)
        for figures in (
            [line.received for line in ledger],
            [line.places.get(Place.POSTED, (0, 0)) for line in ledger],
            [line.places.get(Place.BLOCKED, (0, 0)) for line in ledger],
        )
    )
    return (
        f"The ledger balances: of {received:,} documents received {posted:,} were posted and {blocked:,} wait for "
        f"somebody, and the ERP's own books hold {proof.booked_count:,} postings that agree to the cent."
        + _adjustments(proof)
    )


def _adjustments(proof: Proof) -> str:
    if not proof.adjusted:
        return ""
    named = (f"{one.document} from {one.approved} to {one.corrected}" for one in proof.adjusted[:FIRST_SHOWN])
    return f" Adjusted here, {len(proof.adjusted):,} in all: {', '.join(named)}."


def differences_table(proof: Proof) -> Table:
    """Return the first differences."""
    table = Table("what", "document", "difference", box=None)
    for one in proof.differences[:FIRST_SHOWN]:
        table.add_row(one.what, one.document, one.sentence)
    return table


def _amount(minor: int, currency: str) -> str:
    return f"{Decimal(format_minor(minor, currency)):,}"
