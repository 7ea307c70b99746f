"""Events: what is answered to those that were sent to us, and those that we tell."""

from datetime import datetime
from typing import Literal

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


class EventData(Answer):
    """What happened to a transaction: references, states and codes, no amounts and nothing personal but who acted."""

    flow: str
    legal_entity_id: str
    name: str
    by: str
    from_state: str
    to_state: str
    reason: str
    failure_code: str


class Event(Answer):
    """A CloudEvent 1.0.2 that tells what happened."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    """The transaction."""
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: EventData


class EventFeed(Answer):
    """What happened after a cursor; the next one is always there, for what will happen."""

    items: list[Event]
    next_cursor: str
    is_up_to_date: bool
