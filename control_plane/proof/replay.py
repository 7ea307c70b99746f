"""An event log replayed through the expense platform's twin and the ERP's, compressed in time."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby, islice
from operator import attrgetter
from typing import Final, TypeVar

from connectors.canonical.money import format_minor
from connectors.twins.expense.sample_claims import Claim as Frame
from connectors.twins.expense.sample_claims import Dice
from connectors.twins.expense.sample_group import EXPENSE_TYPES
from connectors.twins.expense.sample_report import Allocation, Entry, Journal, Report
from connectors.twins.expense.sample_shapes import expense_document, instant
from control_plane.proof.erp import Erp
from control_plane.proof.hand import Hand, Words
from control_plane.proof.timeline import CURRENCY, Claim, Kind, Step

T = TypeVar("T")

BATCH: Final = 100
"""Documents that are handed in with one call."""
AHEAD: Final = 2000
"""Documents that may wait for their posting before more are approved: an office does not outrun its ERP."""
APART: Final = 3 * AHEAD
"""Steps after which an approved document is surely posted: half of them are payments."""
_EVENTS_PER_CALL: Final = 1000
_FEED: Final = "/v4/topics/financialintegration/events"


@dataclass(slots=True)
class Replay:
    """A log on its way through the platform: what is due is done, what is posted is paid."""

    platform: "Platform"
    erp: Erp
    steps: Sequence[Step]
    speed: float | None = None
    """Seconds of the log per second; None: as fast as postings come."""
    ahead: int = AHEAD
    monotonic: Callable[[], float] = time.monotonic
    done: int = 0
    """Steps that have happened."""
    approved: int = 0
    paid: int = 0
    _began_at: float | None = None
    _waiting: set[str] = field(default_factory=set)
    """Documents (their ids on the platform) that are approved and not posted yet."""
    _posted: set[str] = field(default_factory=set)
    """Documents whose posting the platform was told of."""
    _current: dict[str, str] = field(default_factory=dict)
    """The document that is a claim's living version."""
    _to_pay: dict[str, Claim] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Return whether everything in the log has happened."""
        return self.done == len(self.steps)

    def advance(self) -> int:
        """Do what is due, pay what is posted, and return how many steps were done."""
        self._hear()
        before = self.done
        for kind, steps in groupby(self._due(), attrgetter("kind")):
            for batch in batches(steps, BATCH):
                self._do(kind, batch)
        self._pay()
        return self.done - before

    def end(self) -> int:
        """Book what the log paid and nobody posted, and return how many payments that were."""
        self._hear()
        self._pay()
        missing = list(self._to_pay.values())
        self._to_pay.clear()
        return self.erp.pay_without_posting(missing) if missing else 0

    def _due(self) -> list[Step]:
        """Return the next steps whose time has come, no more approvals than may wait."""
        room = self.ahead - len(self._waiting)
        until = self._log_time()
        due: list[Step] = []
        for step in self.steps[self.done :]:
            room -= step.kind is Kind.APPROVED
            if room < 0 or (until is not None and step.at > until):
                break
            due.append(step)
        return due

    def _log_time(self) -> datetime | None:
        if self.speed is None or not self.steps:
            return None
        now = self.monotonic()
        self._began_at = now if self._began_at is None else self._began_at
        return self.steps[0].at + timedelta(seconds=(now - self._began_at) * self.speed)

    def _do(self, kind: Kind, steps: Sequence[Step]) -> None:
        match kind:
            case Kind.APPROVED:
                self._approve(steps)
            case Kind.RECALLED:
                self._recall(steps)
            case Kind.PAID:
                self._to_pay |= {step.claim.id: step.claim for step in steps}
        self.done += len(steps)

    def _approve(self, steps: Sequence[Step]) -> None:
        ids = self.platform.submit([envelope_of(step) for step in steps])
        for step, document_id in zip(steps, ids, strict=True):
            self._forget(step.claim)
            self._current[step.claim.id] = document_id
            self._waiting.add(document_id)
        self.approved += len(steps)

    def _recall(self, steps: Sequence[Step]) -> None:
        self.platform.recall([self._current[step.claim.id] for step in steps])
        for step in steps:
            self._forget(step.claim)

    def _forget(self, claim: Claim) -> None:
        document_id = self._current.pop(claim.id, "")
        self._waiting.discard(document_id)

    def _hear(self) -> None:
        for document_id in self.platform.posted():
            self._posted.add(document_id)
            self._waiting.discard(document_id)

    def _pay(self) -> None:
        ready = [claim for claim in self._to_pay.values() if self._current.get(claim.id) in self._posted]
        self.paid += self.erp.pay(ready) if ready else 0
        for claim in ready:
            del self._to_pay[claim.id]


class Platform:
    """The expense platform as its employees and its event feed know it."""

    def __init__(self, admin: Hand, feed: Hand) -> None:
        """Take the hand behind the curtain, and one with a token for the feed."""
        self._admin = admin
        self._feed = feed
        self._heard = 0

    def submit(self, envelopes: Sequence[Words]) -> list[str]:
        """Approve documents and return their ids."""
        results = self._admin.post("/twin/documents", {"fIDocuments": list(envelopes)})["results"]
        return [str(result["id"]) for result in results]

    def recall(self, ids: Sequence[str]) -> None:
        """Take documents back."""
        for batch in batches(ids, BATCH):
            self._admin.post("/twin/recall", {"ids": list(batch)})

    def posted(self) -> Iterator[str]:
        """Yield the documents of which the platform was told since the last time that they are posted."""
        has_more = True
        while has_more:
            page = self._feed.get(_FEED, after=self._heard, limit=_EVENTS_PER_CALL, eventType="posting_confirmed")
            self._heard, has_more = int(page["last"]), page["more"]
            yield from (event["facts"]["docId"] for event in page["events"])


def envelope_of(step: Step) -> Words:
    """Return the financial document that an approval hands over."""
    claim = step.claim
    amount = Decimal(format_minor(claim.amount_minor, CURRENCY))
    frame = Frame(Dice(claim.id), claim.hash, claim.employee, CURRENCY, step.at.date())
    kind, guid = EXPENSE_TYPES[claim.hash % len(EXPENSE_TYPES)], f"{claim.hash:032X}"
    journal = Journal(kind.account, "COMP", "EMPL", amount)
    project = f"P-{claim.project:02d}"
    allocation = Allocation(guid, frame.home, frame.company.code, (journal,), project=project)
    entry = Entry(guid, kind, "", amount, (allocation,), "CASH", frame.day)
    document = expense_document(Report(frame, claim.id, claim.number or claim.id, (entry,)))
    moment = instant(step.at)
    document["report"] |= {"reportNumber": claim.number or None, "reportKey": None}
    document["report"] |= {"reportSubmitDate": moment, "reportPaymentProcessingDate": moment}
    document["expenseEntry"][0]["entryReceiptId"] = claim.id
    return {"docType": "expense", "companyId": "100200", "entityId": f"p{frame.company.code}", "document": document}


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most this size."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
