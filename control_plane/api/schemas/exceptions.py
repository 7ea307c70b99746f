"""What people must do, and what several of these things have in common."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from control_plane.api.schemas.common import Amount, Answer, Command, Totals
from control_plane.api.schemas.people import PersonView
from control_plane.api.schemas.transactions import Identifier, TransactionSummary
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


class ListedClaim(Command):
    """A pasted list of identifiers of any kind, at most 200."""

    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=200)]


class ListedHandOver(ListedClaim, HandOver):
    """The same, for one person or one team."""


class ListedLine(Answer):
    """What became of one identifier, or of one of the exceptions that it names."""

    identifier: str
    outcome: str
    """done, refused, nothing_open or unknown."""
    exception_id: str | None
    why: str
    """Why it was refused."""


class ListedAnswer(Answer):
    """One line or more per identifier, in the order of the list."""

    items: list[ListedLine]
    found_count: int
    """Identifiers that name something."""
    unknown: list[str]
    """Those that name nothing that the asker may read."""


class ShiftPart(Answer):
    """One line of a shift's summary."""

    name: str
    """new, regressed, claimed, handed_over, deferred, pending_approval, resolved, overdue or unclaimed."""
    totals: Totals
    first: list[ExceptionSummary]
    """Those that are due first."""


class ShiftSummary(Answer):
    """What one shift hands to the next."""

    since: datetime
    as_of: datetime
    parts: list[ShiftPart]


class CommentText(Command):
    """What somebody says; `@login` names somebody who is told."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=5_000, strip_whitespace=True)]


class CommentView(Answer):
    """What somebody said."""

    id: str
    transaction_id: str | None
    """The version on which it was said."""
    exception_id: str | None
    author: str
    text: str
    written_at: datetime
    mentions: list[str]


class CommentWritten(CommentView):
    """What was just said."""

    unknown_mentions: list[str]
    """Who was named and cannot be told."""


class Comments(Answer):
    """Newest first."""

    items: list[CommentView]
    next_cursor: str | None = None


class ReplyView(Answer):
    """A letter about one document: copy it, nothing is sent."""

    name: str
    to: str
    """employee or supplier."""
    subject: str
    body: str


class Replies(Answer):
    """Every letter that there is, with the document's values in it."""

    items: list[ReplyView]
