"""What one person proposes and another one decides."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from control_plane.api.schemas.common import Amount, Answer
from control_plane.api.schemas.exceptions import Because
from control_plane.domain.approval import ApprovalState


class ApprovalView(Answer):
    """A proposal, with what the asker may do with it."""

    id: str
    kind: str
    subject_type: str
    subject_id: str
    legal_entity_id: str
    state: ApprovalState
    content: dict[str, Any] | None  # exactly what is asked for; its shape is the kind's
    """None for who only looks at figures."""
    content_sha256: str
    """Who decides names it: nobody decides another content than the one they read."""
    amount: Amount
    reason_code: str
    reason: str
    maker: str
    proposed_at: datetime
    checker: str
    decided_at: datetime | None
    decision_reason: str
    revision: int
    acts: list[str]
    objection: str
    """Why the asker may not decide it; empty where they may, or where it is decided."""


class DecisionOn(Because):
    """Decide exactly this content."""

    content_sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
