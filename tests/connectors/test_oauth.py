import asyncio
from datetime import timedelta

import orjson
import pytest

from connectors.exchange import Exchange, NotSent, Reply
from connectors.http import HttpClient
from connectors.oauth import ClientCredentials
from tests.connectors.raw_server import OK, Conversation, Play, RawServer, answer, raw_server

SOON = timedelta(seconds=5)
SECRET = "client-secret-1"


def granted(token: str, expires_in: object = 3600) -> bytes:
    body = orjson.dumps({"access_token": token, "token_type": "Bearer", "expires_in": expires_in})
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def refused(status: int) -> bytes:
    return b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\n{}" % status


def auth_at(tokens: RawServer) -> ClientCredentials:
    return ClientCredentials(f"{tokens.url}/oauth2/v0/token", "client-1", SECRET, scope="reports")


def bearers(api: RawServer) -> list[bytes]:
    lines = (line for request in api.requests for line in request.split(b"\r\n"))
    return [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"authorization:")]


async def call_once(play: Play) -> tuple[Exchange, list[bytes]]:
    """Return the exchange, and what reached the API, with this play at the token endpoint."""
    async with raw_server(play) as tokens, raw_server(answer(OK)) as api, HttpClient(api.url) as client:
        exchange = await client.post("/documents", b"{}", auth=auth_at(tokens), deadline=SOON)
    return exchange, api.requests


async def test_one_token_serves_many_calls() -> None:
    async with (
        raw_server(answer(granted("one"))) as tokens,
        raw_server(answer(*[OK] * 9)) as api,
        HttpClient(api.url) as client,
    ):
        auth = auth_at(tokens)
        calls = [client.get("/items", auth=auth, deadline=SOON) for _ in range(9)]
        exchanges = await asyncio.gather(*calls)
    assert all(isinstance(exchange, Reply) for exchange in exchanges)
    assert bearers(api) == [b"Bearer one"] * 9
    (asked,) = tokens.requests
    assert asked.startswith(b"POST /oauth2/v0/token ")
    assert asked.endswith(
        b"grant_type=client_credentials&client_id=client-1&client_secret=client-secret-1&scope=reports"
    )


async def test_a_token_near_its_end_is_renewed_first() -> None:
    async with (
        raw_server(answer(granted("one", 20), granted("two", "3600"))) as tokens,
        raw_server(answer(OK, OK, OK)) as api,
        HttpClient(api.url) as client,
    ):
        auth = auth_at(tokens)
        for _ in range(3):
            await client.get("/items", auth=auth, deadline=SOON)
    assert bearers(api) == [b"Bearer one", b"Bearer two", b"Bearer two"]


async def test_a_refused_token_is_an_answer_and_the_next_call_fetches_another() -> None:
    async with (
        raw_server(answer(granted("one"), granted("two"))) as tokens,
        raw_server(answer(refused(401), OK)) as api,
        HttpClient(api.url) as client,
    ):
        auth = auth_at(tokens)
        first = await client.post("/documents", b"{}", auth=auth, deadline=SOON)
        await client.post("/documents", b"{}", auth=auth, deadline=SOON)
    assert isinstance(first, Reply)
    assert first.status == 401
    assert bearers(api) == [b"Bearer one", b"Bearer two"]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_client_credentials_send_nothing(status: int) -> None:
    exchange, reached = await call_once(answer(refused(status)))
    assert exchange == NotSent(f"the token endpoint answered {status}", code="credentials_refused")
    assert not reached


@pytest.mark.parametrize(
    "broken",
    [
        refused(503),
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{",
        b"",
    ],
    ids=["503", "HTML", "no token", "truncated", "closed"],
)
async def test_a_token_endpoint_that_gives_no_token_proves_that_nothing_was_sent(broken: bytes) -> None:
    exchange, reached = await call_once(answer(broken))
    assert isinstance(exchange, NotSent)
    assert exchange.code == "connection_refused"
    assert not reached


async def test_a_token_endpoint_that_hangs_past_the_deadline_proves_that_nothing_was_sent() -> None:
    async def hang(conversation: Conversation) -> None:
        await conversation.read()
        await asyncio.sleep(1)

    async with raw_server(hang) as tokens, raw_server(answer(OK)) as api, HttpClient(api.url) as client:
        exchange = await client.post("/documents", b"{}", auth=auth_at(tokens), deadline=timedelta(seconds=0.3))
    assert exchange == NotSent("TimeoutError")
    assert not api.requests


def test_credentials_are_not_shown() -> None:
    assert SECRET not in repr(ClientCredentials("https://erp.example/token", "client-1", SECRET))
