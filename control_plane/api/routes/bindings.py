"""Bindings and flow values: what people fix on the spot, under four eyes."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from control_plane.acts import bindings, flow_values
from control_plane.api.acting import Begins
from control_plane.api.auth import Asks
from control_plane.api.lists import Listing, Pager, Text, moment, texts
from control_plane.api.proposing import propose
from control_plane.api.schemas import BindingProposal, Bindings, BindingView, FlowValueProposal, Proposed
from control_plane.api.strict import StrictRoute
from control_plane.store import master_data
from control_plane.store.tables import BindingRow

router: Final = APIRouter(prefix="/v1", tags=["master data"], route_class=StrictRoute)


class BindingFilters(Listing):
    """Which bindings."""

    domain: Text = ""
    source_system: Text = ""
    source_key: Text = ""
    erp_key: Text = ""


@router.get("/bindings")
def list_bindings(
    asks: Asks, request: Request, response: Response, wanted: Annotated[BindingFilters, Query()]
) -> Bindings:
    """List the keys of sources that stand under another key of the ERP."""
    asks.scope()
    pager = Pager(asks, request, wanted)
    after = None if pager.position is None else int(pager.position[0] or 0)
    with asks.services.database.read() as session:
        rows = master_data.bindings(session, texts(wanted), after=after, limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda row: [row.id], response)
        return Bindings(items=[_view(row) for row in shown], next_cursor=cursor, **moment(session, asks))


@router.post("/bindings/propose", response_model=Proposed)
def propose_binding(begins: Begins, proposal: BindingProposal) -> Response:
    """Propose a binding; approved, it releases by itself what waited for it."""
    wish = bindings.Wish(
        proposal.domain,
        proposal.source_system,
        proposal.source_key,
        proposal.erp_key,
        proposal.legal_entity_id,
    )
    return propose(begins, lambda hand: bindings.propose(hand, wish), proposal.reason)


@router.post("/flows/{flow}/policy/propose", response_model=Proposed)
def propose_flow_value(begins: Begins, flow: str, proposal: FlowValueProposal) -> Response:
    """Propose another field mapping, route or limit; approved, it lets everything be checked again that it may free."""
    return propose(begins, lambda hand: flow_values.propose(hand, flow, proposal.key, proposal.value), proposal.reason)


def _view(row: BindingRow) -> BindingView:
    return BindingView(**row.model_dump(include=set(BindingView.model_fields)))
