"""What happened, as events made from the record: read after one another, from the beginning or from where one was."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from control_plane.api.auth import Asks
from control_plane.api.lists import Listing, Pager
from control_plane.api.schemas import Event, EventData, EventFeed
from control_plane.api.strict import StrictRoute
from control_plane.domain.identity import public_id
from control_plane.store.lineage import Kind
from control_plane.store.queries.feed import happened
from control_plane.store.tables import LineageRow

router: Final = APIRouter(prefix="/v1/events", tags=["events"], route_class=StrictRoute)

SOURCE: Final = "/tieout"
TYPES: Final[Mapping[Kind, str]] = {
    Kind.RECEIVED: "transaction.received.v1",
    Kind.TRANSITION: "transaction.moved.v1",
    Kind.ACT: "exception.acted_on.v1",
    Kind.VERSION: "transaction.corrected.v1",
    Kind.PAYMENT: "payment.noted.v1",
}
"""By what the story tells; single steps and attempts stand in it only."""


@router.get("")
def list_events(asks: Asks, request: Request, wanted: Annotated[Listing, Query()]) -> EventFeed:
    """List what happened as CloudEvents 1.0.2, oldest first; ask again with the cursor for what happened since.

    An event comes once its unit of work cannot be overtaken any more, so nothing appears before a cursor later.
    """
    pager = Pager(asks, request, wanted)
    position = pager.position
    after = (0, 0) if position is None else (int(position[0] or 0), int(position[1] or 0))
    with asks.services.database.read() as session:
        found = happened(session, asks.scope(), after, kinds=tuple(TYPES), limit=wanted.limit)
    return EventFeed(
        items=[_event(row) for row in found.entries],
        next_cursor=pager.sealed(found.until),
        is_up_to_date=len(found.entries) < wanted.limit,
    )


def _event(row: LineageRow) -> Event:
    return Event(
        id=public_id("lin", row.id),
        source=SOURCE,
        type=TYPES[Kind(row.kind)],
        subject=public_id("txn", row.transaction_id),
        time=row.at,
        data=EventData(
            flow=row.flow,
            legal_entity_id=row.legal_entity_id,
            name=row.name,
            by=row.by,
            from_state=row.from_state,
            to_state=row.to_state,
            reason=row.reason,
            failure_code=row.failure_code,
        ),
    )
