"""CloudEvents 1.0.2 over HTTP: structured, batch and binary; the data's bytes stay as they came."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote_to_bytes

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.canonical.events import EventType
from connectors.contract import Envelope
from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import FieldError
from control_plane.api.strict import is_storable, unreadable
from control_plane.api.verbatim import Verbatim, read_object, read_objects

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
LARGEST_BATCH: Final = 200

_INVALID: Final = HTTPStatus.UNPROCESSABLE_ENTITY

_Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\S")]


class Attributes(BaseModel):
    """An event's context attributes; extensions are allowed and not looked at."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: _Name
    source: _Name
    type: EventType
    subject: Annotated[str, Field(max_length=255)] = ""
    time: AwareDatetime | None = None
    datacontenttype: Annotated[str, Field(max_length=255)] = "application/json"


async def read_events(request: Request, *, now: datetime) -> list[Envelope]:
    """Return the events of a request; one without a time happened now.

    Raises:
        ProblemError: 400 or 422 where they cannot be read, 415 for what is no CloudEvent.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind == STRUCTURED:
        return [_structured(read_object(_text(body)), now, "")]
    if kind == BATCH:
        return _batch(_text(body), now)
    if "ce-specversion" in request.headers:
        return [_binary(request.headers, kind, body, now)]
    detail = f"Send {STRUCTURED}, {BATCH}, or any content with ce- headers."
    raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def _batch(text: str, now: datetime) -> list[Envelope]:
    events = read_objects(text, most=LARGEST_BATCH)
    if events is None or not 0 < len(events) <= LARGEST_BATCH:
        raise ProblemError(_INVALID, "invalid", f"A batch is a list of 1 to {LARGEST_BATCH} events.")
    return [_structured(event, now, f"/{place}") for place, event in enumerate(events)]


def _structured(event: Verbatim | None, now: datetime, place: str) -> Envelope:
    if event is None:
        raise ProblemError(_INVALID, "invalid", "An event is a JSON object.")
    attributes = _attributes(event.values, place)
    return _envelope(attributes, _data(event, attributes.datacontenttype), now)


def _binary(headers: Mapping[str, str], kind: str, body: bytes, now: datetime) -> Envelope:
    given = {name[3:]: _header(value) for name, value in headers.items() if name.startswith("ce-")}
    return _envelope(_attributes({**given, "datacontenttype": kind or "application/json"}, ""), body, now)


def _envelope(attributes: Attributes, payload: bytes, now: datetime) -> Envelope:
    return Envelope(
        id=attributes.id,
        source=attributes.source,
        type=attributes.type.value,
        subject=attributes.subject,
        time=attributes.time or now,
        payload=payload,
        content_type=attributes.datacontenttype,
    )


def _data(event: Verbatim, content_type: str) -> bytes:
    values = event.values
    if ("data" in values) == ("data_base64" in values):
        raise ProblemError(_INVALID, "invalid", "An event carries `data` or `data_base64`.")
    if "data" in values:
        is_text = isinstance(values["data"], str) and not content_type.endswith("json")
        return values["data"].encode() if is_text else event.texts["data"].encode()
    try:
        return base64.b64decode(values["data_base64"], validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise ProblemError(_INVALID, "invalid", "`data_base64` is not Base64.") from error


def _attributes(given: Mapping[str, Any], place: str) -> Attributes:  # JSON values
    try:
        return Attributes.model_validate(given)
    except ValidationError as error:
        errors = [
            FieldError(pointer="/".join(("#" + place, *map(str, one["loc"]))), detail=one["msg"])
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise ProblemError(_INVALID, "invalid", "The event's attributes are not valid.", errors=errors) from error


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise unreadable() from error


def _header(value: str) -> str:
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unreadable_header", "A ce- header is not UTF-8.") from error
    if not is_storable(text):
        raise ProblemError(_INVALID, "unstorable_text", "A ce- header holds characters that cannot be stored.")
    return text
