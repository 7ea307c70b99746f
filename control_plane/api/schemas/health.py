"""How the product does."""

from datetime import datetime

from control_plane.api.schemas.common import Answer


class Component(Answer):
    """One part of the product and how it does."""

    name: str
    is_ok: bool
    sentence: str
    at: datetime | None
    """Its last sign of life."""
    behind_since: datetime | None = None
    """When the oldest thing happened that it has not dealt with; None: it is up to date."""


class HealthAnswer(Answer):
    """How the product does, part by part."""

    is_ok: bool
    as_of: datetime
    version: str
    components: list[Component]
