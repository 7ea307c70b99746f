"""The expense platform as a server: the financial integration service, its tokens, its events."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final  # words of a JSON body

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.twins.answers import MalformedBodyError, answer
from connectors.twins.expense import admin
from connectors.twins.expense.acts import DOC_TYPES
from connectors.twins.expense.books import Books
from connectors.twins.expense.exact import exact_object
from connectors.twins.expense.fis import acknowledge, confirm_payments, confirm_postings
from connectors.twins.expense.paging import UnreadableQueryError, number_in, page_of, query_of
from connectors.twins.expense.settings import Settings
from connectors.twins.expense.tokens import Tokens, token_answer
from connectors.twins.fault_middleware import FaultMiddleware, fault_routes
from connectors.twins.faults import FaultScript
from connectors.twins.gate import Gate

TOKEN_PATH: Final = "/oauth2/v0/token"  # noqa: S105 - a path
FIS_PATH: Final = "/financialintegration/fi/v4/companies/transactiontypes/{doc_type}/transactions"
EVENTS_PATH: Final = "/v4/topics/{topic}/events"
TOPIC: Final = "financialintegration"
_OPEN: Final = (TOKEN_PATH, "/twin/")

Endpoint = Callable[[Request], Awaitable[Response]]
Confirm = Callable[[Books, str, str, Sequence[dict[str, Any]]], list[dict[str, Any]]]


class Bearer:
    """ASGI middleware that asks for a living token on all but the token endpoint and the admin paths."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or let the request through."""
        if scope["type"] == "http" and not scope["path"].startswith(_OPEN) and not self._fits(scope):
            refusal = told(401, "The access token is missing, expired or revoked")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _fits(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and self._tokens.fits(given[0].decode("latin-1"))


def create_app(
    books: Books,
    settings: Settings | None = None,
    faults: FaultScript | None = None,
) -> Starlette:
    """Return the expense platform over its books; its state is `app.state.twin`, its faults `app.state.faults`."""
    state = admin.State(books, settings or Settings(), Tokens(books.clock))
    script = faults or FaultScript()
    app = Starlette(
        routes=[*_routes(state), *admin.routes(state), *fault_routes(script)],
        middleware=[
            Middleware(Gate, pace=lambda: state.settings.pace),
            Middleware(FaultMiddleware, script=script),
            Middleware(Bearer, tokens=state.tokens),
        ],
        exception_handlers={
            MalformedBodyError: _bad,
            UnreadableQueryError: _bad,
            ValidationError: _bad,
            HTTPException: _http,
        },
    )
    app.state.twin = state
    app.state.faults = script
    return app


def told(status: int, message: str) -> Response:
    """Return an error in the contract's shape."""
    return answer({"message": message}, status=status)


def _routes(state: admin.State) -> list[Route]:
    return [
        Route(TOKEN_PATH, _token(state), methods=["POST"]),
        Route(FIS_PATH, _documents(state)),
        Route(f"{FIS_PATH}/acknowledgements", _acknowledgements(state), methods=["POST"]),
        Route(
            f"{FIS_PATH}/postingconfirmations",
            _confirmations(state, "postingConfirmations", confirm_postings),
            methods=["POST"],
        ),
        Route(
            f"{FIS_PATH}/paymentconfirmations",
            _confirmations(state, "processingConfirmation", confirm_payments),
            methods=["POST"],
        ),
        Route(EVENTS_PATH, _events(state)),
    ]


def _token(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await token_answer(request, state.settings, state.tokens)

    return endpoint


def _documents(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        query = query_of(
            _doc_type(request),
            request.query_params,
            is_text=request.headers.get("documentformatas", "json").lower() == "text",
            page_limit=state.settings.page_limit,
            renamed=state.settings.renamed_fields,
        )
        return answer(page_of(state.books, query, str(request.url).partition("?")[0]))

    return endpoint


def _acknowledgements(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        doc_type, body = _doc_type(request), exact_object(await request.body())
        ids = body.get("ids")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            return told(400, "`ids` must be a list of document ids")
        return answer(acknowledge(state.books, doc_type, _system_id(body), ids))

    return endpoint


def _confirmations(state: admin.State, key: str, confirm: Confirm) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        doc_type, body = _doc_type(request), exact_object(await request.body())
        items = body.get(key)
        if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
            return told(400, f"`{key}` must be a list of confirmations")
        return answer(confirm(state.books, doc_type, _system_id(body), items))

    return endpoint


def _events(state: admin.State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.path_params["topic"] != TOPIC:
            raise HTTPException(404)
        query = request.query_params
        after, limit = number_in(query, "after", 0, least=0), number_in(query, "limit", 200, least=1)
        size = min(limit, state.settings.page_limit)
        events = state.books.events_after(after, query.get("eventType", ""), size + 1)
        page = [_event(state, event) for event in events[:size]]
        last = page[-1]["id"] if page else str(after)
        return answer({"events": page, "last": last, "more": len(events) > size})

    return endpoint


def _event(state: admin.State, event: dict[str, Any]) -> dict[str, Any]:
    key = {"expense": "reportId", "cashadvance": "cashAdvanceId", "invoice": "InvoiceRequestId"}
    facts = {
        key.get(event["doc_type"], "businessId"): event["business_id"],
        "companyId": state.settings.company_id,
        "docId": event["doc_id"],
        "docType": event["doc_type"],
        "revisionNumber": str(event["revision"]),
    }
    return {
        "id": str(event["id"]),
        "topic": TOPIC,
        "subtopic": event["doc_type"],
        "eventType": event["event_type"],
        "correlationId": event["doc_id"],
        "timeStamp": event["at"],
        "facts": facts,
    }


def _doc_type(request: Request) -> str:
    doc_type: str = request.path_params["doc_type"]
    if doc_type not in DOC_TYPES:
        raise UnreadableQueryError(f"{doc_type} is no type of document")
    return doc_type


def _system_id(body: dict[str, Any]) -> str:
    system_id = body.get("systemId")
    if system_id is not None and not isinstance(system_id, str):
        raise MalformedBodyError("`systemId` must be text")
    return system_id or ""


async def _bad(_: Request, error: Exception) -> Response:
    return told(400, str(error))


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return told(status, {404: "Not Found", 405: "Method Not Allowed"}.get(status, "Failed"))
