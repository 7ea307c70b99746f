"""Every error in one form: RFC 9457 with a stable code and the request's id."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from control_plane.api.schemas import FieldError, MeanwhileView, Problem
from control_plane.store.troubles import DatabaseFullError, DatabaseTroubleError

LOG: Final = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 5
_LONGEST_DETAIL: Final = 500


class ProblemError(HTTPException):
    """A refusal with its own code."""

    def __init__(  # a problem has as many parts
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        meanwhile: Sequence[MeanwhileView] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code = code
        self.errors = list(errors)
        self.meanwhile = list(meanwhile)


def not_found() -> ProblemError:
    """Return the one answer for what does not exist and for what is not yours."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not_found", "There is no such thing, or it is not yours.")


def problem_response(request_id: str, path: str, error: ProblemError) -> Response:
    """Return a problem as a response."""
    status = HTTPStatus(error.status_code)
    problem = Problem(
        title=status.phrase,
        status=status,
        detail=error.detail[:_LONGEST_DETAIL],
        instance=path,
        code=error.code,
        request_id=request_id,
        errors=error.errors,
        meanwhile=error.meanwhile,
    )
    return Response(problem.model_dump_json(), status, error.headers, MEDIA_TYPE)


def unhandled() -> ProblemError:
    """Return what a caller is told about our own mistake: nothing but how to ask about it."""
    detail = "Something went wrong on our side. The request id names it in our logs."
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def add_problem_handlers(app: FastAPI) -> None:
    """Let the app answer every refusal, its own or the framework's, as a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DatabaseTroubleError, _troubled)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # starlette calls by type
    return _answer(request, error if isinstance(error, ProblemError) else _named(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # starlette calls by type
    errors = [_field_error(one) for one in error.errors()]
    detail = f"{len(errors)} field(s) are not valid."
    return _answer(request, ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=errors))


async def _troubled(request: Request, error: Exception) -> Response:
    LOG.warning("the database is in trouble", extra={"error": type(error).__name__})
    is_full = isinstance(error, DatabaseFullError)
    status = HTTPStatus.INSUFFICIENT_STORAGE if is_full else HTTPStatus.SERVICE_UNAVAILABLE
    detail = "The database cannot do it now. Nothing was accepted; try again later."
    headers = {"retry-after": str(RETRY_AFTER_SECONDS)}
    return _answer(request, ProblemError(status, "database_trouble", detail, headers=headers))


def _answer(request: Request, error: ProblemError) -> Response:
    return problem_response(request.scope.get("tieout.request_id", ""), request.url.path, error)


def _named(error: HTTPException) -> ProblemError:
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "_").replace("-", "_")
    return ProblemError(status, code, str(error.detail), headers=error.headers)


def _field_error(error: Mapping[str, Any]) -> FieldError:  # one of pydantic's error dictionaries
    place, *path = error["loc"]
    pointer = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return FieldError(pointer=f"#/{pointer}" if place == "body" else f"{place}/{pointer}", detail=error["msg"])
