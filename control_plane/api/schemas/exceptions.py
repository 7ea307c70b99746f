"""What people must do, and what several of these things have in common."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from control_plane.api.schemas.common import Amount, Answer, Command, Figures, Totals
from control_plane.api.schemas.people import PersonView
from control_plane.api.schemas.transactions import TransactionSummary
from control_plane.domain.replay import AsOf


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
    domain: str
    """The list of master data to which it points; empty where it points to none."""
    record_count: int
    """Records of that list for which its held documents wait."""
    oldest_at: datetime
    due_at: datetime | None


class Causes(Figures):
    """All causes of open exceptions, the largest group amount first."""

    items: list[Cause]


class ExceptionFigures(Figures):
    """The three numbers above the exceptions."""

    mine_due_today: Totals
    """As all totals here: exceptions of confirmations count, their amounts, which repeat others, do not."""
    unclaimed: Totals
    open: Totals
    top_cause: Cause | None


class Because(Command):
    """The reason that a person gives for an act."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class ReplayAsOf(Because):
    """Deliver a failed document again."""

    as_of: AsOf
    """`then`: as it was bound when it passed its checks; `now`: read and checked anew."""


class DuplicateOf(Because):
    """Declare a document the repetition of another one."""

    transaction_id: str
