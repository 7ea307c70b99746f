"""How an expense becomes journals: who paid, which tax, which cost objects."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from connectors.twins.expense.sample_claims import Claim, in_shares, rounded
from connectors.twins.expense.sample_group import CARD_CLEARING, RATES_TO_EUR, Company
from connectors.twins.expense.sample_report import Allocation, Entry, Journal, Tax

PAYEES: Final = {"CASH": "EMPL", "CBCP": "CBCP", "IBCP": "IBCP", "COPD": "COPD"}
CARDS: Final = frozenset({"CBCP", "IBCP"})
_SPLITS: Final = ((50, 50), (60, 40), (33, 33, 34), (25, 25, 25, 25), (70, 20, 10))


def plain(claim: Claim, payment: str = "CASH") -> Entry:
    """Return an expense on one cost object, without tax."""
    return _entry(claim, payment, [_allocation(claim, payment, claim.amount(), claim.home)])


def on_cost_object(claim: Claim, cost_center: str, project: str | None, company: str | None = None) -> Entry:
    """Return an expense on a named cost object."""
    part = _allocation(claim, "CASH", claim.amount(), cost_center, project=project, company=company)
    return _entry(claim, "CASH", [part])


def taxed(claim: Claim, *, reclaimed: Decimal) -> Entry:
    """Return an expense with tax, a share of which is reclaimed."""
    gross = claim.amount()
    code, rate = claim.company.full_rate if reclaimed else claim.company.lost_rate
    amount = rounded(gross * rate / (100 + rate), claim.currency)
    taken = rounded(amount * reclaimed, claim.currency)
    tax = Tax(code, amount, taken, claim.dice.hexadecimal(32), claim.company.country)
    return _entry(claim, "CASH", [_allocation(claim, "CASH", gross, claim.home, taxes=(tax,))])


def split(claim: Claim, payment: str = "CASH") -> Entry:
    """Return an expense that several cost centers and projects share."""
    shares = claim.dice.pick(_SPLITS)
    parts = in_shares(claim.amount(), shares, claim.currency)
    allocations = [
        _allocation(claim, payment, part, claim.cost_center(), project=claim.project(), percentage=share)
        for part, share in zip(parts, shares, strict=True)
    ]
    return _entry(claim, payment, allocations)


def foreign(claim: Claim) -> Entry:
    """Return an expense in another currency; the approved amount follows from the platform's rate."""
    other = claim.dice.pick([code for code in RATES_TO_EUR if code != claim.currency])
    spent = claim.dice.amount(other)
    rate = (RATES_TO_EUR[other] / RATES_TO_EUR[claim.currency]).quantize(Decimal("0.00000001"))
    approved = rounded(spent * rate, claim.currency)
    entry = _entry(claim, "CASH", [_allocation(claim, "CASH", approved, claim.home)])
    return replace(entry, spent=spent, spent_currency=other, rate=rate)


def refund(claim: Claim, payment: str = "CASH") -> Entry:
    """Return money that comes back to the company: payer and payee change sides, the amount is negative."""
    gross = -claim.amount()
    journal = Journal(claim.expense_type().account, PAYEES[payment], "COMP", gross)
    return _entry(claim, payment, [_part(claim, (journal,), claim.home)])


def personal(claim: Claim) -> Entry:
    """Return personal spend on a company card: nothing is approved, the employee owes it."""
    spent, reference = claim.amount(), claim.dice.hexadecimal(10)
    journals = (
        Journal(CARD_CLEARING, "COMP", "CBCP", spent, card=spent, card_reference=reference),
        Journal(CARD_CLEARING, "EMPL", "COMP", -spent),
    )
    return _entry(claim, "CBCP", [_part(claim, journals, claim.home, percentage=None)], own=spent, reference=reference)


def nothing(claim: Claim) -> Entry:
    """Return an expense of which nothing was approved."""
    return _entry(claim, "CASH", [_allocation(claim, "CASH", Decimal(0), claim.home)])


def _allocation(
    claim: Claim,
    payment: str,
    gross: Decimal,
    cost_center: str,
    *,
    taxes: tuple[Tax, ...] = (),
    project: str | None = None,
    company: str | None = None,
    percentage: int = 100,
) -> Allocation:
    card = gross if payment in CARDS else None
    journal = Journal(claim.expense_type().account, "COMP", PAYEES[payment], gross, taxes, card)
    return _part(claim, (journal,), cost_center, project=project, company=company, percentage=percentage)


def _part(
    claim: Claim,
    journals: tuple[Journal, ...],
    cost_center: str,
    *,
    project: str | None = None,
    company: str | None = None,
    percentage: int | None = 100,
) -> Allocation:
    owner: Company = claim.company
    return Allocation(
        guid=claim.dice.hexadecimal(32),
        cost_center=cost_center,
        company=company or owner.code,
        journals=journals,
        project=project,
        percentage=percentage,
    )


def _entry(
    claim: Claim,
    payment: str,
    allocations: Sequence[Allocation],
    *,
    own: Decimal | None = None,
    reference: str | None = None,
) -> Entry:
    kind = claim.expense_type()
    gross = sum((journal.gross for part in allocations for journal in part.journals), Decimal(0))
    has_card = payment in CARDS
    return Entry(
        guid=claim.dice.hexadecimal(32),
        type=kind,
        vendor=claim.dice.pick(kind.vendors),
        approved=Decimal(0) if own is not None else gross,
        allocations=tuple(allocations),
        payment=payment,
        day=claim.day,
        spent=own,
        is_personal=own is not None,
        clearing_account=CARD_CLEARING if has_card else None,
        card_reference=reference or (claim.dice.hexadecimal(10) if has_card else None),
    )
