"""Master data: the ERP's lists as they stand, or stood."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from connectors.canonical.master_data import Domain
from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import Listing, Pager, Text, moment
from control_plane.api.schemas import MasterDataView, Page
from control_plane.api.strict import StrictRoute
from control_plane.store.queries import records
from control_plane.store.queries.records import Wanted
from control_plane.store.queries.sums import CurrencySum
from control_plane.store.tables import MasterDataRow

router: Final = APIRouter(prefix="/v1/master-data", tags=["master data"], route_class=StrictRoute)


class RecordFilters(Listing):
    """Which records."""

    q: Text = ""
    """The beginning of a code."""
    legal_entity_id: Text = ""
    active: bool | None = None
    as_of: AwareDatetime | None = None


@router.get("/{domain}")
def list_records(
    asks: Asks, request: Request, response: Response, domain: Domain, wanted: Annotated[RecordFilters, Query()]
) -> Page[MasterDataView]:
    """List a domain's records by legal entity and code, now or as they stood at a moment."""
    pager = Pager(asks, request, wanted)
    which = Wanted(domain.value, wanted.legal_entity_id, wanted.active, wanted.q, wanted.as_of)
    with asks.services.database.read() as session:
        rows = records.records(session, asks.scope(), which, after=_after(pager), limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda row: [row.legal_entity_id, row.code], response)
        waiting = records.waiting(session, asks.scope(), domain.value, [row.code for row in shown])
        items = [_view(row, waiting.get((row.legal_entity_id, row.code), []), asks.group_currency) for row in shown]
        return Page(items=items, next_cursor=cursor, **moment(session, asks))


def _after(pager: Pager) -> tuple[str, str] | None:
    position = pager.position
    return None if position is None else (str(position[0]), str(position[1]))


def _view(row: MasterDataRow, waiting: list[CurrencySum], group: str) -> MasterDataView:
    copied = set(MasterDataView.model_fields) - {"waiting"}
    return MasterDataView(waiting=answers.totals(waiting, group), **row.model_dump(include=copied))
