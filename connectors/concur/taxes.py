"""Taxes of an allocation, shared among the journals that bear them."""

from collections.abc import Mapping, Sequence
from typing import Any  # a JSON value may be anything

from connectors.canonical.expense import ExpenseTax
from connectors.canonical.money import split_by_largest_remainder
from connectors.concur.fields import Fields, first_of
from connectors.concur.values import minor_of

_Json = Mapping[str, Any]  # an object of the document


def taxes_of(allocation: _Json, currency: str, fields: Fields) -> list[tuple[ExpenseTax, ...]]:
    """Return the taxes of each journal; over all journals every tax sums to what the platform stated.

    A tax belongs to the journals that name its guid, or to all where none does. Shares follow what the gross of
    each journal still holds of tax, so that `gross = net + taxes` stays exact wherever the document says so.
    """
    journals: Sequence[_Json] = allocation["journal"]
    taxes: Sequence[_Json] = allocation.get("tax") or ()
    tax_left = [_between(journal, "amountNetOfTax", currency) for journal in journals]
    reclaim_left = [_between(journal, "amountNetOfReclaim", currency) for journal in journals]
    found: list[list[ExpenseTax]] = [[] for _ in journals]
    for tax in taxes:
        bearers = _bearers(tax, journals)
        amounts = _take(minor_of(tax.get("amountTax"), currency), bearers, tax_left)
        reclaims = _take(minor_of(tax.get("amountReclaim"), currency), bearers, reclaim_left)
        code = first_of(fields.tax_code, (tax,))
        for bearer, amount, reclaim in zip(bearers, amounts, reclaims, strict=True):
            found[bearer].append(ExpenseTax(code, amount, reclaim))
    return [tuple(of_journal) for of_journal in found]


def _between(journal: _Json, net: str, currency: str) -> int:
    return minor_of(journal["amountGross"], currency) - minor_of(journal.get(net), currency)


def _bearers(tax: _Json, journals: Sequence[_Json]) -> list[int]:
    guid = tax.get("taxGuid")
    naming = [place for place, journal in enumerate(journals) if guid and guid in (journal.get("taxGuid") or ())]
    return naming or list(range(len(journals)))


def _take(amount: int, bearers: Sequence[int], left: list[int]) -> list[int]:
    """Return the amount in shares by what is left to each bearer, and take them off it."""
    shares = split_by_largest_remainder(amount, [abs(left[bearer]) for bearer in bearers]) if bearers else []
    for bearer, share in zip(bearers, shares, strict=True):
        left[bearer] -= share
    return shares
