import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from control_plane.bootstrap.serving import HEAD_LIMIT, PortTakenError, address_of, listening, serve


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"Port {port} is taken; choose another with --port, or 0 for any"):
            listening("127.0.0.1", port)


def test_a_host_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(PortTakenError, match=r"cannot be opened on 192\.0\.2\.1"):
        listening("192.0.2.1", 0)


def test_the_address_is_one_that_people_can_open() -> None:
    with listening("0.0.0.0", 0) as everywhere:
        assert address_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"


async def nothing(scope: dict[str, object], receive: object, send: object) -> None:
    assert callable(send)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[str, int]]:
    wire, stop = listening("127.0.0.1", 0), asyncio.Event()
    where = wire.getsockname()[:2]
    server = asyncio.create_task(serve(nothing, wire, stop))  # type: ignore[arg-type]  # the least of an ASGI app
    yield where
    stop.set()
    await asyncio.wait_for(server, 10)


async def answer_to(where: tuple[str, int], *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*where)
    for piece in pieces:
        writer.write(piece)
        with suppress(ConnectionError):
            await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_server_serves_until_it_is_told_to_stop() -> None:
    async with serving() as where:
        answer = await answer_to(where, b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 204")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where, timeout=1)


@pytest.mark.parametrize("beginning", [b"GET /", b"GET / HTTP/1.1\r\nx-long: "], ids=["in the line", "in a header"])
async def test_a_head_without_an_end_is_cut_off(beginning: bytes) -> None:
    async with serving() as where:
        answer = await answer_to(where, beginning, *[b"a" * 2**14] * (HEAD_LIMIT // 2**14 + 1))

    assert b"HTTP/1.1 431" in answer


async def test_what_is_no_http_is_refused() -> None:
    async with serving() as where:
        assert (await answer_to(where, b"EHLO here\r\n\r\n")).startswith(b"HTTP/1.1 400")
