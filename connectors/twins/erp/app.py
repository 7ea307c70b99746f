"""The sandbox ERP as a server: its paths, its key, its envelope."""

from collections.abc import Awaitable, Callable
from datetime import MAXYEAR
from typing import Any, Final  # words of a JSON body

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.twins.answers import MalformedBodyError, answer, json_object, refusal
from connectors.twins.erp import admin
from connectors.twins.erp.books import Books
from connectors.twins.erp.catalog import DOMAINS, UnreadableCursorError, cursor_after, since_of
from connectors.twins.erp.finding import Key, described, document_by_number, find
from connectors.twins.erp.payments import payments_after
from connectors.twins.erp.posting import Result, post, reverse, settle
from connectors.twins.erp.settings import Settings
from connectors.twins.erp.wire import Lookup
from connectors.twins.fault_middleware import FaultMiddleware, fault_routes
from connectors.twins.faults import FaultScript
from connectors.twins.gate import Gate

MOST_KEYS: Final = 500
MOST_ITEMS: Final = 1000
MOST_DIGITS: Final = 18
VERSION: Final = "1"

_REFUSALS: Final = {
    404: ("not_found", "No such path"),
    405: ("method_not_allowed", "No such method on this path"),
}

Poster = Callable[[Books, Settings, list[object]], list[Result]]
Endpoint = Callable[[Request], Awaitable[Response]]


class ApiKey:
    """ASGI middleware that asks for the key on everything under /v1."""

    def __init__(self, app: ASGIApp, state: admin.State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or let the request through."""
        if scope["type"] == "http" and scope["path"].startswith("/v1") and not self._fits(scope):
            await refusal(401, "unauthorized", "X-Api-Key is missing or wrong")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _fits(self, scope: Scope) -> bool:
        expected = self._state.settings.api_key.encode()
        return any(name == b"x-api-key" and value == expected for name, value in scope["headers"])


def create_app(
    books: Books,
    settings: Settings | None = None,
    faults: FaultScript | None = None,
) -> Starlette:
    """Return the sandbox ERP over its books; its state is `app.state.twin`, its faults `app.state.faults`."""
    state = admin.State(books, settings or Settings())
    script = faults or FaultScript()
    app = Starlette(
        routes=[*_routes(state), *admin.routes(state), *fault_routes(script)],
        middleware=[
            Middleware(Gate, pace=lambda: state.settings.pace),
            Middleware(FaultMiddleware, script=script),
            Middleware(ApiKey, state=state),
        ],
        exception_handlers={MalformedBodyError: _malformed, ValidationError: _invalid, HTTPException: _http},
    )
    app.state.twin = state
    app.state.faults = script
    return app


def _routes(state: admin.State) -> list[Route]:
    return [
        Route("/v1/status", _status(state)),
        Route("/v1/documents", _batch(state, "documents", post), methods=["POST"]),
        Route("/v1/documents/find", _find(state), methods=["POST"]),
        Route("/v1/documents/reverse", _batch(state, "reversals", reverse), methods=["POST"]),
        Route("/v1/documents/{company}/{fiscal_year:int}/{number}", _document(state)),
        Route("/v1/payments", _payments(state)),
        Route("/v1/master-data/{domain}", _master_data(state)),
    ]


def _status(state: admin.State) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        shown = state.settings.model_dump(include={"batch_limit", "dedupe", "searchable", "visibility_seconds"})
        return answer({"system": "sandbox-erp", "version": VERSION, **shown})

    return endpoint


def _batch(state: admin.State, key: str, poster: Poster) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = await json_object(request)
        batch = body.get(key)
        if set(body) != {key} or not isinstance(batch, list):
            return refusal(422, "invalid", f'The body is {{"{key}": [...]}}')
        if len(batch) > state.settings.batch_limit:
            return refusal(413, "batch_too_large", f"At most {state.settings.batch_limit} at once")
        return _batch_answer(poster(state.books, state.settings, batch))

    return endpoint


def _batch_answer(results: list[Result]) -> Response:
    if not results or any(result["status"] != "duplicate" for result in results):
        return answer({"results": results})
    only = results[0] if len(results) == 1 else {}
    headers = {"Location": _path_of(only)} if "number" in only else None
    return answer({"results": results}, status=409, headers=headers)


def _path_of(result: Result) -> str:
    return f"/v1/documents/{result['company']}/{result['fiscal_year']}/{result['number']}"


def _find(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        lookup = Lookup.model_validate(await json_object(request))
        if not state.settings.searchable:
            return refusal(501, "not_searchable", "This ERP has no search")
        if len(lookup.keys) > MOST_KEYS:
            return refusal(413, "batch_too_large", f"At most {MOST_KEYS} keys at once")
        settle(state.books, state.settings)
        by = Key.REFERENCE if lookup.references is not None else Key.SOURCE_DOCUMENT
        return answer({"documents": [_public(words) for words in find(state.books, by, lookup.keys)]})

    return endpoint


def _public(words: Result) -> Result:
    return {key: value for key, value in words.items() if key not in ("kind", "reverses")}


def _document(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        path = request.path_params
        year = min(path["fiscal_year"], MAXYEAR)
        found = document_by_number(state.books, path["company"], year, path["number"])
        if found is None or found.visible_at > state.books.clock().timestamp():
            return refusal(404, "not_found", "No such document")
        words = described(state.books, [found])[0]
        return answer(words if words["kind"] == "reversal" else _public(words))

    return endpoint


def _payments(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        since, limit = _number(request, "since", 0), _limit(request)
        if since is None or limit is None:
            return refusal(400, "malformed", "`since` or `limit` cannot be read")
        payments = payments_after(state.books, since, limit + 1)
        page = payments[:limit]
        last = page[-1]["id"] if page else since
        return answer({"payments": page, "last": last, "more": len(payments) > limit})

    return endpoint


def _master_data(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        domain, query, limit = request.path_params["domain"], request.query_params, _limit(request)
        if domain not in DOMAINS:
            return refusal(404, "not_found", f"No domain {domain}")
        if limit is None:
            return refusal(400, "malformed", "`limit` cannot be read")
        try:
            since = since_of(query.get("cursor"), query.get("since"))
        except UnreadableCursorError as error:
            return refusal(400, "malformed", str(error))
        return answer(_page(state, domain, since, limit))

    return endpoint


def _page(state: admin.State, domain: str, since: str, limit: int) -> dict[str, Any]:
    records, more = state.books.catalog.page(domain, since, limit)
    return {
        "items": [record.words() for record in records],
        "next_cursor": cursor_after(records[-1]) if more else None,
        "watermark": records[-1].modified_at if records else since or None,
    }


def _limit(request: Request) -> int | None:
    limit = _number(request, "limit", 200)
    return limit if limit is not None and 1 <= limit <= MOST_ITEMS else None


def _number(request: Request, name: str, default: int) -> int | None:
    text = request.query_params.get(name, str(default))
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


async def _malformed(_: Request, error: Exception) -> Response:
    return refusal(400, "malformed", str(error))


async def _invalid(_: Request, error: Exception) -> Response:
    first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else {"loc": (), "msg": ""}
    return refusal(422, "invalid", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, message = _REFUSALS.get(status, ("failed", "The request failed"))
    return refusal(status, code, message)
