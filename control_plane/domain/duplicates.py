"""Whether a document repeats an earlier one: evidence for and against, weighed by one table."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import blake2b, sha256
from itertools import pairwise
from typing import Final

from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from control_plane.domain.verdict import Candidate

_NOT_ALNUM: Final = re.compile(r"[^0-9a-z]+")
_SEPARATOR: Final = "\x1f"
SERIES_LENGTH: Final = 3
"""Documents of equal distance, this one included, that make a recurring series."""
SERIES_SHORTEST_DAYS: Final = 6
"""A week, a day early."""
SERIES_TOLERANCE_DAYS: Final = 3


class Evidence(StrEnum):
    """What speaks for or against a repetition."""

    SAME_CONTENT = "the same content"
    SAME_NUMBER = "the same number"
    SAME_EMPLOYEE = "the same employee"
    SAME_MERCHANT = "the same merchant"
    SAME_RECEIPT = "the same receipt"
    NEAR_DATE = "a date close by"
    DIFFERENT_RECEIPT = "different receipts"
    RECURRING = "a recurring series"
    PER_DIEM = "a daily allowance"
    SPLIT_BILL = "a bill split between employees"


WEIGHT: Final[Mapping[Evidence, int]] = {
    Evidence.SAME_CONTENT: 20,
    Evidence.SAME_NUMBER: 40,
    Evidence.SAME_EMPLOYEE: 20,
    Evidence.SAME_MERCHANT: 30,
    Evidence.SAME_RECEIPT: 50,
    Evidence.NEAR_DATE: 25,
    Evidence.DIFFERENT_RECEIPT: -40,
    Evidence.RECURRING: -40,
    Evidence.PER_DIEM: -40,
    Evidence.SPLIT_BILL: -30,
}
"""Percent points of likelihood, on top of the same amount in the same currency."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What a document left that another one may repeat, in normal form."""

    source_id: str
    number: str
    employee_ref: str
    amount_minor: int
    currency: str
    day: date | None
    content_hash: str
    merchants: frozenset[str]
    receipts: frozenset[str]
    is_per_diem: bool = False


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a document looks like an earlier one, and why."""

    candidate: Candidate
    evidence: tuple[Evidence, ...]
    is_exact: bool
    amount_minor: int

    @property
    def likelihood(self) -> int:
        """Return the sum of the evidence's weights in percent."""
        return 100 if self.is_exact else min(99, max(0, sum(WEIGHT[one] for one in self.evidence)))

    @property
    def rank(self) -> int:
        """Return likelihood times amount: what is looked at first."""
        return self.likelihood * abs(self.amount_minor)


def content_hash(report: ExpenseReport) -> str:
    """Return the hash of the business content: who, what, when, how much; no id, number or coding of any system.

    Lines count in any order, so that a second channel may send them differently.
    """
    head = [
        report.employee.employee_ref,
        report.legal_entity_ref,
        report.total.currency,
        str(report.total.minor),
        str(report.document_date or ""),
    ]
    lines = sorted(_SEPARATOR.join(_line_content(line)) for line in report.lines)
    return sha256("\x1e".join([_SEPARATOR.join(head), *lines]).encode()).hexdigest()


def traces_of(report: ExpenseReport, per_diem_types: Sequence[str] = ()) -> Traces:
    """Return what a report left that another one may repeat."""
    return Traces(
        source_id=report.source_id,
        number=normalized(report.document_number),
        employee_ref=report.employee.employee_ref,
        amount_minor=report.total.minor,
        currency=report.total.currency,
        day=report.document_date,
        content_hash=content_hash(report),
        merchants=merchants_of(report),
        receipts=receipts_of(report),
        is_per_diem=bool(report.lines) and all(line.expense_type in per_diem_types for line in report.lines),
    )


def merchants_of(report: ExpenseReport) -> frozenset[str]:
    """Return the marks of a report's merchants."""
    return frozenset(map(mark_of, {normalized(line.merchant) for line in report.lines} - {""}))


def receipts_of(report: ExpenseReport) -> frozenset[str]:
    """Return the marks of what proves the single expenses of a report: receipts and card transactions."""
    proofs = {line.receipt_ref for line in report.lines} | {line.card_transaction_ref for line in report.lines}
    return frozenset(map(mark_of, proofs - {""}))


def mark_of(text: str) -> str:
    """Return a short hash by which two documents can be compared, and nobody can read what stood there."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def normalized(text: str) -> str:
    """Return a number or a name without case, spaces, punctuation and leading zeros."""
    return _NOT_ALNUM.sub("", text.casefold()).lstrip("0")


def likenesses(traces: Traces, candidates: Sequence[Candidate], *, window_days: int) -> list[Likeness]:
    """Return the earlier documents that this one may repeat, the highest rank first.

    Other versions of the same business object are no repetition. The amount must be the same; without an equal
    number, content or receipt the date must be close by.
    """
    others = [one for one in candidates if one.source_id != traces.source_id and _is_comparable(traces, one)]
    is_recurring = _is_series(traces, others)
    found = [_likeness(traces, one, window_days, is_recurring=is_recurring) for one in others]
    return sorted((one for one in found if one.likelihood), key=lambda one: (-one.rank, one.candidate.transaction_id))


def _likeness(traces: Traces, other: Candidate, window_days: int, *, is_recurring: bool) -> Likeness:
    stands = _evidence(traces, other, window_days, is_recurring=is_recurring)
    may_repeat = {Evidence.SAME_CONTENT, Evidence.SAME_NUMBER, Evidence.SAME_RECEIPT, Evidence.NEAR_DATE}
    evidence = tuple(one for one in Evidence if stands[one])
    is_related = stands[Evidence.SAME_EMPLOYEE] or stands[Evidence.SAME_MERCHANT] or stands[Evidence.SAME_RECEIPT]
    counts = is_related and not may_repeat.isdisjoint(evidence)
    return Likeness(other, evidence if counts else (), counts and _is_exact(stands), traces.amount_minor)


def _evidence(traces: Traces, other: Candidate, window_days: int, *, is_recurring: bool) -> Mapping[Evidence, bool]:
    same_merchant = not traces.merchants.isdisjoint(other.merchants)
    shared = not traces.receipts.isdisjoint(other.receipts)
    apart = bool(traces.receipts and other.receipts) and not shared
    same_employee = traces.employee_ref == other.employee_ref
    return {
        Evidence.SAME_CONTENT: traces.content_hash == other.content_hash,
        Evidence.SAME_NUMBER: traces.number != "" and traces.number == normalized(other.document_number),
        Evidence.SAME_EMPLOYEE: same_employee,
        Evidence.SAME_MERCHANT: same_merchant,
        Evidence.SAME_RECEIPT: shared,
        Evidence.NEAR_DATE: _distance(traces.day, other.document_date) <= window_days,
        Evidence.DIFFERENT_RECEIPT: apart,
        Evidence.RECURRING: is_recurring and same_employee and not shared,
        Evidence.PER_DIEM: traces.is_per_diem,
        Evidence.SPLIT_BILL: same_merchant and not same_employee and not shared,
    }


def _is_exact(stands: Mapping[Evidence, bool]) -> bool:
    """Return whether it is the same business content: a number says so, or a content that tells enough."""
    same_number = stands[Evidence.SAME_NUMBER] and stands[Evidence.SAME_EMPLOYEE]
    tells_enough = stands[Evidence.SAME_MERCHANT] or stands[Evidence.SAME_RECEIPT]
    speaks_against = stands[Evidence.PER_DIEM] or stands[Evidence.DIFFERENT_RECEIPT]
    return same_number or (stands[Evidence.SAME_CONTENT] and tells_enough and not speaks_against)


def _is_series(traces: Traces, others: Iterable[Candidate]) -> bool:
    """Return whether the document continues a series of equal amounts at equal distances of a week or more."""
    days = sorted(
        {one.document_date for one in others if one.document_date and one.employee_ref == traces.employee_ref}
    )
    if traces.day is None:
        return False
    line = [*(day for day in days if day < traces.day), traces.day][-SERIES_LENGTH:]
    steps = [(later - earlier).days for earlier, later in pairwise(line)]
    is_long = len(steps) == SERIES_LENGTH - 1
    return is_long and min(steps) >= SERIES_SHORTEST_DAYS and max(steps) - min(steps) <= SERIES_TOLERANCE_DAYS


def _is_comparable(traces: Traces, other: Candidate) -> bool:
    """Return whether there is anything to weigh: the amount, and somebody or something that both name."""
    return (traces.amount_minor, traces.currency) == (other.amount_minor, other.currency) and (
        traces.employee_ref == other.employee_ref
        or not traces.merchants.isdisjoint(other.merchants)
        or not traces.receipts.isdisjoint(other.receipts)
    )


def _distance(one: date | None, other: date | None) -> float:
    return float("inf") if one is None or other is None else abs((one - other).days)


def _line_content(line: ExpenseLine) -> list[str]:
    return [
        line.expense_type,
        str(line.transaction_date or ""),
        normalized(line.merchant),
        line.transaction_amount,
        line.transaction_currency,
        *sorted(_SEPARATOR.join(_journal_content(journal)) for journal in line.journals),
    ]


def _journal_content(journal: ExpenseJournal) -> list[str]:
    taxes = sorted(f"{tax.amount_minor}/{tax.reclaimable_minor}" for tax in journal.taxes)
    return [journal.payer, journal.payee, str(journal.gross_minor), *taxes]
