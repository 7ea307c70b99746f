"""How access changes: whom a person reports to, and what they are granted."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from control_plane.api.schemas.common import Command
from control_plane.api.schemas.exceptions import Because
from control_plane.domain.access import GROUP, Role

_MOST_MINOR: Final = 2**63 - 1


class GrantDraft(Command):
    """A role in a legal entity, up to an amount."""

    role: Role
    legal_entity_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] = GROUP
    limit_minor: Annotated[int, Field(ge=0, le=_MOST_MINOR)] | None = None
    """In the group's currency; None: any amount."""


class AccessProposal(Because):
    """What is to hold for a person, for a second person to approve; what is left out stays as it is."""

    reports_to: Annotated[str, StringConstraints(max_length=200)] | None = None
    """A login; empty: nobody."""
    grants: Annotated[list[GrantDraft], Field(max_length=200)] | None = None
    """All that they are granted for good."""
