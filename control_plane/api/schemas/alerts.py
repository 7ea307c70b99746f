"""What is wrong now."""

from datetime import datetime

from control_plane.api.schemas.common import Answer, Figures, Totals


class Alert(Answer):
    """Something that somebody should know now, grouped."""

    key: str
    name: str
    severity: str
    """critical | warning"""
    sentence: str
    flow: str
    legal_entity_id: str
    connection: str
    totals: Totals
    owner: str
    since: datetime | None
    link: str


class Alerts(Figures):
    """What is wrong now, the most severe and largest first."""

    items: list[Alert]
