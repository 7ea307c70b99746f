"""Flows: what we have committed to, and what was decided about it."""

from typing import Final

from fastapi import APIRouter
from sqlmodel import Session

from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import moment
from control_plane.api.schemas import Flows, FlowView, PolicyValue
from control_plane.api.strict import StrictRoute
from control_plane.domain.sla import target_of
from control_plane.flows.flow import Flow
from control_plane.store.queries import records

router: Final = APIRouter(prefix="/v1/flows", tags=["flows"], route_class=StrictRoute)


@router.get("")
def list_flows(asks: Asks) -> Flows:
    """List all flows with their steps, targets and the policy in force."""
    asks.scope()
    with asks.services.database.read() as session:
        items = [_view(session, flow) for _, flow in sorted(asks.services.flows.items())]
        return Flows(items=items, **moment(session, asks))


def _view(session: Session, flow: Flow) -> FlowView:
    governed = records.policy_in_force(session, flow.name)
    target = target_of(governed["sla"].value) if "sla" in governed else flow.policy.sla
    defaults = [
        PolicyValue(key=key, version=0, value=value, maker="", checker="", approved_at=None)
        for key, value in flow.policy.values.items()
        if key not in governed
    ]
    decided = [
        PolicyValue(
            key=row.key,
            version=row.version,
            value=row.value,
            maker=row.maker,
            checker=row.checker or "",
            approved_at=row.approved_at,
        )
        for row in governed.values()
    ]
    return FlowView(
        name=flow.name,
        version=flow.version,
        steps=[step.name for step in flow.steps],
        sla=[answers.promised(target)],
        policy=sorted((*defaults, *decided), key=lambda value: value.key),
    )
