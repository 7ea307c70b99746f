"""The peers' call to the ERP: httpx as it is documented, with a pool small enough to be fast."""

from http import HTTPStatus
from typing import Final

import httpx

from bench.peers.records import State

CONNECTIONS: Final = 8
"""What httpx spends on its pool grows with the square of its size: a larger one is slower."""
CONCURRENCY: Final = 16
"""Expenses in work at the same time."""
_DEADLINE_SECONDS: Final = 10.0


class AwayError(Exception):
    """The ERP is away for the moment; the call may be made again."""


def client(url: str) -> httpx.AsyncClient:
    """Return the client that all work shares."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=url, limits=limits, timeout=_DEADLINE_SECONDS)


async def post(http: httpx.AsyncClient, body: bytes) -> tuple[State, str]:
    """Return what became of a document, with its number. Raises AwayError: 503."""
    headers = {"x-api-key": "sandbox-key", "content-type": "application/json"}
    answer = await http.post("/v1/documents", content=body, headers=headers)
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise AwayError
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return State.REFUSED, ""
    result = answer.raise_for_status().json()["results"][0]
    return State.BOOKED, result["number"]
