"""Intake: others send us CloudEvents; 202 means that they are safely ours."""

from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request

from connectors.contract import Envelope
from control_plane.api.auth import Asking, Asks
from control_plane.api.cloud_events import BATCH, STRUCTURED, read_events
from control_plane.api.grouping import GroupedIntake
from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import EventReceipt, EventsAccepted
from control_plane.api.services import Taken
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act, may
from control_plane.domain.identity import public_id
from control_plane.store.tables import UNRESOLVED

router: Final = APIRouter(prefix="/v1/events", tags=["events"], route_class=StrictRoute)

_EVENT: Final[dict[str, Any]] = {  # JSON Schema
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string"},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string"},
        "data": {},
        "data_base64": {"type": "string"},
    },
}
_BODY: Final[dict[str, Any]] = {  # OpenAPI
    "requestBody": {
        "required": True,
        "content": {STRUCTURED: {"schema": _EVENT}, BATCH: {"schema": {"type": "array", "items": _EVENT}}},
    }
}


async def intakes_of(request: Request) -> dict[str, GroupedIntake]:
    """Return the intakes of the app that serves the request, by source."""
    intakes: dict[str, GroupedIntake] = request.app.state.intakes
    return intakes


@router.post("", status_code=HTTPStatus.ACCEPTED, openapi_extra=_BODY)
async def take_events(
    asks: Asks, request: Request, intakes: Annotated[dict[str, GroupedIntake], Depends(intakes_of)]
) -> EventsAccepted:
    """Take over CloudEvents 1.0.2, structured, batch or binary; a repeated one is answered like the first."""
    _require_sender(asks)
    envelopes = await read_events(request, now=asks.now)
    by_source: dict[str, list[Envelope]] = defaultdict(list)
    for envelope in envelopes:
        by_source[envelope.source].append(envelope)
    _require_known(by_source.keys() - intakes.keys())
    taken = [one for source, some in by_source.items() for one in await intakes[source](some)]
    return EventsAccepted(items=_in_order(envelopes, taken))


def _require_sender(asks: Asking) -> None:
    if not may(asks.actor, Act.SEND_EVENTS, UNRESOLVED):
        detail = "Only who may send for the whole group sends events: whose they are is known after they are read."
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)


def _require_known(unknown: set[str]) -> None:
    if unknown:
        detail = f"No connection takes events of {', '.join(sorted(unknown))[:200]}."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_source", detail)


def _in_order(envelopes: Sequence[Envelope], taken: Sequence[Taken]) -> list[EventReceipt]:
    by_key = {(one.source, one.id): one for one in taken}
    return [_receipt(by_key[envelope.source, envelope.id]) for envelope in envelopes]


def _receipt(one: Taken) -> EventReceipt:
    number = None if one.transaction_id is None else public_id("txn", one.transaction_id)
    return EventReceipt(id=one.id, source=one.source, duplicate=one.is_repeated, transaction_id=number)
