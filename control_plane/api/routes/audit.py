"""The audit: who did what and why."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import Listing, Pager, Text, moment, texts
from control_plane.api.schemas import AuditEntry, Page
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act
from control_plane.store.queries import records

router: Final = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=StrictRoute)


class AuditFilters(Listing):
    """Which acts."""

    actor: Text = ""
    action: Text = ""
    object_type: Text = ""
    object_id: Text = ""
    legal_entity_id: Text = ""


@router.get("")
def list_acts(
    asks: Asks, request: Request, response: Response, wanted: Annotated[AuditFilters, Query()]
) -> Page[AuditEntry]:
    """List acts, newest first."""
    scope = asks.scope(Act.READ_AUDIT)
    pager = Pager(asks, request, wanted)
    with asks.services.database.read() as session:
        rows = records.acts(session, scope, texts(wanted), before=pager.before, limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda row: [row.seq], response)
        items = [answers.audit_entry(row) for row in shown]
        return Page(items=items, next_cursor=cursor, **moment(session, asks))
