"""The books of the bench's ERP: what it booked, refused and put off, and what that says about the sender."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final  # words of a JSON body

from bench.work import Fate, expected, fate_of, key_in

Words = dict[str, Any]

_REFUSAL: Final = {"code": "field_invalid", "message": "This expense is refused", "field": "text"}


@dataclass(slots=True)
class Books:
    """Everything that was handed in, booked as often as it came: what is doubled is to be seen here."""

    booked: dict[str, list[Words]] = field(default_factory=dict)
    """By reference."""
    times: Counter[int] = field(default_factory=Counter)
    """How often each business key was booked."""
    put_off: set[int] = field(default_factory=set)
    has_fates: bool = True

    def is_away_for(self, documents: Sequence[Words]) -> bool:
        """Return whether the call is answered 503: once for each first document whose key says so."""
        key = key_in(documents[0]["source_document"])
        if not self.has_fates or fate_of(key) is not Fate.AWAY_ONCE or key in self.put_off:
            return False
        self.put_off.add(key)
        return True

    def refuses(self, document: Words) -> bool:
        """Return whether the document is never booked."""
        return self.has_fates and fate_of(key_in(document["source_document"])) is Fate.REFUSED

    def post(self, documents: Sequence[Words]) -> list[Words]:
        """Book documents and return a result for each."""
        return [self._refused(each) if self.refuses(each) else self._book(each) for each in documents]

    def find(self, body: Mapping[str, Sequence[str]]) -> list[Words]:
        """Return what is booked under references or under source documents."""
        if "references" in body:
            return [found for key in body["references"] for found in map(_found, self.booked.get(key, []))]
        wanted = set(body["source_documents"])
        return [_found(each) for each in self._all() if each["source_document"] in wanted]

    def toll(self, count: int) -> dict[str, int]:
        """Return what of W(count) is lost and what is doubled."""
        wanted = expected(count, has_fates=self.has_fates)
        doubled = sum(times - 1 for times in self.times.values()) + len(self.times.keys() - wanted)
        return {"lost": len(wanted - self.times.keys()), "doubled": doubled, "booked": self.times.total()}

    def _all(self) -> Iterator[Words]:
        return (each for some in self.booked.values() for each in some)

    def _refused(self, document: Words) -> Words:
        return {"reference": document["reference"], "status": "rejected", "value": None, **_REFUSAL}

    def _book(self, document: Words) -> Words:
        number = f"{self.times.total() + 1:010d}"
        self.times[key_in(document["source_document"])] += 1
        self.booked.setdefault(document["reference"], []).append({**document, "number": number})
        return {"status": "posted", **_named(document, number)}


def _found(document: Words) -> Words:
    return {
        "status": "posted",
        **_named(document, document["number"]),
        "source_document": document["source_document"],
        "document_type": document["document_type"],
        "currency": document["currency"],
        "total": str(sum(Decimal(line["debit"]) for line in document["lines"])),
    }


def _named(document: Words, number: str) -> Words:
    return {
        "reference": document["reference"],
        "company": document["company"],
        "fiscal_year": int(document["posting_date"][:4]),
        "number": number,
        "posting_date": document["posting_date"],
    }
