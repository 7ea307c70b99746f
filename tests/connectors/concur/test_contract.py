"""Our requests satisfy the vendor's published contract; it is not ours to keep in the project."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.contract import ConfirmationKind, Page
from connectors.twins.expense.app import create_app
from connectors.twins.expense.books import Books
from connectors.twins.expense.settings import Settings
from connectors.twins.running import running_in_thread
from tests.connectors.concur.conversation import confirmation
from tests.connectors.concur.documents import a_cash_advance, an_expense
from tests.connectors.concur.running_platform import SECRET, Platform, source_at

REFERENCE_DATA = os.environ.get("TIEOUT_REFERENCE_DATA", "")
CONTRACT = Path(REFERENCE_DATA, "contracts/concur/FinancialIntegrationService.swagger2.json")
PREFIX = "/financialintegration"
"""Where the service stands on the platform; the contract begins behind it."""

pytestmark = pytest.mark.skipif(
    not (REFERENCE_DATA and CONTRACT.exists()), reason="TIEOUT_REFERENCE_DATA names no folder with the public contract"
)


@dataclass
class Recorder:
    """ASGI middleware that keeps what was said in both directions."""

    app: ASGIApp
    said: list[tuple[MockRequest, MockResponse]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, answered = bytearray(), bytearray()
        status = 0

        async def hear() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            is_whole = message["type"] == "http.response.body" and not message.get("more_body")
            if is_whole and scope["path"].startswith(PREFIX):
                self.said.append((request_of(scope, bytes(asked)), MockResponse(bytes(answered), status)))
            await send(message)

        await self.app(scope, hear, tell)


def request_of(scope: Scope, body: bytes) -> MockRequest:
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    query = dict(pair.split("=") for pair in scope["query_string"].decode().split("&") if pair)
    return MockRequest(
        "https://platform.example",
        scope["method"].lower(),
        scope["path"].removeprefix(PREFIX),
        args=query,
        headers=headers,
        data=body or None,
        content_type=headers.get("content-type", "application/json"),
    )


def contract() -> OpenAPI:
    """Return the contract with our server; its generator lists the acknowledgement's body a second time as a query."""
    published: dict[str, Any] = json.loads(CONTRACT.read_bytes())
    published["servers"] = [{"url": "https://platform.example"}]
    for path in published["paths"].values():
        for operation in path.values():
            kept = [each for each in operation["parameters"] if each["name"] != "acknowledgeRequest"]
            operation["parameters"] = kept
    return OpenAPI.from_dict(published, config=Config(spec_validator_cls=None))


@pytest.fixture
async def recorder() -> AsyncIterator[tuple[Platform, Recorder]]:
    recorder = Recorder(create_app(Books(is_durable=False), Settings(client_secret=SECRET)))
    with running_in_thread(recorder) as twin:
        yield Platform(twin.url), recorder


async def test_everything_we_ask_and_tell_satisfies_the_contract(recorder: tuple[Platform, Recorder]) -> None:
    platform, kept = recorder
    await platform.approve(*[an_expense() for _ in range(4)], a_cash_advance())
    kinds = list(ConfirmationKind)
    async with source_at(platform.url, page_size="3") as source:
        for stream in source.streams:
            page = await source.pull(stream, "", 25)
            assert isinstance(page, Page)
            ids = [envelope.id for envelope in page.envelopes]
            await source.acknowledge(ids)
            await source.confirm([confirmation(each, kind, message="Why.") for each in ids for kind in kinds])
    checked = contract()
    for request, response in kept.said:
        assert checked.unmarshal_request(request).errors == []
        assert checked.unmarshal_response(request, response).errors == []
    asked = {(request.method, urlsplit(request.path).path.rpartition("/")[2]) for request, _ in kept.said}
    assert asked == {
        ("get", "transactions"),
        ("post", "acknowledgements"),
        ("post", "postingconfirmations"),
        ("post", "paymentconfirmations"),
    }


async def test_the_body_of_an_acknowledgement_is_what_the_contract_asks_for(
    recorder: tuple[Platform, Recorder],
) -> None:
    platform, kept = recorder
    (doc_id,) = await platform.approve(an_expense())
    async with source_at(platform.url) as source:
        await source.acknowledge([doc_id])
    ((request, _),) = kept.said
    assert json.loads(request.body or b"") == {"systemId": "tieout", "ids": [doc_id]}
    assert dict(request.parameters.header)["authorization"].startswith("Bearer ")
