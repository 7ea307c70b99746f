"""The ERP of a proof, behind the curtain: what is done there, and its twin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from connectors.canonical.money import format_minor
from connectors.twins.expense.sample_group import company_of
from control_plane.proof.books import Booked, booked_of
from control_plane.proof.hand import Hand, Words
from control_plane.proof.timeline import CURRENCY, Claim

_BATCH: Final = 100


class Erp(Protocol):
    """What a proof does in the ERP and reads there."""

    def booked(self) -> list[Booked]:
        """Return every posting in the ERP's own books."""

    def activate_project(self, code: str) -> None:
        """Let a project be charged again."""

    def pay_half(self) -> int:
        """Pay every second posting that owes something, and return how many that were."""

    def pay(self, claims: Sequence[Claim]) -> int:
        """Pay the postings of documents, and return how many were paid."""

    def pay_without_posting(self, claims: Sequence[Claim]) -> int:
        """Book payments of documents that are not in the books, and return how many that were."""


@dataclass(frozen=True, slots=True)
class TwinErp:
    """The ERP's twin."""

    hand: Hand

    def booked(self) -> list[Booked]:
        """Return every posting in the twin's books."""
        return list(booked_of(self.hand.get("/twin/books")))

    def activate_project(self, code: str) -> None:
        """Let a project be charged again."""
        self.hand.patch(f"/twin/master-data/project/{code}", {"active": True})

    def pay_half(self) -> int:
        """Pay every second posting that owes something."""
        documents = self.hand.get("/twin/books")["documents"]
        owing = [one["reference"] for one in documents if _owes(one)]
        return self._pay([{"reference": reference} for reference in owing[::2]])

    def pay(self, claims: Sequence[Claim]) -> int:
        """Pay the newest living posting of each document."""
        return self._pay([{"source_document": claim.id} for claim in claims])

    def pay_without_posting(self, claims: Sequence[Claim]) -> int:
        """Book payments of documents that are not in the books."""
        return self._pay([_stray(claim) for claim in claims])

    def _pay(self, wishes: Sequence[Words]) -> int:
        results = (self.hand.post("/twin/pay", {"payments": list(batch)})["results"] for batch in _batches(wishes))
        return sum(result["status"] == "paid" for batch in results for result in batch)


def _owes(document: Words) -> bool:
    is_living = document["kind"] == "posting" and document["reversal"] is None
    return is_living and Decimal(document["payable"]) > Decimal(document["paid"])


def _stray(claim: Claim) -> Words:
    return {
        "source_document": claim.id,
        "without_posting": True,
        "company": company_of(claim.employee).code,
        "currency": CURRENCY,
        "amount": format_minor(claim.amount_minor, CURRENCY),
    }


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
