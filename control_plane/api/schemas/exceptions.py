"""What people must do, and what several of these things have in common."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, StringConstraints, model_validator

from control_plane.api.schemas.common import Amount, Answer, Command
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
    """Accountable, also while a person has claimed it."""
    routed_by: str
    """The rule that chose the team; empty where the catalog's owner has it."""
    business_owner: str
    """Who answers for the document at its source."""
    claimed_by: PersonView | None
    claimed_at: datetime | None
    claim_expires_at: datetime | None
    offered_team: str
    """The team to which it is handed over, until somebody accepts."""
    offer_expires_at: datetime | None
    """Until when it may be accepted; none: it is not being handed over."""
    merged_into: str | None
    former_id: str | None
    """The closed exception of the same document, before this one."""
    amount: Amount
    attempt: int
    regression_count: int
    """How often it came back after it had been resolved."""
    document_number: str
    opened_at: datetime
    due_at: datetime | None
    wake_at: datetime | None
    defer_reason: str
    updated_at: datetime
    resolved_at: datetime | None
    closes_at: datetime | None
    """When it is closed; none where only a controller does."""
    evidence: str
    revision: int


class ExceptionDetail(ExceptionSummary):
    """An exception with its document and what the asker may do now."""

    values: dict[str, Any]  # the failure's own values
    transaction: TransactionSummary | None
    offered_to: PersonView | None
    """The person to whom it is handed over, until they accept."""
    acts: list[str]
    same_cause_count: int
    """Open exceptions of the same cause, this one among them."""


Name = Annotated[str, StringConstraints(max_length=200)]


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


class Deferral(Because):
    """Put an exception aside."""

    wake_at: AwareDatetime


class HandOver(Because):
    """Hand an exception over to one person or to one team."""

    person: Name = ""
    """A login."""
    team: Name = ""

    @model_validator(mode="after")
    def _has_one_receiver(self) -> Self:
        if bool(self.person) == bool(self.team):
            raise ValueError("name a person or a team")
        return self


class MergeInto(Because):
    """Tell an exception in another one."""

    into: str
