"""What follows when a proposal is decided: every kind of proposals, and the room that does what was proposed."""

from typing import Final

from control_plane.acts import (
    access,
    bindings,
    bulk,
    corrections,
    failure_rules,
    flow_values,
    group_values,
    hand_posting,
)
from control_plane.acts.approvals import Consequences

CONSEQUENCES: Final[Consequences] = {
    access.KIND: access.CONSEQUENCE,
    bindings.KIND: bindings.CONSEQUENCE,
    failure_rules.KIND: failure_rules.CONSEQUENCE,
    flow_values.KIND: flow_values.CONSEQUENCE,
    corrections.KIND: corrections.CONSEQUENCE,
    hand_posting.KIND: hand_posting.CONSEQUENCE,
    bulk.KIND: bulk.CONSEQUENCE,
    group_values.KIND: group_values.CONSEQUENCE,
}
"""By kind: a room that proposes something names here what its approval and its refusal do."""
