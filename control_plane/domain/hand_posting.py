"""Posting by hand: what two persons say was booked, held against what the target shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from connectors.contract import Intent, Posting, PostingLine
from control_plane.domain.delivery import differs


class Claimed(StrEnum):
    """What two persons say about a document that the engine cannot bring on."""

    POSTED = "posted"
    """It stands in the target's books under these numbers."""
    NOT_POSTED = "not_posted"
    """It is in doubt, and it does not stand there."""


@dataclass(frozen=True, slots=True)
class Said:
    """Numbers in the target's books, and the day on which they were posted."""

    numbers: tuple[str, ...]
    posting_date: date


@dataclass(frozen=True, slots=True)
class Worth:
    """What a document that never passed its checks is worth, and where: all that is known to compare with."""

    reference: str
    source_document: str
    legal_entity: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the target's books prove."""

    postings: tuple[Posting, ...] = ()
    problem: str = ""
    """In words; empty where every document is there as it was said. With postings: how these differ."""


def meant_by(worth: Worth, said: Said) -> Intent:
    """Return the one ERP document that the worth stands for."""
    return Intent(
        reference=worth.reference,
        source_document=worth.source_document,
        company=worth.legal_entity,
        ledger="",
        document_type="",
        posting_date=said.posting_date,
        document_date=said.posting_date,
        currency=worth.currency,
        lines=(PostingLine("", debit_minor=abs(worth.minor)),),
    )


def read_back(said: Said, meant: Sequence[Intent], found: Sequence[Posting]) -> ReadBack:
    """Return the postings that prove the document: company, period, currency and amount as they were meant and said."""
    by_number = {posting.number: posting for posting in found if posting.number in said.numbers}
    missing = [number for number in said.numbers if number not in by_number]
    if missing:
        return ReadBack(problem=f"nothing stands there under {', '.join(missing)} for this document")
    if len(by_number) != len(meant):
        return ReadBack(problem=f"{len(meant)} documents are to be booked, and {len(by_number)} are named")
    left, proofs, problems = list(by_number.values()), [], []
    for intent in (replace(one, posting_date=said.posting_date) for one in meant):
        posting = _of(intent, left)
        left.remove(posting)
        proofs.append(replace(posting, reference=intent.reference))
        problems.append(differs(intent, posting))
    return ReadBack(tuple(proofs), "; ".join(problem for problem in problems if problem))


def said_only(said: Said, meant: Sequence[Intent], target: str) -> ReadBack:
    """Return the postings as they were said, for a target that cannot be asked."""
    if len(said.numbers) != len(meant):
        return ReadBack(problem=f"{len(meant)} documents are to be booked, and {len(said.numbers)} are named")
    proofs = tuple(
        Posting(
            target=target,
            company=intent.company,
            fiscal_year=str(said.posting_date.year),
            document_type=intent.document_type,
            number=number,
            posting_date=said.posting_date,
            reference=intent.reference,
            currency=intent.currency,
            total_minor=intent.total_minor,
        )
        for intent, number in zip(meant, said.numbers, strict=True)
    )
    return ReadBack(proofs)


def _of(intent: Intent, found: Sequence[Posting]) -> Posting:
    """Return the posting that the intent is: under its reference, else one that does not differ, else any."""
    fits = (
        *(one for one in found if one.reference == intent.reference),
        *(one for one in found if not differs(intent, one)),
        *found,
    )
    return fits[0]
