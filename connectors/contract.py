"""What every connector promises: the types of the border, and the two protocols Source and Target."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import MasterRecord
from connectors.canonical.money import Money
from connectors.failures import Failure
from connectors.limits import Allowance, Limits


@dataclass(frozen=True, slots=True)
class Envelope:
    """What came, before anybody understood it: a CloudEvent's attributes with the raw payload."""

    id: str
    """Unique per source: the key of redelivery."""
    source: str
    """The source's system name, such as `concur`."""
    type: str
    """A value of `canonical.events.EventType`."""
    subject: str
    """The business object at the source (a report's own id)."""
    time: datetime
    payload: bytes
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Recall:
    """The source took a document back."""

    source_system: str
    source_id: str
    source_document_id: str
    """Empty: every live version of the business object."""
    recalled_at: datetime


class PaymentStatus(StrEnum):
    """The second axis of a posted document; it never moves a place."""

    OPEN = "open"
    PARTIAL = "partial"
    PAID = "paid"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Payment:
    """The ERP paid (or took back) what a posting owes."""

    reference: str
    """The posting's business reference; empty for a document the ERP got from elsewhere."""
    source_document: str
    erp_document_number: str
    status: PaymentStatus
    amount: Money
    paid_on: date


Content = ExpenseReport | MasterRecord | Recall | Payment


@dataclass(frozen=True, slots=True)
class Document:
    """What an envelope says in our words."""

    type: str
    content: Content
    mapping_version: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An envelope that could not be translated, with what could be read of it, for its place in the ledger."""

    failures: tuple[Failure, ...]
    source_id: str = ""
    source_document_id: str = ""
    document_number: str = ""
    legal_entity_ref: str = ""


Translation = Document | Unreadable


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream. The cursor is committed with its envelopes."""

    envelopes: tuple[Envelope, ...]
    cursor: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One line of an ERP document under the ERP's own keys. At most one of debit and credit is not zero."""

    account: str
    debit_minor: int = 0
    credit_minor: int = 0
    party: str = ""
    cost_center: str = ""
    project: str = ""
    tax_code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """One ERP document that we mean to book, committed before the first byte leaves."""

    reference: str
    """The business reference: stable over retries, replays and re-imports of one version."""
    source_document: str
    """Shared by all versions of the business object, so that earlier ones can be found."""
    company: str
    ledger: str
    document_type: str
    posting_date: date
    document_date: date
    currency: str
    lines: tuple[PostingLine, ...]
    text: str = ""

    @property
    def total_minor(self) -> int:
        """Return the sum of the debits in minor units: what a found posting is compared with."""
        return sum(line.debit_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Posting:
    """The target's own document."""

    target: str
    company: str
    fiscal_year: str
    document_type: str
    number: str
    posting_date: date
    reference: str = ""
    currency: str = ""
    total_minor: int | None = None
    """Sum of the debits; None where the target did not say."""
    reverses: str = ""
    """The number of the document that this one reverses."""
    is_reversed: bool = False


class OutcomeKind(StrEnum):
    """The target's answer for one document."""

    POSTED = "posted"
    ACCEPTED = "accepted"
    """An asynchronous target took it; the posting comes later."""
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    """Proved that nothing left us."""
    UNKNOWN = "unknown"
    ABSENT = "absent"
    """Only `find` answers so: the target does not hold it (now)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one reference. An answer from outside is a value, never an exception."""

    reference: str
    kind: OutcomeKind
    posting: Posting | None = None
    """Given exactly with `posted`."""
    failure: Failure | None = None
    """Given with `rejected`, `not_sent` and `unknown`."""
    surplus: tuple[Posting, ...] = ()
    """Further live postings that `find` met under the same reference."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """A posting to take back."""

    reference: str
    posting: Posting
    posting_date: date
    reason: str


class ReceiptStatus(StrEnum):
    """What the source says to our acknowledgement or confirmation."""

    DONE = "done"
    RECALLED = "recalled"
    REFUSED = "refused"
    LATER = "later"
    """Not sent, or not possible now: again later. Confirmations are idempotent, so an unknown answer means the same."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The source's answer about one of its documents."""

    source_document_id: str
    status: ReceiptStatus
    failure: Failure | None = None


class ConfirmationKind(StrEnum):
    """What we tell the source about one of its documents."""

    POSTED = "posted"
    RETURNED = "returned"
    """We have given it back: the source may recall, correct and resubmit it."""
    PAID = "paid"
    PARTIALLY_PAID = "partially_paid"
    PAYMENT_REVERSED = "payment_reversed"
    OBSOLETE = "obsolete"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What we tell the source, once per document and kind."""

    source_document_id: str
    kind: ConfirmationKind
    postings: tuple[Posting, ...] = ()
    messages: tuple[str, ...] = ()
    paid_on: date | None = None
    amount: Money | None = None


class Dedupe(StrEnum):
    """How the target guards against the same reference twice."""

    ENFORCED = "enforced"
    QUERYABLE = "queryable"
    NONE = "none"
    """It can neither refuse nor be asked: a person decides what is in doubt."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What the engine must know about the other side."""

    dedupe: Dedupe = Dedupe.QUERYABLE
    visibility_grace: timedelta = timedelta(seconds=5)
    """How long a booked document may stay invisible to `find`."""
    batch: int = 1
    """Documents per call."""
    deadline: timedelta = timedelta(seconds=10)
    """For one call, in all."""
    concurrency: int = 8
    """Calls in flight."""
    is_serial_per_company: bool = False
    """One writer per company: calls for one company never overlap."""


class Source(Protocol):
    """A system whose documents we take over."""

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the streams that can be pulled, master data first."""

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        """Return the next page after the cursor (empty: from the beginning)."""

    def translate(self, envelope: Envelope) -> Translation:
        """Return what the envelope says. Pure: the same bytes always give the same answer."""

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Tell the source that the documents are safely ours; one receipt per document."""

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Tell the source what became of its documents; one receipt per confirmation, in order."""


class Target(Protocol):
    """A system that books our documents."""

    @property
    def traits(self) -> Traits:
        """Return what the engine must respect."""

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Book the documents (at most `traits.batch`, one company); one outcome per intent, in order."""

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        """Ask which references are booked: `posted`, `absent`, `rejected` (a dead draft) or `unknown`, in order."""

    async def find_by_source(self, source_documents: Sequence[str]) -> Mapping[str, tuple[Posting, ...]] | Failure:
        """Return every posting, reversed ones marked, under the business objects, whatever the version."""

    async def reverse(self, reversals: Sequence[Reversal]) -> list[Outcome]:
        """Reverse postings; `posted` carries the reversing document. Asks first, so a repeat reverses once."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A configured use of one system: either side may be missing."""

    name: str
    """The connection's name."""
    source: Source | None = None
    target: Target | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values to redact wherever text leaves the process."""
    is_told: bool = True
    """Whether the source hears what became of its documents."""
    limits: Limits = field(default_factory=Limits)
    """How often the system may be called, both sides together."""
    take_allowance: Callable[[], Allowance | None] = field(default=lambda: None, repr=False, compare=False)
    """Return once what the latest answer's headers said about the calls that are left."""
