"""What the twins say over HTTP: JSON by orjson, errors in one shape."""

from collections.abc import Mapping
from typing import Any  # a JSON value may be anything

import orjson
from starlette.requests import Request
from starlette.responses import Response


class MalformedBodyError(ValueError):
    """The body of a request is not the JSON object that was asked for."""


def answer(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def refusal(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response that refuses the whole request, with a stable code and a sentence."""
    return answer({"error": {"code": code, "message": message}}, status=status, headers=headers)


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body as an object; an empty body is an empty object.

    Raises:
        MalformedBodyError: the body is not JSON or not an object.
    """
    body = await request.body()
    if not body:
        return {}
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBodyError(f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise MalformedBodyError("The body is not a JSON object")
    return content
