"""What one shift hands to the next."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import Filters, Text, texts
from control_plane.api.schemas import ShiftPart, ShiftSummary
from control_plane.api.strict import StrictRoute
from control_plane.store.queries import shift

router: Final = APIRouter(prefix="/v1", tags=["exceptions"], route_class=StrictRoute)


class ShiftFilters(Filters):
    """Whose shift, and since when."""

    since: AwareDatetime
    team: Text = ""
    legal_entity_id: Text = ""
    flow: Text = ""


@router.get("/shift-summary")
def show_shift(asks: Asks, wanted: Annotated[ShiftFilters, Query()]) -> ShiftSummary:
    """Show what came, was taken, done and put aside since a moment, and what is left."""
    group, now = asks.group_currency, asks.now
    with asks.services.database.read() as session:
        parts = shift.summary(session, asks.scope(), texts(wanted), since=wanted.since, now=now)
        shown = [
            ShiftPart(
                name=part.name,
                totals=answers.totals(part.sums, group),
                first=[answers.exception_summary(one, group) for one in part.first],
            )
            for part in parts
        ]
    return ShiftSummary(since=wanted.since, as_of=now, parts=shown)
