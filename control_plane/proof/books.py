"""The outside's own books, read as they are exported, in the few facts that a proof needs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connectors.canonical.money import InexactAmountError, UnknownCurrencyError, parse_minor
from connectors.twins.erp.chart import ACCOUNTS

Words = Mapping[str, Any]  # JSON as the other side exports it

_COSTS: Final = frozenset(one.code for one in ACCOUNTS if one.kind == "expense" or one.role == "input_tax")
_ADVANCES: Final = frozenset(one.code for one in ACCOUNTS if one.role == "cash_advance")


@dataclass(frozen=True, slots=True)
class Approved:
    """One version of one document in the source's books."""

    document_id: str
    business_id: str
    is_advance: bool
    currency: str
    amount_minor: int | None
    """None: no exact amount of a known currency."""
    is_ours: bool
    """We have acknowledged it. What was taken back before that we may have seen or not."""


@dataclass(frozen=True, slots=True)
class Booked:
    """One document in the ERP's books."""

    reference: str
    source_document: str
    currency: str
    cost_minor: int
    """Debits less credits on the accounts of cost and input tax."""
    advance_minor: int
    """Debits less credits on the accounts of cash advances."""
    is_reversed: bool


def approved_of(export: Words) -> Iterator[Approved]:
    """Yield the versions in the expense platform's books."""
    for document in export["documents"]:
        for version in document["versions"]:
            yield _approved(document, version)


def booked_of(export: Words) -> Iterator[Booked]:
    """Yield the postings in the ERP's books; a reversal stands with what it reverses."""
    for document in export["documents"]:
        if document["kind"] == "posting":
            yield booked(document, is_reversed=document["reversal"] is not None)


def booked(document: Words, *, is_reversed: bool) -> Booked:
    """Return one posting from its header and lines; amounts are decimal strings."""
    currency = document["currency"]
    sums: Counter[str] = Counter()
    for line in document["lines"]:
        sums[line["account"]] += parse_minor(line["debit"], currency) - parse_minor(line["credit"], currency)
    return Booked(
        reference=document["reference"],
        source_document=document["source_document"],
        currency=currency,
        cost_minor=_on(sums, _COSTS),
        advance_minor=_on(sums, _ADVANCES),
        is_reversed=is_reversed,
    )


def _approved(document: Words, version: Words) -> Approved:
    is_advance = document["doc_type"] != "expense"
    name = version["id"]
    return Approved(
        document_id=f"{document['doc_type']}/{name}" if is_advance else name,
        business_id=document["business_id"],
        is_advance=is_advance,
        currency=version["currency"] or "",
        amount_minor=_minor(version),
        is_ours=version["acknowledged_at"] is not None,
    )


def _minor(version: Words) -> int | None:
    """Return the approved total; where the source left it open, what its journals say."""
    stated = version["approved_amount"]
    text = version["journal_amount"] if stated is None else stated
    try:
        return parse_minor(f"{Decimal(text):f}", version["currency"] or "")
    except (TypeError, ArithmeticError, InexactAmountError, UnknownCurrencyError):
        return None


def _on(sums: Mapping[str, int], accounts: Iterable[str]) -> int:
    return sum(sums.get(account, 0) for account in accounts)
