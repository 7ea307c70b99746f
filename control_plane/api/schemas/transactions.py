"""Documents and their stories."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from control_plane.api.schemas.common import Amount, Answer, Command, Figures, MoneyView
from control_plane.domain.transaction import Place, State


class TransactionSummary(Answer):
    """One document version's life in one flow, as its last line says."""

    id: str
    flow: str
    legal_entity_id: str
    connection: str
    target: str
    source_system: str
    source_id: str
    source_document_id: str
    document_number: str
    counterparty: str
    version: int
    business_reference: str
    state: State
    place: Place
    reason: str
    amount: Amount
    cohort: str
    posting_period: str
    document_date: date | None
    received_at: datetime
    updated_at: datetime
    due_at: datetime | None
    sla_status: str
    attempt_count: int
    next_attempt_at: datetime | None
    """When it is tried or asked about next; None when nothing is planned."""
    payment_status: str
    is_test: bool
    revision: int


class PostingView(Answer):
    """A document in the target's own books."""

    id: str
    transaction_id: str
    legal_entity_id: str
    target: str
    company: str
    fiscal_year: str
    document_type: str
    number: str
    reference: str
    posting_date: date
    total: MoneyView
    reverses: str
    payment_status: str
    recorded_at: datetime


class AwaitedView(Answer):
    """What must change in the ERP's lists before the document may go on."""

    domain: str
    legal_entity_id: str
    code: str


class NextAct(Answer):
    """Who does what next."""

    sentence: str
    owner: str
    at: datetime | None


class TransactionDetail(TransactionSummary):
    """All that is known of one transaction but its story."""

    approved_at: datetime | None
    first_attempt_at: datetime | None
    last_sent_at: datetime | None
    recalled_at: datetime | None
    supersedes_id: str | None
    linked_id: str | None
    outstanding: MoneyView
    next_act: NextAct
    awaits: list[AwaitedView]
    postings: list[PostingView]
    versions: list[TransactionSummary]
    """All versions of the business object in this flow, this one among them, oldest first."""
    exception_id: str | None
    """The open exception, if any."""
    flow_version: str
    policy_version: int
    mapping_version: str
    master_data_version: int
    overrides: list[str]
    trace_id: str


class LineageEntry(Answer):
    """One thing that happened."""

    id: str
    transaction_id: str
    kind: str
    at: datetime
    since_previous_seconds: float
    by: str
    name: str
    from_state: str
    to_state: str
    reason: str
    failure_code: str
    facts: dict[str, Any]  # JSON values, by kind
    has_payload: bool


class Timeline(Figures):
    """Everything that happened to a transaction, oldest first."""

    items: list[LineageEntry]


class PayloadView(Answer):
    """A document as it came."""

    transaction_id: str
    content_type: str
    sha256: str
    recorded_at: datetime
    text: str
    """Empty when it was erased."""
    is_erased: bool


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Lookup(Command):
    """A pasted list of identifiers of any kind, at most 200."""

    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=200)]


class Found(Answer):
    """What one identifier of a pasted list names."""

    identifier: str
    transactions: list[TransactionSummary]


class LookupAnswer(Figures):
    """One line per identifier, in the order of the list."""

    items: list[Found]
