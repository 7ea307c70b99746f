import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import certifi
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connectors.exchange import Lost, NotSent, Reply
from connectors.http import HttpClient, UnusableUrlError, trust
from tests.connectors.raw_server import OK, Conversation, answer, raw_server

SOON = timedelta(seconds=5)
SHORT = timedelta(seconds=0.5)


async def close(conversation: Conversation) -> None:
    await conversation.read()


async def reset(conversation: Conversation) -> None:
    await conversation.read()
    conversation.reset()


async def drip(conversation: Conversation) -> None:
    await conversation.read()
    conversation.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
    for _ in range(50):
        conversation.writer.write(b".")
        await conversation.writer.drain()
        await asyncio.sleep(0.1)


async def hang(conversation: Conversation) -> None:
    await conversation.read()
    await asyncio.sleep(2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def recorded_spans(client: HttpClient) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    client._tracer = provider.get_tracer("test")
    yield exporter
    provider.shutdown()


async def test_an_answer_is_a_value_whatever_its_status() -> None:
    refusal = b'HTTP/1.1 422 Unprocessable\r\nX-Reason: Bad\r\nContent-Length: 2\r\n\r\n{"'
    async with raw_server(answer(refusal)) as server, HttpClient(server.url) as client:
        reply = await client.post("/documents?x=1", b"{}", deadline=SOON)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.headers["x-reason"], reply.body) == (422, "Bad", b'{"')
    assert server.requests[0].startswith(b"POST /documents?x=1 HTTP/1.1\r\n")


async def test_the_path_stands_below_the_path_of_the_base_url() -> None:
    async with raw_server(answer(OK)) as server, HttpClient(f"{server.url}/erp/") as client:
        await client.get("/v1/items", query={"since": "a b", "limit": 2}, deadline=SOON)
    assert server.requests[0].startswith(b"GET /erp/v1/items?since=a+b&limit=2 ")


@pytest.mark.parametrize("ending", [close, reset], ids=["closed (FIN)", "reset (RST)"])
async def test_a_connection_that_ends_after_the_request_was_read_is_lost(ending: object) -> None:
    async with raw_server(ending) as server, HttpClient(server.url) as client:  # type: ignore[arg-type]
        exchange = await client.post("/documents", b"{}", deadline=SOON)
    assert isinstance(exchange, Lost)
    assert len(server.requests) == 1


async def test_a_refused_port_proves_that_nothing_was_sent() -> None:
    async with HttpClient(f"http://127.0.0.1:{free_port()}") as client:
        assert isinstance(await client.post("/", b"{}", deadline=SOON), NotSent)


async def test_a_host_that_does_not_resolve_proves_that_nothing_was_sent() -> None:
    async with HttpClient("http://erp.invalid") as client:
        assert isinstance(await client.post("/", b"{}", deadline=timedelta(seconds=30)), NotSent)


async def test_a_failed_tls_handshake_proves_that_nothing_was_sent() -> None:
    async def not_tls(conversation: Conversation) -> None:
        await conversation.reader.read(1)
        conversation.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        raw_server(not_tls) as server,
        HttpClient(server.url.replace("http", "https")) as client,
    ):
        assert isinstance(await client.post("/", b"{}", deadline=SOON), NotSent)


def test_a_named_authority_stands_in_for_the_usual_ones(tmp_path: Path) -> None:
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    own = tmp_path / "authority.pem"
    own.write_text(first + end)
    assert len(trust(str(own), None).get_ca_certs()) == 1
    assert len(trust(None, None).get_ca_certs()) > 1


async def test_a_call_that_finds_no_free_connection_was_not_sent() -> None:
    async with raw_server(hang) as server, HttpClient(server.url, connections=1) as client:
        first = asyncio.create_task(client.post("/first", b"{}", deadline=timedelta(seconds=1)))
        await asyncio.sleep(0.05)
        second = await client.post("/second", b"{}", deadline=SHORT)
        assert isinstance(second, NotSent)
        assert isinstance(await first, Lost)
    assert [request.split()[1] for request in server.requests] == [b"/first"]


async def test_a_dripping_answer_ends_at_the_deadline_of_the_whole_call() -> None:
    async with raw_server(drip) as server, HttpClient(server.url) as client:
        begun = time.monotonic()
        exchange = await client.post("/documents", b"{}", deadline=SHORT)
        assert time.monotonic() - begun < 1.5
    assert exchange == Lost("TimeoutError")


async def test_a_truncated_answer_is_lost() -> None:
    truncated = b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"results": ['
    async with raw_server(answer(truncated)) as server, HttpClient(server.url) as client:
        assert isinstance(await client.post("/documents", b"{}", deadline=SOON), Lost)


async def test_an_answer_that_is_no_http_is_lost() -> None:
    async with raw_server(answer(b"220 mail.example ready\r\n\r\n")) as server, HttpClient(server.url) as client:
        assert isinstance(await client.post("/documents", b"{}", deadline=SOON), Lost)


async def test_an_answer_above_the_limit_is_lost() -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000
    async with (
        raw_server(answer(large)) as server,
        HttpClient(server.url, response_limit=1000) as client,
    ):
        exchange = await client.post("/documents", b"{}", deadline=SOON)
    assert exchange == Lost("status 200 with more than 1000 bytes")


async def test_a_post_is_not_sent_again_on_a_kept_connection_that_the_server_closes() -> None:
    async def one_answer_then_close(conversation: Conversation) -> None:
        await conversation.read()
        conversation.writer.write(OK)
        await conversation.read()

    async with raw_server(one_answer_then_close) as server, HttpClient(server.url) as client:
        assert isinstance(await client.post("/first", b"{}", deadline=SOON), Reply)
        assert isinstance(await client.post("/second", b"{}", deadline=SOON), Lost)
    assert len(server.requests) == 2
    assert server.connections == 1


async def test_a_kept_connection_that_was_closed_while_idle_is_replaced() -> None:
    async with raw_server(answer(OK)) as server, HttpClient(server.url) as client:
        assert isinstance(await client.post("/first", b"{}", deadline=SOON), Reply)
        await asyncio.sleep(0.1)
        assert isinstance(await client.post("/second", b"{}", deadline=SOON), Reply)
    assert len(server.requests) == 2


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(answer(redirect, OK)) as server, HttpClient(server.url) as client:
        reply = await client.get("/here", deadline=SOON)
    assert isinstance(reply, Reply)
    assert reply.status == 302
    assert len(server.requests) == 1


async def test_cookies_are_not_kept() -> None:
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 2\r\n\r\n{}"
    async with raw_server(answer(cookie, OK)) as server, HttpClient(server.url) as client:
        await client.get("/first", deadline=SOON)
        await client.get("/second", deadline=SOON)
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("path", ["//other.example/x", "http://other.example/x", "documents"])
async def test_a_path_that_leads_to_another_host_is_our_own_mistake(path: str) -> None:
    async with HttpClient("http://127.0.0.1:1") as client:
        with pytest.raises(UnusableUrlError):
            await client.get(path, deadline=SOON)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:80", "ftp://erp", "http://user:pass@erp", "http://erp/?key=1", "http://user:pass@erp:port"]
)
def test_a_connection_takes_only_a_plain_web_address(url: str) -> None:
    with pytest.raises(UnusableUrlError) as raised:
        HttpClient(url)
    assert "pass@" not in str(raised.value)


async def test_a_caller_that_gives_up_gets_its_cancellation() -> None:
    async with raw_server(hang) as server, HttpClient(server.url) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.post("/", b"{}", deadline=SOON), 0.2)


async def test_secrets_reach_neither_span_nor_log_nor_excerpt_nor_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cr3t/key"
    echo = f'{{"you sent": "{secret}"}}'.encode()
    reply = b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n%s" % (len(echo), echo)
    async with (
        raw_server(answer(reply)) as server,
        HttpClient(server.url, secrets=(secret,)) as client,
    ):
        with recorded_spans(client) as spans:
            exchange = await client.get(
                "/s3cr3t%2Fkey/x", query={"token": secret}, headers={"x-api-key": secret}, deadline=SOON
            )
        shown = repr(client) + repr(exchange) + caplog.text
        shown += "".join(span.to_json() for span in spans.get_finished_spans())
    assert isinstance(exchange, Reply)
    assert exchange.excerpt == '{"you sent": "[redacted]"}'
    assert secret not in shown
    assert "s3cr3t%2Fkey" not in shown
    assert secret.encode() in server.requests[0]


async def test_every_call_leaves_one_client_span() -> None:
    async with raw_server(answer(OK)) as server, HttpClient(server.url) as client:
        with recorded_spans(client) as spans:
            await client.get("/v1/items", query={"since": "1"}, deadline=SOON)
        (span,) = spans.get_finished_spans()
    assert span.name == "GET"
    assert span.kind.name == "CLIENT"
    assert span.attributes == {
        "http.request.method": "GET",
        "url.full": f"{server.url}/v1/items",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "http.response.status_code": 200,
    }


async def test_the_span_of_a_lost_call_names_the_cause() -> None:
    async with raw_server(close) as server, HttpClient(server.url) as client:
        with recorded_spans(client) as spans:
            await client.post("/v1/items", b"{}", deadline=SOON)
        (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ServerDisconnectedError"
    assert not span.status.is_ok
