"""Bulk operations: what is planned, how far it is, and what became of each item."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from control_plane.api.schemas.common import Amount, Answer, Figures, Totals
from control_plane.api.schemas.corrections import FieldChange
from control_plane.api.schemas.exceptions import Because
from control_plane.domain.bulk import BulkAct, BulkState, ItemState, StopReason
from control_plane.domain.correction import CorrectionReason
from control_plane.domain.replay import AsOf

_Text = Annotated[str, StringConstraints(max_length=200)]
_Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class BulkPlan(Because):
    """One act over the exceptions that fit all of what is named."""

    act: BulkAct
    fingerprint: _Text = ""
    """Of a cause, with those that are told in it."""
    record_domain: _Text = ""
    record_code: _Text = ""
    """Of the record that a line of the causes' list names."""
    code: _Text = ""
    kind: _Text = ""
    flow: _Text = ""
    team: _Text = ""
    legal_entity_id: _Text = ""
    connection: _Text = ""
    identifiers: Annotated[tuple[_Identifier, ...], Field(max_length=200)] = ()
    """A pasted list: ids, numbers, references; those that are unknown are named in the plan."""
    changes: Annotated[tuple[FieldChange, ...], Field(max_length=200)] = ()
    """Of `correct`: the same for all documents."""
    reason_code: CorrectionReason | None = None
    """Of `correct`."""
    as_of: AsOf = AsOf.NOW
    """Of `replay`."""


class BulkCalls(Answer):
    """What a connection has to take, against what it can."""

    connection: str
    count: int
    calls_per_second: float | None
    """Now; None where nobody knows of a limit."""
    headroom: float | None
    """The share of the near future that is still free."""
    breaker: str
    seconds: float | None
    """At this pace; None where nobody can tell."""


class BulkFigures(Answer):
    """What was known when it was planned."""

    amounts: Totals
    duplicates_expected: int
    """Documents that another standing one looks like."""
    closed_period_count: int
    missing_master_data_count: int
    behind_others_count: int
    """Documents that wait for another one which is not in the set."""
    own_documents: list[str]
    """They pay its maker, or somebody the maker reports to: they will be skipped."""
    calls: list[BulkCalls]
    unknown: list[str]
    """Identifiers that name nothing in reach."""
    unfit: list[str]
    """Identifiers of documents on which the act cannot be done."""


class BulkProgress(Answer):
    """Where the items stand; together they are always the total."""

    total: int
    waiting: int
    running: int
    succeeded: int
    failed: int
    skipped: int


class BulkOperationView(Answer):
    """One act over a frozen set of exceptions."""

    id: str
    act: BulkAct
    state: BulkState
    reason: str
    maker: str
    legal_entity_id: str
    """`*` where the set reaches over several."""
    selection: dict[str, Any]  # as it was asked for
    parameters: dict[str, Any]  # what the act needs beside: the correction, or as of when a replay is
    set_sha256: str
    limits: dict[str, Any]  # the governed limits under which it was planned
    plan: BulkFigures
    progress: BulkProgress
    approval_id: str | None
    step: int
    step_size: int
    stop_reason: StopReason | None
    sentence: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime
    acts: list[str]
    """What the asker may do now."""
    revision: int


class BulkOperationDetail(BulkOperationView, Figures):
    """One operation, with the moment at which this was true."""


class BulkItemView(Answer):
    """One exception of the set, and what became of it."""

    position: int
    exception_id: str
    transaction_id: str | None
    document: str
    legal_entity_id: str
    amount: Amount
    code: str
    state: ItemState
    step: int
    """0: not begun."""
    sentence: str
    """The evidence, or why it failed or was skipped."""
    updated_at: datetime
