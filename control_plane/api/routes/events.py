"""Intake: others send us CloudEvents; 202 means that they are safely ours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from connectors.contract import Envelope
from control_plane.api.auth import Asking, asking, who_asks
from control_plane.api.cloud_events import BATCH, STRUCTURED, read_events
from control_plane.api.grouping import GroupedIntake
from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import EventReceipt, EventsAccepted
from control_plane.api.services import Taken
from control_plane.api.strict import BareRoute
from control_plane.domain.access import Act, may
from control_plane.domain.identity import public_id
from control_plane.store.tables import UNRESOLVED

router: Final = APIRouter(prefix="/v1/events", tags=["events"], route_class=BareRoute)

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


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=EventsAccepted,
    openapi_extra=_BODY,
    dependencies=[Depends(asking)],
)
async def take_events(request: Request) -> Response:
    """Take over CloudEvents 1.0.2, structured, batch or binary; a repeated one is answered like the first.

    The answer promises that they are kept and names the transactions that they make; a moment later they are read.
    """
    asks = await who_asks(request)
    _require_sender(asks)
    envelopes = await read_events(request, now=asks.now)
    taken = await _taken(request.app.state.intakes, envelopes)
    accepted = EventsAccepted(items=_in_order(envelopes, taken))
    return Response(accepted.model_dump_json(), HTTPStatus.ACCEPTED, media_type="application/json")


async def _taken(intakes: Mapping[str, GroupedIntake], envelopes: Sequence[Envelope]) -> list[Taken]:
    by_source: dict[str, list[Envelope]] = defaultdict(list)
    for envelope in envelopes:
        by_source[envelope.source].append(envelope)
    _require_known(by_source.keys() - intakes.keys())
    return [one for source, some in by_source.items() for one in await intakes[source](some)]


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
