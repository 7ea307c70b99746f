"""The hand behind the sandbox ERP's curtain: its books, payments, settings and master data."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from pydantic.types import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.twins.answers import answer, json_object, refusal
from connectors.twins.erp.books import Books
from connectors.twins.erp.catalog import DOMAINS
from connectors.twins.erp.exports import books_csv, payments_csv
from connectors.twins.erp.finding import everything
from connectors.twins.erp.master_data import Item
from connectors.twins.erp.payments import pay, payments_after
from connectors.twins.erp.posting import settle
from connectors.twins.erp.settings import Settings
from connectors.twins.erp.wire import Payment
from connectors.twins.settings import patched


@dataclass(slots=True)
class State:
    """What a running sandbox ERP is made of; the settings may be exchanged."""

    books: Books
    settings: Settings


class _Payments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    payments: list[Payment]


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str | None = None
    active: bool | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class _Addition(_Change):
    code: str
    name: str
    company: str | None = None
    active: bool = True


Endpoint = Callable[[Request], Awaitable[Response]]


def routes(state: State) -> list[Route]:
    """Return the paths under /twin but those of the faults."""
    return [
        Route("/twin/ready", _ready),
        Route("/twin/books", _books(state)),
        Route("/twin/books.csv", _csv(state, books_csv)),
        Route("/twin/payments.csv", _csv(state, payments_csv)),
        Route("/twin/pay", _pay(state), methods=["POST"]),
        Route("/twin/settings", _settings(state), methods=["GET", "PATCH"]),
        Route("/twin/master-data/{domain}", _add(state), methods=["POST"]),
        Route("/twin/master-data/{domain}/{code}", _change(state), methods=["PATCH"]),
    ]


async def _ready(_: Request) -> Response:
    return answer({"ready": True})


def _books(state: State) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        settle(state.books, state.settings)
        return answer({"documents": everything(state.books), "payments": payments_after(state.books, 0)})

    return endpoint


def _csv(state: State, export: Callable[[Books], str]) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        settle(state.books, state.settings)
        return Response(export(state.books), media_type="text/csv")

    return endpoint


def _pay(state: State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        wishes = _Payments.model_validate(await json_object(request))
        settle(state.books, state.settings)
        return answer({"results": pay(state.books, wishes.payments)})

    return endpoint


def _settings(state: State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "PATCH":
            state.settings = patched(state.settings, await json_object(request))
        return answer(state.settings.model_dump(mode="json"))

    return endpoint


def _add(state: State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        domain = request.path_params["domain"]
        if domain not in DOMAINS:
            return refusal(404, "not_found", f"No domain {domain}")
        addition = _Addition.model_validate(await json_object(request))
        return answer(state.books.catalog.put(Item(domain, **addition.model_dump())).words())

    return endpoint


def _change(state: State) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        domain, code = request.path_params["domain"], request.path_params["code"]
        item = state.books.catalog.item(domain, code)
        if item is None:
            return refusal(404, "not_found", f"No {domain} {code}")
        change = _Change.model_validate(await json_object(request))
        return answer(state.books.catalog.change(item, change.model_dump(exclude_unset=True)).words())

    return endpoint
