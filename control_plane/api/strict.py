"""Reading requests strictly: what is ambiguous or cannot be stored is refused before anything sees it."""

import json
import math
import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final, NoReturn

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import FieldError

_JSON: Final = "application/json"
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_BAD: Final = HTTPStatus.BAD_REQUEST
_INVALID: Final = HTTPStatus.UNPROCESSABLE_ENTITY


class StrictRequest(Request):
    """A request whose JSON has one meaning only."""

    async def json(self) -> Any:  # any JSON value
        """Return the body's value.

        Raises:
            ProblemError: it is not JSON, is ambiguous, or holds what cannot be stored.
        """
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route that refuses unknown and repeated parameters and bodies of another kind."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the checks in front of it."""
        handle = super().get_route_handler()
        known = frozenset(_query_names(self.dependant))
        takes_json = self.body_field is not None

        async def strictly(request: Request) -> Response:
            check_query(request.query_params.multi_items(), known)
            if takes_json:
                check_content_type(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


class BareRoute(StrictRoute):
    """A route whose endpoint gets the bare request and gives the response: FastAPI only describes it.

    Solving what an endpoint asks for costs more than taking over an event. What the route names under
    `dependencies` is for its description; the endpoint sees to it itself.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request in the endpoint's own way."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        check_query(request.query_params.multi_items(), frozenset())
        response: Response = await self.endpoint(request)
        await response(scope, receive, send)


def check_query(items: Sequence[tuple[str, str]], known: frozenset[str]) -> None:
    """Return quietly if every parameter is known, comes once and can be stored.

    Raises:
        ProblemError: 400 for an unknown or repeated one, 422 for text that no database stores.
    """
    seen: set[str] = set()
    for name, value in items:
        if name not in known:
            _refuse_parameter(_BAD, "unknown_parameter", name, f"Known are: {', '.join(sorted(known)) or 'none'}.")
        if name in seen:
            _refuse_parameter(_BAD, "repeated_parameter", name, "It may come once.")
        if not is_storable(value):
            _refuse_parameter(_INVALID, "unstorable_text", name, "It holds characters that cannot be stored.")
        seen.add(name)


def check_content_type(request: Request) -> None:
    """Return quietly if the body, if any, says that it is JSON and nothing encodes it.

    Raises:
        ProblemError: 415.
    """
    kind = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity")
    if kind != _JSON or encoding != "identity":
        detail = f"Send {_JSON} without a content encoding."
        headers = {"accept": _JSON}
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail, headers=headers)


def read_json(body: bytes) -> Any:  # any JSON value
    """Return the value of a JSON text that has one meaning only.

    Raises:
        ProblemError: 400 where it is not JSON or repeats a key, 422 where a number or a text cannot be stored.
    """
    try:
        text = body.decode()
        value = STRICT.decode(text)
    except (ValueError, RecursionError) as error:
        raise unreadable() from error
    check_storable(text, value)
    return value


def unreadable() -> ProblemError:
    """Return the refusal of a body that is no JSON."""
    return ProblemError(_BAD, "unreadable_json", "The body is not JSON in UTF-8.")


def repeated_key() -> ProblemError:
    """Return the refusal of an object that can be read in two ways."""
    return ProblemError(_BAD, "repeated_key", "An object of the body names a key twice.")


def check_storable(text: str, value: object) -> None:
    """Return quietly if every database can hold the texts of a JSON value that stands in this text.

    UTF-8 and JSON let what cannot be stored in only by an escape; without one nothing has to be looked at.

    Raises:
        ProblemError: 422.
    """
    if "\\u" in text and not all(is_storable(each) for each in _texts(value)):
        raise ProblemError(_INVALID, "unstorable_text", "The body holds characters that cannot be stored.")


def is_storable(text: str) -> bool:
    """Return whether every database can hold the text: no U+0000, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # a JSON object's members
    members = dict(pairs)
    if len(members) != len(pairs):
        raise repeated_key()
    return members


def _finite_float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise ProblemError(_INVALID, "not_a_number", f"{text[:20]} is not a number that can be stored.")


STRICT: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite_float, parse_constant=_refuse_number)
"""Reads JSON that has one meaning only: no key twice, no number that is none."""


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as members:
                waiting += [*members.keys(), *members.values()]
            case list() as items:
                waiting += items
            case _:
                continue


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield field.alias
    for part in dependant.dependencies:
        yield from _query_names(part)


def _refuse_parameter(status: HTTPStatus, code: str, name: str, detail: str) -> NoReturn:
    shown = name[:50] if is_storable(name) else "?"
    raise ProblemError(status, code, detail, errors=[FieldError(pointer=f"query/{shown}", detail=detail)])
