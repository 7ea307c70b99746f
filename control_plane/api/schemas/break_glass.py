"""More rights for a while, and the look at them afterwards."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from control_plane.api.schemas.common import Answer, Command
from control_plane.api.schemas.exceptions import Because
from control_plane.api.schemas.records import AuditEntry
from control_plane.domain.access import Role


class BreakGlassView(Answer):
    """A role that somebody took in an emergency."""

    id: str
    login: str
    role: Role
    legal_entity_id: str
    reason: str
    began_at: datetime
    ends_at: datetime
    reviewed_at: datetime | None
    reviewer: str
    was_justified: bool | None
    review_reason: str
    revision: int
    acts: list[str]


class BreakGlassDetail(BreakGlassView):
    """The same, with what the person did while it lasted."""

    deeds: list[AuditEntry]


class BreakGlasses(Answer):
    """What was taken, the newest first."""

    items: list[BreakGlassView]
    unreviewed_count: int
    """Over, and looked at by nobody."""


class Emergency(Command):
    """Take a role for a while."""

    role: Role
    legal_entity_id: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    minutes: Annotated[int, Field(ge=1, le=240)]
    reason: Annotated[str, StringConstraints(min_length=10, max_length=500, strip_whitespace=True)]


class Review(Because):
    """Say whether somebody's rights were taken and used for good reason."""

    was_justified: bool
