"""The proof: what Tieout says about every document, held against the source's and the ERP's own books.

It reads exports only. What Tieout says is the thing to be proved: one statement per document, and the ledger.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connectors.canonical.money import NO_CURRENCY, Money
from control_plane.proof.books import Approved, Booked


class Place(StrEnum):
    """Where an amount is, in the ledger's words."""

    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    AT_SOURCE = "at_source"
    POSTED = "posted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Statement:
    """What Tieout says about one version of one document."""

    transaction_id: str
    document_id: str
    business_id: str
    reference: str
    place: Place
    is_reversed: bool
    may_be_booked: bool
    """True while nobody knows: it is on its way, or its answer was lost."""
    currency: str
    amount_minor: int
    version: int = 1
    """Of the document; the source does not know the later versions of what was corrected here."""


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """One currency's line of Tieout's ledger: count and amount of every place."""

    currency: str
    received: tuple[int, int]
    places: Mapping[Place, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the books do not agree."""

    what: str
    document: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A reconciling item: a document that was corrected here to another amount than the source approved."""

    document: str
    approved: str
    corrected: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, what was adjusted here, and everything in which it differs."""

    approved_count: int
    booked_count: int
    statement_count: int
    differences: tuple[Difference, ...]
    adjusted: tuple[Adjusted, ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether all books agree."""
        return not self.differences

    @property
    def lost(self) -> int:
        """Return how many documents the source handed over and Tieout does not know."""
        return self._count(LOST)

    @property
    def doubled(self) -> int:
        """Return how many documents the ERP has booked more than once."""
        return self._count(DOUBLED)

    def _count(self, what: str) -> int:
        return sum(one.what == what for one in self.differences)


LOST: Final = "lost"
UNKNOWN: Final = "unknown"
WRONG_AMOUNT: Final = "wrong amount"
NOT_BOOKED: Final = "not booked"
STILL_BOOKED: Final = "still booked"
DOUBLED: Final = "doubled"
STRAY: Final = "stray"
LEDGER: Final = "ledger"


def verify(
    approved: Iterable[Approved],
    booked: Iterable[Booked],
    statements: Sequence[Statement],
    ledger: Sequence[LedgerFigures],
) -> Proof:
    """Return what differs between source, Tieout and ERP, document by document and in the ledger's sums."""
    versions, postings, said = list(approved), list(booked), _by_document(statements)
    differences = [
        *_against_source(versions, said),
        *_against_erp(postings, statements, {one.document_id for one in versions if one.is_advance}),
        *_strays(postings, statements),
        *_in_ledger(statements, ledger),
    ]
    adjusted = tuple(_adjusted(versions, said))
    count = sum(one.is_ours for one in versions)
    return Proof(count, len(postings), len(statements), tuple(differences), adjusted)


_Said = Mapping[str, Sequence[Statement]]
"""What is said about each document: first as it was received, then as it was corrected."""


def _by_document(statements: Iterable[Statement]) -> _Said:
    said: dict[str, list[Statement]] = defaultdict(list)
    for one in sorted(statements, key=lambda statement: statement.version):
        said[one.document_id].append(one)
    return said


def _against_source(versions: Sequence[Approved], said: _Said) -> Iterator[Difference]:
    for version in versions:
        received = said[version.document_id][0] if version.document_id in said else None
        if received is None and version.is_ours:
            yield Difference(LOST, version.document_id, "The source has handed it over; Tieout does not know it.")
        elif received and received.currency != NO_CURRENCY and not _same_amount(version, received):
            theirs = _money(version.amount_minor, version.currency)
            ours = _money(received.amount_minor, received.currency)
            yield Difference(WRONG_AMOUNT, version.document_id, f"The source says {theirs}, Tieout {ours}.")
    known = {one.document_id for one in versions}
    for document_id in (one for one in said if one not in known):
        yield Difference(UNKNOWN, document_id, "Tieout knows it; the source has not handed it over.")


def _adjusted(versions: Sequence[Approved], said: _Said) -> Iterator[Adjusted]:
    for version in versions:
        corrected = said.get(version.document_id, ())[1:]
        if corrected and not _same_amount(version, corrected[-1]):
            ours = _money(corrected[-1].amount_minor, corrected[-1].currency)
            yield Adjusted(version.document_id, _money(version.amount_minor, version.currency), ours)


def _same_amount(version: Approved, statement: Statement) -> bool:
    return (version.amount_minor, version.currency) == (statement.amount_minor, statement.currency)


def _against_erp(
    postings: Sequence[Booked], statements: Sequence[Statement], advances: set[str]
) -> Iterator[Difference]:
    living: dict[str, list[Booked]] = defaultdict(list)
    for posting in postings:
        if not posting.is_reversed:
            living[_stem(posting.reference)].append(posting)
    for statement in statements:
        yield from _judged(statement, living[statement.reference], is_advance=statement.document_id in advances)


def _judged(statement: Statement, living: Sequence[Booked], *, is_advance: bool) -> Iterator[Difference]:
    is_booked = statement.place is Place.POSTED and not statement.is_reversed
    for reference, count in Counter(one.reference for one in living).items():
        if count > 1:
            yield Difference(DOUBLED, statement.document_id, f"The ERP holds {reference} {count} times.")
    if is_booked and not living:
        yield Difference(NOT_BOOKED, statement.document_id, "Tieout says posted; the ERP's books do not have it.")
    elif is_booked and (found := _amounts(living, is_advance=is_advance)) != {
        statement.currency: statement.amount_minor
    }:
        theirs = " and ".join(_money(minor, currency) for currency, minor in found.items())
        ours = _money(statement.amount_minor, statement.currency)
        yield Difference(WRONG_AMOUNT, statement.document_id, f"Tieout says {ours}, the ERP {theirs}.")
    elif living and not is_booked and not statement.may_be_booked:
        place = statement.place.replace("_", " ")
        yield Difference(STILL_BOOKED, statement.document_id, f"Tieout says {place}; it stands in the ERP's books.")


def _amounts(living: Sequence[Booked], *, is_advance: bool) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in living:
        minor = one.advance_minor if is_advance else one.cost_minor
        sums[one.currency] = sums.get(one.currency, 0) + minor
    return sums


def _strays(postings: Sequence[Booked], statements: Sequence[Statement]) -> Iterator[Difference]:
    ours = {one.reference for one in statements}
    for posting in postings:
        if _stem(posting.reference) not in ours:
            yield Difference(STRAY, posting.source_document, f"The ERP holds {posting.reference}, nobody's posting.")


def _in_ledger(statements: Sequence[Statement], ledger: Sequence[LedgerFigures]) -> Iterator[Difference]:
    sums = _sums(statements)
    for line in ledger:
        own = sums.pop(line.currency, {})
        for place in Place:
            told, found = line.places.get(place, (0, 0)), own.get(place, (0, 0))
            if told != found:
                yield Difference(LEDGER, line.currency, f"{place}: the ledger says {told}, its documents {found}.")
        in_places = _total(line.places.values())
        if line.received != in_places:
            yield Difference(LEDGER, line.currency, f"received {line.received} is not the sum of places {in_places}.")
    for currency in sums:
        yield Difference(LEDGER, currency, "The ledger has no line for its documents.")


def _sums(statements: Iterable[Statement]) -> dict[str, dict[Place, tuple[int, int]]]:
    sums: dict[str, dict[Place, tuple[int, int]]] = defaultdict(dict)
    for one in statements:
        places = sums[one.currency]
        places[one.place] = _total([places.get(one.place, (0, 0)), (1, one.amount_minor)])
    return sums


def _total(parts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    counts_and_amounts = list(parts)
    return sum(count for count, _ in counts_and_amounts), sum(minor for _, minor in counts_and_amounts)


def _stem(reference: str) -> str:
    """Return the reference of the version that one of its ERP documents belongs to."""
    return reference.partition("/")[0]


def _money(minor: int | None, currency: str) -> str:
    return "no exact amount" if minor is None else str(Money(minor, currency))
