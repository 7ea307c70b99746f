"""To whom exceptions go, who is away, and who does whose work."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from control_plane.api.schemas.common import Answer, Command, Totals
from control_plane.api.schemas.exceptions import Because, Name
from control_plane.api.schemas.problems import FieldError


class RoutingView(Answer):
    """The rules in force, or in an older version; without any, the catalog's owner has every exception."""

    version: int
    rules: list[dict[str, Any]]  # conditions are texts, lists or prefixes
    teams: dict[str, Any]  # hours and members by team
    fields: list[str]
    """What a rule may ask for, the most specific first."""
    all_teams: list[str]
    maker: str
    checker: str
    approved_at: datetime | None
    warnings: list[FieldError]


class RoutingDraft(Command):
    """Rules, the first that matches wins, with the teams that they name."""

    rules: list[dict[str, Any]]  # checked by the rule engine
    teams: dict[str, Any] = Field(default={})  # the same


class RoutingProposal(RoutingDraft):
    """Rules for a second person to approve."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class Proposed(Answer):
    """What waits for a second person now."""

    approval_id: str
    warnings: list[FieldError]


class RoutingTrial(RoutingDraft):
    """What would these rules have done with the exceptions that were opened in a period?"""

    since: AwareDatetime
    until: AwareDatetime


class TeamLoad(Answer):
    """What a team got, and what it would have got."""

    team: str
    before: Totals
    after: Totals


class RoutingTrialAnswer(Answer):
    """The same exceptions under the rules in force and under the others."""

    teams: list[TeamLoad]
    warnings: list[FieldError]


class Away(Because):
    """Be away."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    person: Name = ""
    """A login; empty: yours. Only administrators name somebody else."""


class Delegate(Away):
    """Let a colleague do the work meanwhile."""

    to: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AbsenceView(Answer):
    """Somebody is away."""

    id: str
    person: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    recorded_by: str


class DelegationView(AbsenceView):
    """Somebody does the work of another one."""

    to: str


class Presence(Answer):
    """Absences and delegations that are not over."""

    absences: list[AbsenceView] = Field(default=[])
    delegations: list[DelegationView] = Field(default=[])


class GroupValue(Answer):
    """A value that holds for the whole group, in the version in force."""

    key: str
    version: int
    value: dict[str, Any]  # its own rules judge it
    maker: str
    checker: str
    approved_at: datetime | None


class GroupValueProposal(Because):
    """Another version for a second person to approve."""

    value: dict[str, Any]  # checked before it is proposed
