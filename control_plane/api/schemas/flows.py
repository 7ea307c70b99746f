"""What was promised and decided."""

from datetime import datetime
from typing import Any

from control_plane.api.schemas.common import Answer, Figures


class SlaTargetView(Answer):
    """What was promised for a way between two states."""

    start: str
    stop: str
    within: str
    pause: list[str]


class PolicyValue(Answer):
    """One decided value with its version and hands."""

    key: str
    version: int
    """0: the default that ships with the flow."""
    value: Any  # JSON
    maker: str
    checker: str
    approved_at: datetime | None


class FlowView(Answer):
    """A route from source to target with its steps and policy."""

    name: str
    version: str
    steps: list[str]
    sla: list[SlaTargetView]
    policy: list[PolicyValue]


class Flows(Figures):
    """All flows."""

    items: list[FlowView]
