"""What follows when a proposal is decided: every kind of proposals, and the room that does what was proposed."""

from typing import Final

from control_plane.acts.approvals import Consequences

CONSEQUENCES: Final[Consequences] = {}
"""By kind: a room that proposes something names here what its approval and its refusal do."""
