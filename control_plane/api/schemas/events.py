"""What is answered to events that were sent to us."""

from control_plane.api.schemas.common import Answer


class EventReceipt(Answer):
    """One event is safely ours."""

    id: str
    source: str
    duplicate: bool
    """It had been received before; nothing happens twice."""
    transaction_id: str | None


class EventsAccepted(Answer):
    """The answer to an intake: one receipt per event, in order."""

    items: list[EventReceipt]
