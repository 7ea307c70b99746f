"""The hand behind the expense platform's curtain: what employees and processors do, and the books."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any  # words of a JSON body

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.twins.answers import answer, json_object, refusal
from connectors.twins.expense.acts import recall, release, submit
from connectors.twins.expense.books import Books
from connectors.twins.expense.exact import exact_bytes, exact_object
from connectors.twins.expense.exports import books_csv, books_json
from connectors.twins.expense.settings import Settings
from connectors.twins.expense.tokens import Tokens
from connectors.twins.settings import patched


@dataclass(slots=True)
class State:
    """What a running expense platform is made of; the settings may be exchanged."""

    books: Books
    settings: Settings
    tokens: Tokens


Endpoint = Callable[[Request], Awaitable[Response]]
Act = Callable[[Books, Sequence[object]], list[dict[str, Any]]]


def routes(state: State) -> list[Route]:
    """Return the paths under /twin but those of the faults."""
    return [
        Route("/twin/ready", _ready),
        Route("/twin/books", _books(state)),
        Route("/twin/books.csv", _csv(state)),
        Route("/twin/documents", _act(state, "fIDocuments", submit), methods=["POST"]),
        Route("/twin/recall", _act(state, "ids", recall), methods=["POST"]),
        Route("/twin/release", _act(state, "ids", release), methods=["POST"]),
        Route("/twin/settings", _settings(state), methods=["GET", "PATCH"]),
        Route("/twin/tokens", _revoke(state), methods=["DELETE"]),
    ]


async def _ready(_: Request) -> Response:
    return answer({"ready": True})


def _books(state: State) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        return Response(exact_bytes(books_json(state.books)), media_type="application/json")

    return endpoint


def _csv(state: State) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        return Response(books_csv(state.books), media_type="text/csv")

    return endpoint


def _act(state: State, key: str, act: Act) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        items = exact_object(await request.body()).get(key)
        if not isinstance(items, list):
            return refusal(422, "invalid", f'The body is {{"{key}": [...]}}')
        return answer({"results": act(state.books, items)})

    return endpoint


def _settings(state: State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "PATCH":
            state.settings = patched(state.settings, await json_object(request))
        return answer(state.settings.model_dump(mode="json"))

    return endpoint


def _revoke(state: State) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        return answer({"revoked": state.tokens.revoke()})

    return endpoint
