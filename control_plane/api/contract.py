"""The API's own description: how every operation may refuse."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from control_plane.api.problem_json import MEDIA_TYPE
from control_plane.api.schemas import Problem

_SCHEMAS: Final = "#/components/schemas"

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {  # OpenAPI
    int(status): {
        "description": status.phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}/Problem"}}},
    }
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.PRECONDITION_REQUIRED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.INSUFFICIENT_STORAGE,
    )
}
"""How every operation may refuse."""


class DescribedApi(FastAPI):
    """An app whose contract names its problems."""

    def openapi(self) -> dict[str, Any]:
        """Return the contract as OpenAPI 3.1."""
        contract = super().openapi()
        problem = Problem.model_json_schema(ref_template=f"{_SCHEMAS}/{{model}}")
        contract["components"]["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
        return contract
