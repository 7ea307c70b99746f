"""What the API says and hears: one model per answer and per command."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from control_plane.domain.transaction import Place, State

T = TypeVar("T")


class Answer(BaseModel):
    """What the API says."""

    model_config = ConfigDict(frozen=True)


class Command(BaseModel):
    """What the API hears: a field that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- money and freshness


class MoneyView(Answer):
    """An amount in minor units with its plain decimal form."""

    minor: int
    currency: str
    decimal: str


class Amount(MoneyView):
    """A count of documents with what they are worth together."""

    count: int
    group: MoneyView | None
    """In the group's currency; None where there is no approved rate."""


class LedgerAmount(Amount):
    """An amount whose positive and negative parts are never netted."""

    positive_minor: int
    negative_minor: int


class Totals(Answer):
    """A count of documents over several currencies."""

    count: int
    group: MoneyView
    by_currency: list[Amount]


class Freshness(Answer):
    """How old the figures may be: the stream that was read longest ago."""

    read_at: datetime | None
    """None: nothing was read yet."""
    connection: str
    stream: str
    is_stale: bool


class Figures(Answer):
    """An answer that states when it was true."""

    as_of: datetime
    freshness: Freshness


class Page(Figures, Generic[T]):
    """One page of a list; `next_cursor` is opaque and None on the last page."""

    items: list[T]
    next_cursor: str | None = None


# --- errors


class FieldError(Answer):
    """What is wrong with one field."""

    pointer: str
    detail: str


class Problem(Answer):
    """RFC 9457, with a stable `code`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    code: str
    request_id: str
    errors: list[FieldError] = []


# --- people


class PersonView(Answer):
    """Somebody who acts."""

    id: str
    login: str
    name: str


class GrantView(Answer):
    """A role in a legal entity; entity `*` is the whole group."""

    role: str
    legal_entity_id: str


class Me(PersonView):
    """Who asks, and what they may do."""

    grants: list[GrantView]
    acts: list[str]
    group_currency: str


class SignedIn(Answer):
    """A short-lived key, given once."""

    key: str
    expires_at: datetime


# --- transactions


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


# --- exceptions


class ExceptionSummary(Answer):
    """Something a person must do."""

    id: str
    transaction_id: str | None
    connection: str
    flow: str
    legal_entity_id: str
    state: str
    code: str
    kind: str
    step: str
    field_path: str
    sentence: str
    remedy: str
    fingerprint: str
    team: str
    claimed_by: PersonView | None
    claim_expires_at: datetime | None
    amount: Amount
    attempt: int
    document_number: str
    opened_at: datetime
    due_at: datetime | None
    wake_at: datetime | None
    updated_at: datetime
    resolved_at: datetime | None
    evidence: str
    revision: int


class ExceptionDetail(ExceptionSummary):
    """An exception with its document and what the asker may do now."""

    values: dict[str, Any]  # the failure's own values
    transaction: TransactionSummary | None
    acts: list[str]
    same_cause_count: int
    """Open exceptions of the same cause, this one among them."""


class Cause(Answer):
    """What several exceptions have in common."""

    fingerprint: str
    flow: str
    code: str
    kind: str
    step: str
    field_path: str
    team: str
    sentence: str
    """Of the one that waits longest."""
    remedy: str
    totals: Totals
    oldest_at: datetime
    due_at: datetime | None


class Causes(Figures):
    """All causes of open exceptions, the largest group amount first."""

    items: list[Cause]


class ExceptionFigures(Figures):
    """The three numbers above the exceptions."""

    mine_due_today: Totals
    unclaimed: Totals
    open: Totals
    top_cause: Cause | None


class Because(Command):
    """The reason that a person gives for an act."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class DuplicateOf(Because):
    """Declare a document the repetition of another one."""

    transaction_id: str


# --- the ledger


class LedgerLine(Answer):
    """`received = in progress + blocked + at source + posted + withdrawn`, with what it lacks."""

    flow: str
    legal_entity_id: str
    currency: str
    cohort: str
    """Empty where the line sums all cohorts."""
    received: LedgerAmount
    """Summed from the dated movements; the places come from the balances."""
    in_progress: LedgerAmount
    blocked: LedgerAmount
    at_source: LedgerAmount
    posted: LedgerAmount
    """Gross: a reversed document stays posted."""
    withdrawn: LedgerAmount
    reversed: LedgerAmount
    posted_net: LedgerAmount
    """`posted - reversed`."""
    difference: LedgerAmount
    is_balanced: bool


class LedgerAnswer(Figures):
    """The money ledger by place, now or at the end of a day."""

    day: date | None
    """None: now."""
    items: list[LedgerLine]
    received: Totals
    open: Totals
    """In progress and blocked."""
    oldest_open_at: datetime | None
    unexplained: Totals
    is_balanced: bool


class LedgerState(Answer):
    """A part of one place: a state with its reason."""

    place: Place
    state: State
    reason: str
    totals: Totals


class LedgerStates(Figures):
    """What a place consists of, for the drill from a ledger line."""

    items: list[LedgerState]


# --- service levels


class SlaLine(Answer):
    """How one flow keeps its targets in one legal entity."""

    flow: str
    legal_entity_id: str
    on_time: Totals
    at_risk: Totals
    breached: Totals
    """Open ones past their due time."""
    next_due_at: datetime | None
    settled_count: int
    settled_late_count: int
    attainment: float | None
    """Share of the settled documents that were on time; None where nothing is settled."""


class SlaAnswer(Figures):
    """SLA status per flow and legal entity, breaches first."""

    items: list[SlaLine]
    at_risk: Totals
    breached: Totals
    attainment: float | None
    attainment_target: float


# --- connections


class RunView(Answer):
    """One execution of pulling a stream."""

    id: str
    connection: str
    stream: str
    legal_entity_id: str
    state: str
    trigger: str
    scheduled_for: datetime
    started_at: datetime | None
    ended_at: datetime | None
    received_count: int
    repeated_count: int
    failure: str


class StreamView(Answer):
    """How far a stream was read and when it is read next."""

    stream: str
    cursor: str
    read_at: datetime | None
    interval_seconds: int | None
    """None: it is not scheduled."""
    is_active: bool
    next_run_at: datetime | None
    is_stale: bool
    last_run: RunView | None


class Health(StrEnum):
    """How a connection does."""

    HEALTHY = "healthy"
    FAILING = "failing"
    PAUSED = "paused"
    UNUSED = "unused"
    """No call yet."""


class ConnectionSummary(Answer):
    """One configured use of a system."""

    name: str
    provider: str
    legal_entity_id: str
    health: Health
    paused_at: datetime | None
    paused_reason: str
    sentence: str
    """What is wrong, for a person; empty when all is well."""
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str
    behind: Totals
    """Open documents that come from it or go to it."""
    streams: list[StreamView]
    revision: int


class ConnectionDetail(ConnectionSummary):
    """A connection with its last runs and what the asker may do."""

    runs: list[RunView]
    acts: list[str]


class Connections(Figures):
    """All connections, unhealthy ones first."""

    items: list[ConnectionSummary]
    behind_unhealthy: Totals
    oldest_read_at: datetime | None


class Pull(Command):
    """Pull a stream now."""

    stream: Annotated[str, StringConstraints(min_length=1, max_length=100)]


# --- alerts, health, flows, master data, audit, events


class Alert(Answer):
    """Something that somebody should know now, grouped."""

    key: str
    name: str
    severity: str
    """critical | warning"""
    sentence: str
    flow: str
    legal_entity_id: str
    connection: str
    totals: Totals
    owner: str
    since: datetime | None
    link: str


class Alerts(Figures):
    """What is wrong now, the most severe and largest first."""

    items: list[Alert]


class Component(Answer):
    """One part of the product and how it does."""

    name: str
    is_ok: bool
    sentence: str
    at: datetime | None


class HealthAnswer(Answer):
    """How the product does, part by part."""

    is_ok: bool
    as_of: datetime
    version: str
    components: list[Component]


class SlaTargetView(Answer):
    """What was promised for a way between two states."""

    start: str
    stop: str
    within: str
    pause: list[str]


class PolicyValue(Answer):
    """One decided value with its version and hands."""

    key: str
    version: int
    """0: the default that ships with the flow."""
    value: Any  # JSON
    maker: str
    checker: str
    approved_at: datetime | None


class FlowView(Answer):
    """A route from source to target with its steps and policy."""

    name: str
    version: str
    steps: list[str]
    sla: list[SlaTargetView]
    policy: list[PolicyValue]


class Flows(Figures):
    """All flows."""

    items: list[FlowView]


class MasterDataView(Answer):
    """One record of the ERP's lists as it stood."""

    domain: str
    legal_entity_id: str
    code: str
    name: str
    active: bool
    valid_from: date | None
    valid_to: date | None
    attributes: dict[str, Any]  # the list's own facts
    version: int
    recorded_at: datetime
    waiting: Totals
    """Held documents that wait for this record."""


class AuditEntry(Answer):
    """Who did what and why."""

    seq: int
    occurred_at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    legal_entity_id: str
    before: dict[str, Any]  # JSON values
    after: dict[str, Any]  # JSON values
    reason: str
    request_id: str


class EventReceipt(Answer):
    """One event is safely ours."""

    id: str
    source: str
    duplicate: bool
    """It had been received before; nothing happens twice."""
    transaction_id: str | None


class EventsAccepted(Answer):
    """The answer to an intake: one receipt per event, in order."""

    items: list[EventReceipt]
