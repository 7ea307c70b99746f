"""CloudEvents 1.0.2 over HTTP: structured, batch and binary; the data's bytes stay as they came."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from json import JSONDecoder
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote_to_bytes

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.canonical.events import EventType
from connectors.contract import Envelope
from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import FieldError
from control_plane.api.strict import is_storable, read_json

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
LARGEST_BATCH: Final = 200

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = JSONDecoder()
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
        return [_structured(_text(body), now, "")]
    if kind == BATCH:
        return _batch(_text(body), now)
    if "ce-specversion" in request.headers:
        return [_binary(request.headers, kind, body, now)]
    detail = f"Send {STRUCTURED}, {BATCH}, or any content with ce- headers."
    raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def _batch(text: str, now: datetime) -> list[Envelope]:
    events = read_json(text.encode())
    if not isinstance(events, list) or not 0 < len(events) <= LARGEST_BATCH:
        raise ProblemError(_INVALID, "invalid", f"A batch is a list of 1 to {LARGEST_BATCH} events.")
    return [_structured(raw, now, f"/{place}") for place, raw in enumerate(_items(text))]


def _structured(text: str, now: datetime, place: str) -> Envelope:
    event = read_json(text.encode())
    if not isinstance(event, dict):
        raise ProblemError(_INVALID, "invalid", "An event is a JSON object.")
    attributes = _attributes(event, place)
    return _envelope(attributes, _data(event, _members(text), attributes.datacontenttype), now)


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


def _data(event: Mapping[str, Any], raw: Mapping[str, str], content_type: str) -> bytes:  # JSON values
    if ("data" in event) == ("data_base64" in event):
        raise ProblemError(_INVALID, "invalid", "An event carries `data` or `data_base64`.")
    if "data" in event:
        is_text = isinstance(event["data"], str) and not content_type.endswith("json")
        return event["data"].encode() if is_text else raw["data"].encode()
    try:
        return base64.b64decode(event["data_base64"], validate=True)
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
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unreadable_json", "The body is not JSON in UTF-8.") from error


def _header(value: str) -> str:
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unreadable_header", "A ce- header is not UTF-8.") from error
    if not is_storable(text):
        raise ProblemError(_INVALID, "unstorable_text", "A ce- header holds characters that cannot be stored.")
    return text


def _members(text: str) -> dict[str, str]:
    """Return the members of a valid JSON object as the texts that stand there."""
    found: dict[str, str] = {}
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        end = _DECODER.raw_decode(text, begin)[1]
        found[key] = text[begin:end]
        at = _next(text, end)
    return found


def _items(text: str) -> Iterator[str]:
    """Yield the items of a valid JSON array as the texts that stand there."""
    at = _skip(text, text.index("[") + 1)
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        yield text[at:end]
        at = _next(text, end)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _next(text: str, end: int) -> int:
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at
