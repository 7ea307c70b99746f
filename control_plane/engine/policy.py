"""The policy in force: a flow's defaults, overridden by its governed versions."""

from collections.abc import Mapping
from typing import Any

from control_plane.engine.parts import Unit
from control_plane.store import policies


def policy_of(unit: Unit, flow: str) -> Mapping[str, Any]:  # governed JSON values by key
    """Return the flow's policy values that hold now."""
    return unit.flows[flow].policy.under(policies.current(unit.session, flow).values)
