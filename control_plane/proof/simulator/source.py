"""The simulated source: hands documents over until they are acknowledged, takes them back, and keeps its own books."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from connectors.canonical.events import EventType
from connectors.contract import (
    Confirmation,
    ConfirmationKind,
    Document,
    Envelope,
    Page,
    Recall,
    Receipt,
    ReceiptStatus,
    Translation,
    Unreadable,
)
from connectors.failures import Failure
from control_plane.proof.simulator import papers
from control_plane.proof.simulator.asking import Line
from control_plane.proof.simulator.fates import IS_DONE, Fate, GarbageError

DOCUMENTS: Final = "documents"
RECALLS: Final = "recalls"
_HEARD: Final = frozenset({Fate.WELL, Fate.SLOW})


@dataclass(frozen=True, slots=True)
class Approval:
    """One version of a business object, as the source hands it over."""

    document_id: str
    object_id: str
    amounts_minor: tuple[int, ...]
    """One posting each."""
    project: str = ""
    is_readable: bool = True


@dataclass(slots=True)
class Source:
    """A platform of expense reports."""

    line: Line
    is_kept: Callable[[str], bool]
    """Whether a document is on record with us, seen from outside."""
    approvals: list[Approval] = field(default_factory=list)
    waiting: dict[str, Envelope] = field(default_factory=dict)
    acknowledged: dict[str, Envelope] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)
    recalls: list[Envelope] = field(default_factory=list)
    told: set[tuple[str, ConfirmationKind]] = field(default_factory=set)
    sins: list[str] = field(default_factory=list)
    streams: tuple[str, ...] = (DOCUMENTS, RECALLS)
    """Empty where it sends its events by itself."""
    outbox: list[Envelope] = field(default_factory=list)
    """What it has to send, where it sends by itself."""

    def approve(self, approval: Approval) -> None:
        """Offer a version."""
        self.approvals.append(approval)
        body = {
            "amounts": approval.amounts_minor,
            "project": approval.project,
            "is_readable": approval.is_readable,
        }
        envelope = self._envelope(EventType.EXPENSE_REPORT_APPROVED, approval.document_id, approval.object_id, body)
        self._hand_over(envelope)

    def take_back(self, object_id: str) -> None:
        """Recall every version of a business object that was handed over."""
        for one in self.approvals:
            if one.object_id == object_id and one.document_id not in self.recalled:
                self.recalled.add(one.document_id)
                self.waiting.pop(one.document_id, None)
                number = f"recall-{len(self.recalls)}"
                body = {"document": one.document_id}
                recall = self._envelope(EventType.EXPENSE_REPORT_RECALLED, number, object_id, body)
                (self.recalls if self.streams else self.outbox).append(recall)

    def offer_again(self, object_id: str) -> None:
        """Hand over once more what was acknowledged, as a source does that was restored from a backup."""
        for document_id, envelope in self.acknowledged.items():
            if envelope.subject == object_id and document_id not in self.recalled:
                self._hand_over(envelope)

    def to_send(self) -> list[Envelope]:
        """Return what is sent next: a document, once it is taken over its recall, then what follows it."""
        first = {envelope.subject: envelope for envelope in reversed(self.outbox)}
        return list(first.values())

    def sent(self, envelopes: Sequence[Envelope]) -> None:
        """Take note that events are with Tieout, which must be true."""
        for envelope in envelopes:
            self.outbox.remove(envelope)
            self._must_be_kept(envelope.id)
            if envelope.type == EventType.EXPENSE_REPORT_APPROVED:
                self.acknowledged[envelope.id] = envelope

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        """Return the documents that wait, or the recalls after the cursor."""
        fate, at = self.line.draw("pull", stream), int(cursor or 0)
        found = list(self.waiting.values()) if stream == DOCUMENTS else self.recalls[at:]
        page = Page(tuple(found[:limit]), str(at + len(found[:limit])), has_more=len(found) > limit)
        await self.line.answered(fate)
        return page if fate in _HEARD else Failure("answer_lost")

    def translate(self, envelope: Envelope) -> Translation:
        """Return what an envelope says."""
        said = orjson.loads(envelope.payload)
        if envelope.type == EventType.EXPENSE_REPORT_RECALLED:
            recall = Recall(envelope.source, envelope.subject, said["document"], envelope.time)
            return Document(envelope.type, recall, "1")
        if not said["is_readable"]:
            problem = {"problem": "its total is no number"}
            return Unreadable((Failure("unreadable_document", problem),), envelope.subject, envelope.id)
        paper = papers.report(envelope.subject, envelope.id, said["amounts"], said["project"])
        return Document(envelope.type, paper, "1")

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Take note that documents are with Tieout, which must be true."""
        fate = self.line.draw("acknowledge")
        receipts = [self._acknowledged(number, fate) for number in source_document_ids]
        await self.line.answered(fate)
        return receipts

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Take note of what became of documents."""
        fate = self.line.draw("confirm")
        if fate in IS_DONE:
            self.told |= {(one.source_document_id, one.kind) for one in confirmations}
        await self.line.answered(fate)
        if fate is Fate.GARBAGE:
            raise GarbageError
        status = ReceiptStatus.DONE if fate in _HEARD else ReceiptStatus.LATER
        return [Receipt(one.source_document_id, status) for one in confirmations]

    def _acknowledged(self, number: str, fate: Fate) -> Receipt:
        if number in self.recalled:
            return Receipt(number, ReceiptStatus.RECALLED)
        if fate in IS_DONE:
            self._must_be_kept(number)
            if number in self.waiting:
                self.acknowledged[number] = self.waiting.pop(number)
        return Receipt(number, ReceiptStatus.DONE if fate in _HEARD else ReceiptStatus.LATER)

    def _hand_over(self, envelope: Envelope) -> None:
        if self.streams:
            self.waiting.setdefault(envelope.id, envelope)
        elif envelope not in self.outbox:
            self.outbox.append(envelope)

    def _must_be_kept(self, number: str) -> None:
        if not self.is_kept(number):
            self.sins.append(f"P1: {number} was acknowledged before it was committed")

    def _envelope(self, kind: EventType, number: str, subject: str, body: Mapping[str, Any]) -> Envelope:
        return Envelope(number, papers.SOURCE_SYSTEM, kind, subject, self.line.now(), orjson.dumps(body))
