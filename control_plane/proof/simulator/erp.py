"""The simulated ERP: books what it is sent, even twice, keeps its own books, and notes what must never happen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from connectors.canonical.events import EventType
from connectors.canonical.master_data import Domain
from connectors.contract import (
    Confirmation,
    Dedupe,
    Document,
    Envelope,
    Intent,
    Outcome,
    OutcomeKind,
    Page,
    Posting,
    Receipt,
    ReceiptStatus,
    Reversal,
    Traits,
)
from connectors.failures import Failure
from control_plane.proof.simulator import papers
from control_plane.proof.simulator.asking import Line
from control_plane.proof.simulator.fates import IS_DONE, Fate, GarbageError

LISTS: Final = "lists"
_WITHIN_GRACE: Final = 0.9
_TEN_YEARS: Final = 315_360_000.0
_LOST: Final = (OutcomeKind.UNKNOWN, Failure("answer_lost"))
_SAID: Final[Mapping[Fate, tuple[OutcomeKind, Failure]]] = {
    Fate.LOST_AFTER: _LOST,
    Fate.HIDDEN_LOST: _LOST,
    Fate.LOST_BEFORE: _LOST,
    Fate.LATE: _LOST,
    Fate.ALREADY: (OutcomeKind.UNKNOWN, Failure("already_booked")),
    Fate.REFUSED: (OutcomeKind.REJECTED, Failure("rejected_by_target", {"problem": "no"})),
    Fate.LIMITED: (OutcomeKind.REJECTED, Failure("rate_limited", retry_after_seconds=30)),
    Fate.NEVER_AGAIN: (OutcomeKind.REJECTED, Failure("rate_limited", retry_after_seconds=_TEN_YEARS)),
    Fate.UNAVAILABLE: (OutcomeKind.REJECTED, Failure("temporarily_unavailable")),
    Fate.NOT_SENT: (OutcomeKind.NOT_SENT, Failure("connection_refused")),
    Fate.CREDENTIALS: (OutcomeKind.REJECTED, Failure("credentials_refused")),
}


@dataclass(slots=True)
class Booked:
    """One document in the ERP's own books."""

    posting: Posting
    source_document: str
    seen_from: datetime
    """Before this moment nobody who asks is shown it."""
    reversed_by: str = ""

    @property
    def version(self) -> int:
        """Return which version of the business object it books."""
        return int(self.posting.reference.partition("/")[0].rpartition("-")[2])


@dataclass(slots=True)
class Erp:
    """An ERP with one company."""

    line: Line
    traits: Traits
    is_asynchronous: bool = False
    """It takes documents and books them later."""
    books: list[Booked] = field(default_factory=list)
    sins: list[str] = field(default_factory=list)
    inactive: set[str] = field(default_factory=set)
    changes: list[Envelope] = field(default_factory=list)
    streams: tuple[str, ...] = (LISTS,)
    _taken: list[tuple[datetime, Intent]] = field(default_factory=list)
    _on_its_way: list[tuple[datetime, Intent]] = field(default_factory=list)

    def standing(self) -> list[Booked]:
        """Return what stands in the books now."""
        self._catch_up()
        return [one for one in self.books if not one.reversed_by]

    def sums_minor(self) -> dict[str, int]:
        """Return what stands in the books by business object, in minor units."""
        sums: dict[str, int] = defaultdict(int)
        for one in self.standing():
            sums[one.source_document] += one.posting.total_minor or 0
        return dict(sums)

    def set_active(self, *, is_active: bool) -> None:
        """Change the state of the project, for those who ask and for those who post."""
        (self.inactive.discard if is_active else self.inactive.add)(papers.PROJECT)
        body = orjson.dumps({"is_active": is_active})
        kind, number = EventType.MASTER_DATA_CHANGED, f"project-{len(self.changes)}"
        self.changes.append(Envelope(number, "erp", kind, papers.PROJECT, self.line.now(), body))

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Book documents, or do what the fate of the call wants instead."""
        fate = self.line.draw("post", *(intent.reference for intent in intents))
        outcomes = [self._posted(intent, fate) for intent in intents]
        await self.line.answered(fate)
        return self._heard(outcomes, fate)

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        """Say what can be seen in the books now."""
        fate = self.line.draw("find", *references)
        self._catch_up()
        outcomes = [self._found(reference, fate) for reference in references]
        await self.line.answered(fate)
        return self._heard(outcomes, fate)

    async def find_by_source(self, source_documents: Sequence[str]) -> Mapping[str, tuple[Posting, ...]] | Failure:
        """Return what can be seen of business objects, reversed postings marked."""
        fate = self.line.draw("find by source", *source_documents)
        found = {number: tuple(self._shown(number)) for number in source_documents}
        await self.line.answered(fate)
        if fate is Fate.GARBAGE:
            raise GarbageError
        return found if fate is Fate.WELL else Failure("answer_lost")

    async def reverse(self, reversals: Sequence[Reversal]) -> list[Outcome]:
        """Take postings back, each once."""
        fate = self.line.draw("reverse", *(reversal.reference for reversal in reversals))
        outcomes = [self._reversed(reversal, fate) for reversal in reversals]
        await self.line.answered(fate)
        return self._heard(outcomes, fate)

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        """Return the changes of the project."""
        fate, at = self.line.draw("pull", stream), int(cursor or 0)
        found = self.changes[at : at + limit]
        await self.line.answered(fate)
        page = Page(tuple(found), str(at + len(found)), has_more=len(self.changes) > at + limit)
        return Failure("answer_lost") if fate is Fate.LOST_BEFORE else page

    def translate(self, envelope: Envelope) -> Document:
        """Return the project as a change tells it."""
        is_active = orjson.loads(envelope.payload)["is_active"]
        return Document(envelope.type, papers.project(is_active=is_active), "1")

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Take note: nothing of ours waits for it."""
        return [Receipt(number, ReceiptStatus.DONE) for number in source_document_ids]

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Refuse: an ERP is told nothing."""
        return [Receipt(one.source_document_id, ReceiptStatus.REFUSED) for one in confirmations]

    def _heard(self, outcomes: list[Outcome], fate: Fate) -> list[Outcome]:
        if fate is Fate.GARBAGE:
            raise GarbageError
        return outcomes[:-1] if fate is Fate.PART else outcomes

    def _posted(self, intent: Intent, of_call: Fate) -> Outcome:
        fate = self.line.fates.draw_single() if of_call is Fate.MIXED else of_call
        self._catch_up()
        closed = self.inactive & {one.project for one in intent.lines}
        if closed and fate in IS_DONE | {Fate.LATE}:
            values = {"domain": Domain.PROJECT.value, "domain_title": "Project", "value": min(closed)}
            return Outcome(intent.reference, OutcomeKind.REJECTED, failure=Failure("inactive_master_data", values))
        if self.traits.dedupe is Dedupe.ENFORCED and self._holds(intent.reference) and fate in IS_DONE | {Fate.LATE}:
            return Outcome(intent.reference, OutcomeKind.UNKNOWN, failure=Failure("already_booked"))
        return self._taken_over(intent, fate)

    def _taken_over(self, intent: Intent, fate: Fate) -> Outcome:
        later = self.line.now() + self.traits.visibility_grace * _WITHIN_GRACE * self.line.fates.part()
        if fate is Fate.LATE:
            self._on_its_way.append((later, intent))
        if self.is_asynchronous and fate in IS_DONE:
            self._taken.append((later, intent))
        elif fate in IS_DONE:
            self._book(intent, later if fate in {Fate.HIDDEN, Fate.HIDDEN_LOST} else None)
        if fate in _SAID:
            kind, failure = _SAID[fate]
            return Outcome(intent.reference, kind, failure=failure)
        if self.is_asynchronous:
            return Outcome(intent.reference, OutcomeKind.ACCEPTED)
        return Outcome(intent.reference, OutcomeKind.POSTED, self.books[-1].posting)

    def _book(self, intent: Intent, seen_from: datetime | None = None) -> None:
        posting = Posting(
            target="erp",
            company=intent.company,
            fiscal_year="2026",
            document_type=intent.document_type,
            number=str(len(self.books) + 1),
            posting_date=intent.posting_date,
            reference=intent.reference,
            currency=intent.currency,
            total_minor=intent.total_minor,
        )
        booked = Booked(posting, intent.source_document, seen_from or self.line.now())
        for other in self.books:
            self._note(booked, other)
        self.books.append(booked)
        self.line.tell(self.line.name, f"books {posting.reference} as {posting.number}")

    def _note(self, booked: Booked, other: Booked) -> None:
        if other.source_document != booked.source_document:
            return
        if other.posting.reference == booked.posting.reference and not other.reversed_by:
            self.sins.append(f"P2: {booked.posting.reference} was booked twice")
        elif other.version != booked.version and not other.reversed_by:
            self.sins.append(f"P2: {booked.posting.reference} was booked while version {other.version} stood")
        elif other.version > booked.version:
            self.sins.append(f"P4: {booked.posting.reference} was booked after version {other.version}")

    def _found(self, reference: str, fate: Fate) -> Outcome:
        if fate is Fate.LOST_BEFORE or self.traits.dedupe is Dedupe.NONE:
            return Outcome(reference, OutcomeKind.UNKNOWN, failure=Failure("answer_lost"))
        if any(intent.reference == reference for _, intent in self._taken):
            return Outcome(reference, OutcomeKind.ACCEPTED)
        seen = [one.posting for one in self._seen() if one.posting.reference == reference and not one.reversed_by]
        if not seen:
            return Outcome(reference, OutcomeKind.ABSENT)
        return Outcome(reference, OutcomeKind.POSTED, seen[0], surplus=tuple(seen[1:]))

    def _shown(self, source_document: str) -> list[Posting]:
        self._catch_up()
        return [
            replace(one.posting, is_reversed=bool(one.reversed_by))
            for one in self._seen()
            if one.source_document == source_document
        ]

    def _reversed(self, reversal: Reversal, fate: Fate) -> Outcome:
        (booked,) = (one for one in self.books if one.posting.number == reversal.posting.number)
        if fate in IS_DONE and not booked.reversed_by:
            booked.reversed_by = f"R{booked.posting.number}"
            self.line.tell(self.line.name, f"reverses {reversal.reference} ({booked.posting.number})")
        if fate in _SAID:
            return Outcome(reversal.reference, OutcomeKind.UNKNOWN, failure=Failure("answer_lost"))
        taken_back = replace(booked.posting, number=booked.reversed_by, reverses=booked.posting.number)
        return Outcome(reversal.reference, OutcomeKind.POSTED, taken_back)

    def _seen(self) -> list[Booked]:
        return [one for one in self.books if one.seen_from <= self.line.now()]

    def _holds(self, reference: str) -> bool:
        return any(one.posting.reference == reference for one in self.books if not one.reversed_by) or any(
            intent.reference == reference for _, intent in self._taken
        )

    def _catch_up(self) -> None:
        """Book what was taken, or was on its way, and is due."""
        now = self.line.now()
        due = [one for one in (*self._taken, *self._on_its_way) if one[0] <= now]
        self._taken = [one for one in self._taken if one[0] > now]
        self._on_its_way = [one for one in self._on_its_way if one[0] > now]
        for _, intent in due:
            if self.traits.dedupe is not Dedupe.ENFORCED or not self._holds(intent.reference):
                self._book(intent)


GRACE: Final = timedelta(seconds=5)
