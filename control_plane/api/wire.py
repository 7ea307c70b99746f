"""The wire of our own API: what is asked as a request, what is answered as its type, a refusal as an error."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from control_plane.api.schemas import Problem

A = TypeVar("A", bound=BaseModel)

FilterValue = str | int | bool | date | datetime | None
"""A filter that is None or empty is left out."""

_UNREACHABLE: Final = Problem(
    title="Tieout cannot be reached", status=HTTPStatus.SERVICE_UNAVAILABLE, code="unreachable", request_id=""
)


class ApiError(Exception):
    """The API refused; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


class Wire:
    """A connection to the API under one key. Every method raises ApiError when it is refused."""

    def __init__(
        self,
        base_url: str,
        key: str = "",
        *,
        timeout_seconds: float = 10,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=base_url, headers=headers, timeout=timeout_seconds, transport=transport, trust_env=False
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def get(self, model: type[A], path: str, **filters: FilterValue) -> A:
        """Ask a question."""
        return self._ask(model, self._http.build_request("GET", path, params=dict(_written(filters))))

    def act(self, model: type[A], path: str, revision: int, body: BaseModel | None = None) -> A:
        """Act on what was seen."""
        return self.send(model, path, body, {"if-match": f'"{revision}"'})

    def send(
        self, model: type[A], path: str, body: BaseModel | None = None, headers: Mapping[str, str] | None = None
    ) -> A:
        """Send something."""
        content = b"{}" if body is None else body.model_dump_json().encode()
        headers = {"content-type": "application/json", **(headers or {})}
        return self._ask(model, self._http.build_request("POST", path, content=content, headers=headers))

    def _ask(self, model: type[A], request: httpx.Request) -> A:
        try:
            response = self._http.send(request)
        except httpx.TransportError as error:
            raise ApiError(_UNREACHABLE) from error
        if response.is_success:
            return model.model_validate_json(response.content)
        raise ApiError(_problem_of(response))


def path(*parts: str) -> str:
    """Return the path of a resource; no part of it leads elsewhere."""
    return "/".join(("/v1", *(quote(part, safe="") for part in parts)))


def _written(filters: Mapping[str, FilterValue]) -> Iterator[tuple[str, str]]:
    for name, value in filters.items():
        match value:
            case None | "":
                continue
            case bool():
                yield name, str(value).lower()
            case date():
                yield name, value.isoformat()
            case _:
                yield name, str(value)


def _problem_of(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        title = f"Tieout answered {response.status_code}"
        return Problem(title=title, status=response.status_code, code="unreadable_answer", request_id="")
