"""The policy in force: a flow's defaults, overridden by its governed versions."""

from collections.abc import Mapping
from typing import Any

from control_plane.domain import retry
from control_plane.domain.retry import RetryPolicy
from control_plane.engine.parts import Unit
from control_plane.store import policies


def retry_of(unit: Unit, flow: str) -> RetryPolicy:
    """Return how patient the flow is now with each kind of failure."""
    return retry.policy_of(policy_of(unit, flow)["retry"])


def policy_of(unit: Unit, flow: str) -> Mapping[str, Any]:  # governed JSON values by key
    """Return the flow's policy values that hold now."""
    return unit.flows[flow].policy.under(policies.current(unit.session, flow).values)
