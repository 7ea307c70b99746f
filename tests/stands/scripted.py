"""A source and an ERP in memory that answer as a script says: both sides of the contract, without a wire."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson

from connectors.canonical.events import EventType
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.party import Payer
from connectors.contract import (
    Confirmation,
    Content,
    Document,
    Envelope,
    Intent,
    Outcome,
    OutcomeKind,
    Page,
    Posting,
    Recall,
    Receipt,
    ReceiptStatus,
    Reversal,
    Traits,
)
from connectors.failures import Failure
from tests.control_plane.flows.factories import journal, line, report

GRACE: Final = timedelta(seconds=5)
TRAITS: Final = Traits(visibility_grace=GRACE, batch=2, deadline=timedelta(seconds=10), concurrency=2)
PROJECT: Final = "P-05"
"""The one project whose state a test changes."""

Clock = Callable[[], datetime]
Step = Callable[[], Awaitable[None]]
"""Called where the outside world has acted and its answer is not yet with us."""


class Answer(StrEnum):
    """How one call goes; without a word in the script it goes well."""

    WELL = "well"
    LOST_AFTER = "lost after it was done"
    LOST_BEFORE = "lost before it was done"
    LATE = "lost, and done later"
    BROKEN = "done, and the connector fails"
    ALREADY = "done, and refused as there already"
    REFUSED = "refused"
    LIMITED = "too many calls"
    UNAVAILABLE = "not now"
    NOT_SENT = "never sent"
    CREDENTIALS = "credentials refused"


_DONE: Final = frozenset({Answer.WELL, Answer.LOST_AFTER, Answer.BROKEN, Answer.ALREADY})
_SAID: Final[Mapping[Answer, tuple[OutcomeKind, Failure]]] = {
    Answer.LOST_AFTER: (OutcomeKind.UNKNOWN, Failure("answer_lost")),
    Answer.LOST_BEFORE: (OutcomeKind.UNKNOWN, Failure("answer_lost")),
    Answer.LATE: (OutcomeKind.UNKNOWN, Failure("answer_lost")),
    Answer.ALREADY: (OutcomeKind.UNKNOWN, Failure("already_booked")),
    Answer.REFUSED: (OutcomeKind.REJECTED, Failure("rejected_by_target", {"problem": "no"})),
    Answer.LIMITED: (OutcomeKind.REJECTED, Failure("rate_limited", retry_after_seconds=30)),
    Answer.UNAVAILABLE: (OutcomeKind.REJECTED, Failure("temporarily_unavailable")),
    Answer.NOT_SENT: (OutcomeKind.NOT_SENT, Failure("connection_refused")),
    Answer.CREDENTIALS: (OutcomeKind.REJECTED, Failure("credentials_refused")),
}


class BrokenError(RuntimeError):
    """A connector that fails in a way nobody foresaw."""


@dataclass(slots=True)
class Script:
    """What happens next at each of a system's doors."""

    answers: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))

    def add(self, door: str, *answers: Answer) -> None:
        self.answers[door].extend(answers)

    def take(self, door: str) -> Answer:
        return self.answers[door].popleft() if self.answers[door] else Answer.WELL

    def forget(self) -> None:
        self.answers.clear()


@dataclass(frozen=True, slots=True)
class Approval:
    """One version of a business object, as the source hands it over."""

    document_id: str
    source_id: str
    amounts_minor: tuple[int, ...]
    """One posting each: for the employee, and for what the company paid."""
    project: str = ""


@dataclass(slots=True)
class ScriptedSource:
    """A platform that hands documents over until they are acknowledged, and takes them back."""

    clock: Clock
    step: Step
    script: Script = field(default_factory=Script)
    waiting: dict[str, Envelope] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)
    recalls: list[Envelope] = field(default_factory=list)
    told: list[Confirmation] = field(default_factory=list)
    streams: tuple[str, ...] = ("expense_reports", "recalls")

    def approve(self, approval: Approval) -> None:
        """Offer a version."""
        body = {"amounts": approval.amounts_minor, "project": approval.project}
        envelope = self._envelope(EventType.EXPENSE_REPORT_APPROVED, approval.document_id, approval.source_id, body)
        self.waiting[approval.document_id] = envelope

    def recall(self, document_id: str, source_id: str) -> None:
        """Take a version back."""
        self.recalled.add(document_id)
        self.waiting.pop(document_id, None)
        kind, number = EventType.EXPENSE_REPORT_RECALLED, f"recall-{len(self.recalls)}"
        self.recalls.append(self._envelope(kind, number, source_id, {"document": document_id}))

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        answer, at = self.script.take("pull"), int(cursor or 0)
        found = list(self.waiting.values()) if stream == "expense_reports" else self.recalls[at:]
        page = Page(tuple(found[:limit]), str(at + len(found[:limit])), has_more=len(found) > limit)
        await self.step()
        return page if answer is Answer.WELL else Failure("answer_lost")

    def translate(self, envelope: Envelope) -> Document:
        said = orjson.loads(envelope.payload)
        content: Content
        if envelope.type == EventType.EXPENSE_REPORT_RECALLED:
            content = Recall(envelope.source, envelope.subject, said["document"], envelope.time)
        else:
            content = _report_of(envelope, said)
        return Document(envelope.type, content, "1")

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        answer = self.script.take("acknowledge")
        receipts = [self._acknowledged(number, answer) for number in source_document_ids]
        await self.step()
        return receipts

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        answer = self.script.take("confirm")
        if answer in _DONE:
            self.told += confirmations
        await self.step()
        if answer is Answer.BROKEN:
            raise BrokenError
        status = ReceiptStatus.DONE if answer is Answer.WELL else ReceiptStatus.LATER
        return [Receipt(one.source_document_id, status) for one in confirmations]

    def _acknowledged(self, number: str, answer: Answer) -> Receipt:
        if number in self.recalled:
            return Receipt(number, ReceiptStatus.RECALLED)
        if answer in _DONE:
            self.waiting.pop(number, None)
        return Receipt(number, ReceiptStatus.DONE if answer is Answer.WELL else ReceiptStatus.LATER)

    def _envelope(self, kind: EventType, number: str, source_id: str, body: Mapping[str, Any]) -> Envelope:
        return Envelope(number, "concur", kind, source_id, self.clock(), orjson.dumps(body))


def _report_of(envelope: Envelope, said: Mapping[str, Any]) -> Content:  # JSON values
    payees = (Payer.EMPLOYEE, Payer.COMPANY_PAID)
    journals = [
        journal(minor, payee, project_ref=said["project"])
        for minor, payee in zip(said["amounts"], payees, strict=False)
    ]
    return report(
        line(*journals, merchant=f"Merchant of {envelope.subject}"),
        source_id=envelope.subject,
        source_document_id=envelope.id,
        document_number=f"number of {envelope.subject}",
    )


@dataclass(slots=True)
class Booked:
    """One document in the ERP's own books."""

    posting: Posting
    source_document: str
    project_codes: frozenset[str]
    reversed_by: str = ""

    @property
    def version(self) -> str:
        """Return the version of the business object that it belongs to."""
        return self.posting.reference.partition("/")[0]


@dataclass(slots=True)
class ScriptedErp:
    """An ERP that books whatever it is told, even twice, and notes what should never have happened."""

    clock: Clock
    step: Step
    script: Script = field(default_factory=Script)
    books: list[Booked] = field(default_factory=list)
    sins: list[str] = field(default_factory=list)
    inactive: set[str] = field(default_factory=set)
    changes: list[Envelope] = field(default_factory=list)
    traits: Traits = TRAITS
    _later: list[tuple[datetime, Intent]] = field(default_factory=list)
    streams: tuple[str, ...] = ("project",)

    @property
    def live(self) -> dict[str, int]:
        """Return what stands in the books net of reversals, by business object."""
        self._catch_up()
        sums: dict[str, int] = defaultdict(int)
        for one in self._standing():
            sums[one.source_document] += one.posting.total_minor or 0
        return dict(sums)

    def set_active(self, *, is_active: bool) -> None:
        """Change the state of the project, for those who ask and for those who post."""
        (self.inactive.discard if is_active else self.inactive.add)(PROJECT)
        number, body = f"project-{len(self.changes)}", {"active": is_active}
        kind = EventType.MASTER_DATA_CHANGED
        self.changes.append(Envelope(number, "erp", kind, PROJECT, self.clock(), orjson.dumps(body)))

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        answer = self.script.take("post")
        outcomes = [self._posted(intent, answer) for intent in intents]
        await self.step()
        if answer is Answer.BROKEN:
            raise BrokenError
        return outcomes

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        answer = self.script.take("find")
        self._catch_up()
        outcomes = [self._found(reference) for reference in references]
        await self.step()
        if answer is Answer.BROKEN:
            raise BrokenError
        if answer is not Answer.WELL:
            return [Outcome(one, OutcomeKind.UNKNOWN, failure=Failure("answer_lost")) for one in references]
        return outcomes

    async def find_by_source(self, source_documents: Sequence[str]) -> Mapping[str, tuple[Posting, ...]] | Failure:
        self._catch_up()
        return {
            number: tuple(replace(one.posting, is_reversed=bool(one.reversed_by)) for one in self._of(number))
            for number in source_documents
        }

    async def reverse(self, reversals: Sequence[Reversal]) -> list[Outcome]:
        answer = self.script.take("reverse")
        self._catch_up()
        outcomes = [self._reversed(reversal, answer) for reversal in reversals]
        await self.step()
        if answer is Answer.BROKEN:
            raise BrokenError
        return outcomes

    async def pull(self, stream: str, cursor: str, limit: int) -> Page:
        """Return the changes of the project, as a source of master data does."""
        at = int(cursor or 0)
        found = self.changes[at:]
        await self.step()
        return Page(tuple(found[:limit]), str(at + len(found[:limit])), has_more=len(found) > limit)

    def translate(self, envelope: Envelope) -> Document:
        is_active = orjson.loads(envelope.payload)["active"]
        record = MasterRecord(Domain.PROJECT, PROJECT, "Bridge", is_active, {})
        return Document(envelope.type, record, "1")

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        return [Receipt(number, ReceiptStatus.DONE) for number in source_document_ids]

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        return [Receipt(one.source_document_id, ReceiptStatus.REFUSED) for one in confirmations]

    def _posted(self, intent: Intent, answer: Answer) -> Outcome:
        self._catch_up()
        closed = self.inactive & {one.project for one in intent.lines}
        if closed and answer in _DONE | {Answer.LATE}:
            values = {"domain": Domain.PROJECT.value, "domain_title": "Project", "value": min(closed)}
            failure = Failure("inactive_master_data", values)
            return Outcome(intent.reference, OutcomeKind.REJECTED, failure=failure)
        if answer is Answer.LATE:
            self._later.append((self.clock() + GRACE * 0.9, intent))
        booked = self._book(intent) if answer in _DONE else None
        if answer in _SAID:
            kind, failure = _SAID[answer]
            return Outcome(intent.reference, kind, failure=failure)
        return Outcome(intent.reference, OutcomeKind.POSTED, booked)

    def _book(self, intent: Intent) -> Posting:
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
        booked = Booked(posting, intent.source_document, frozenset(one.project for one in intent.lines))
        for other in self._standing():
            if other.posting.reference == intent.reference:
                self.sins.append(f"{intent.reference} was booked twice")
            elif other.source_document == intent.source_document and other.version != booked.version:
                self.sins.append(f"{booked.version} was booked while {other.version} stood")
        self.books.append(booked)
        return posting

    def _found(self, reference: str) -> Outcome:
        standing = [one.posting for one in self._standing() if one.posting.reference == reference]
        if not standing:
            return Outcome(reference, OutcomeKind.ABSENT)
        return Outcome(reference, OutcomeKind.POSTED, standing[0], surplus=tuple(standing[1:]))

    def _reversed(self, reversal: Reversal, answer: Answer) -> Outcome:
        (booked,) = (one for one in self.books if one.posting.number == reversal.posting.number)
        if answer in _DONE:
            booked.reversed_by = booked.reversed_by or f"R{booked.posting.number}"
        if answer in _SAID:
            lost = Failure("answer_lost")
            return Outcome(reversal.reference, OutcomeKind.UNKNOWN, failure=lost)
        taken_back = replace(booked.posting, number=booked.reversed_by, reverses=booked.posting.number)
        return Outcome(reversal.reference, OutcomeKind.POSTED, taken_back)

    def _catch_up(self) -> None:
        due = [intent for at, intent in self._later if at <= self.clock()]
        self._later = [one for one in self._later if one[0] > self.clock()]
        for intent in due:
            self._book(intent)

    def _standing(self) -> list[Booked]:
        return [one for one in self.books if not one.reversed_by]

    def _of(self, source_document: str) -> list[Booked]:
        return [one for one in self.books if one.source_document == source_document]
