"""Who acts."""

from datetime import datetime

from control_plane.api.schemas.common import Answer, MoneyView


class PersonView(Answer):
    """Somebody who acts."""

    id: str
    login: str
    name: str


class GrantView(Answer):
    """A role in a legal entity; entity `*` is the whole group."""

    role: str
    legal_entity_id: str
    limit: MoneyView | None = None
    """Up to which amount the person decides; None: any."""
    valid_until: datetime | None = None
    """Of what is lent for a while; None: for good."""


class Me(PersonView):
    """Who asks, and what they may do."""

    grants: list[GrantView]
    acts: list[str]
    group_currency: str


class PersonDetail(PersonView):
    """Somebody who acts, with their access."""

    employee_ref: str
    reports_to: str
    """The login of the person above; empty: nobody."""
    is_machine: bool
    is_active: bool
    grants: list[GrantView]


class People(Answer):
    """Everybody who is known, by login."""

    items: list[PersonDetail]


class SignedIn(Answer):
    """A short-lived key, given once."""

    key: str
    expires_at: datetime
