"""Alerts: what is wrong now, for people and for alerting tools."""

from typing import Final

from fastapi import APIRouter

from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import moment
from control_plane.api.schemas import Alert, Alerts
from control_plane.api.strict import StrictRoute
from control_plane.engine import warn

router: Final = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=StrictRoute)


@router.get("")
def list_alerts(asks: Asks) -> Alerts:
    """List what is wrong now, the most severe and largest first."""
    settings = asks.services.settings
    with asks.services.database.read() as session:
        look = warn.Look(session, asks.scope(), asks.now, settings.silent_after)
        items = [
            Alert(
                key=alert.key,
                name=alert.name,
                severity=alert.severity.value,
                sentence=alert.sentence,
                flow=alert.flow,
                legal_entity_id=alert.legal_entity_id,
                connection=alert.connection,
                totals=answers.totals(alert.sums, asks.group_currency),
                owner=alert.owner,
                since=alert.since,
                link=alert.link(settings.screen_url),
            )
            for alert in warn.alerts(look)
        ]
        return Alerts(items=items, **moment(session, asks))
