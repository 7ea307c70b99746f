"""What several exceptions have in common: line by line, and everything that is known of one cause."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from control_plane.api.schemas.common import Answer, Command, Figures, Totals
from control_plane.api.schemas.exceptions import Because, ExceptionSummary


class BlockingRecord(Answer):
    """The record of the ERP's lists that blocks."""

    domain: str
    """A list of master data, or `answer`: what a target said and nobody knows yet."""
    legal_entity_id: str
    """Empty: it serves every legal entity."""
    code: str
    name: str
    """Empty: the ERP has no such record."""


class Cause(Answer):
    """Open exceptions of one cause that wait for one record: `1 inactive project blocks 37 reports`."""

    fingerprint: str
    clear: str
    """What the fingerprint is made of."""
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
    record: BlockingRecord | None
    """None: the cause points to no record."""
    domain: str
    """The list of master data to which it points; empty where it points to none."""
    record_count: int
    """Records of that list for which its held documents wait."""
    merged: list[str]
    """Other causes that are told in this one."""
    regression_count: int
    """Exceptions among them that had been resolved before."""
    is_back: bool
    """It stands again although its last exception was resolved shortly before."""
    oldest_at: datetime
    due_at: datetime | None
    """The nearest one."""


class Causes(Figures):
    """The causes of open exceptions, the largest group amount first."""

    items: list[Cause]


class ExceptionFigures(Figures):
    """The three numbers above the exceptions."""

    mine_due_today: Totals
    """As all totals here: exceptions of confirmations count, their amounts, which repeat others, do not."""
    unclaimed: Totals
    open: Totals
    top_cause: Cause | None


class CureView(Answer):
    """What one kind of act did for a cause: `released 41 of 44, median 6 min`."""

    act: str
    """`by_itself`: what was missing arrived."""
    released_count: int
    tried_count: int
    median_seconds: float | None


class EpisodeView(Answer):
    """A time in which the cause stood."""

    began_at: datetime
    ended_at: datetime | None
    exception_count: int
    act: str
    """What ended it."""
    came_back: bool
    """The cure did not hold: the cause stood again within a week."""


class CauseNote(Answer):
    """What somebody wrote about a cause."""

    fingerprint: str
    """Of the cause under which it was written: another one where that is told in this."""
    text: str
    author: str
    written_at: datetime


class CauseDecision(Answer):
    """That two causes are told as one, or were taken apart for good."""

    fingerprint: str
    into_fingerprint: str
    is_merged: bool
    reason: str
    person: str
    decided_at: datetime


class CauseDetail(Figures):
    """Everything that is known of one cause."""

    fingerprint: str
    clear: str
    """What the fingerprint is made of."""
    version: int
    """Of the fingerprint's making."""
    flow: str
    code: str
    kind: str
    step: str
    field_path: str
    runbook: str
    """What the catalog says to do, for any document."""
    totals: Totals
    due_at: datetime | None
    lines: list[Cause]
    """By the record that blocks."""
    exceptions: list[ExceptionSummary]
    """The open ones that are due first."""
    cures: list[CureView]
    """The one first that released most; empty: nothing was tried yet."""
    episodes: list[EpisodeView]
    """The newest one first."""
    notes: list[CauseNote]
    decisions: list[CauseDecision]
    merged: list[str]
    merged_into: str | None
    acts: list[str]
    revision: int


class NoteText(Command):
    """A note."""

    text: Annotated[str, StringConstraints(min_length=3, max_length=4000, strip_whitespace=True)]


class MergeCause(Because):
    """Tell a cause in another one."""

    into: Annotated[str, StringConstraints(max_length=100)]
