"""Who acts."""

from datetime import datetime

from control_plane.api.schemas.common import Answer


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
