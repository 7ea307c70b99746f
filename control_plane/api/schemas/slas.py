"""Which promises hold."""

from datetime import datetime

from control_plane.api.schemas.common import Answer, Figures, Totals


class SlaLine(Answer):
    """How one flow keeps its targets in one legal entity."""

    flow: str
    legal_entity_id: str
    on_time: Totals
    at_risk: Totals
    breached: Totals
    """Open ones past their due time."""
    next_due_at: datetime | None
    settled_count: int
    settled_late_count: int
    attainment: float | None
    """Share of the settled documents that were on time; None where nothing is settled."""


class SlaAnswer(Figures):
    """SLA status per flow and legal entity, breaches first."""

    items: list[SlaLine]
    """Confirmations have lines; what stands below leaves them out, unless their flow was asked for."""
    at_risk: Totals
    breached: Totals
    attainment: float | None
    attainment_target: float
