"""The proxy reads HTTP messages to their last byte, however they end."""

import asyncio

import pytest

from connectors.twins.http_messages import read_request, read_response

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def reader(data: bytes) -> asyncio.StreamReader:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return stream


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
async def test_a_response_is_read_whole(data: bytes, body: bytes) -> None:
    response = await read_response(reader(data), "GET")

    assert (response.body, response.content) == (body, data)


async def test_a_response_to_head_has_no_body() -> None:
    response = await read_response(reader(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "HEAD")

    assert response.body == b""


@pytest.mark.parametrize(
    ("head", "ends"),
    [
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", True),
        (b"HTTP/1.0 200 OK\r\n", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", False),
    ],
)
async def test_a_response_says_whether_the_connection_ends(head: bytes, ends: bool) -> None:  # noqa: FBT001
    response = await read_response(reader(head + b"Content-Length: 0\r\n\r\n"), "GET")

    assert response.ends_connection is ends


async def test_a_request_tells_method_and_path() -> None:
    request = await read_request(reader(b"POST /v1/find?x=1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nok"))

    assert request is not None
    assert (request.method, request.path, request.body) == ("POST", "/v1/find", b"ok")


async def test_a_client_that_has_gone_sends_no_request() -> None:
    assert await read_request(reader(b"")) is None
    assert await read_request(reader(b"POST /half")) is None
