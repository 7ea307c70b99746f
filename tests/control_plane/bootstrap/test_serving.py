import asyncio
import socket

import pytest

from control_plane.bootstrap.serving import PortTakenError, address_of, listening, serve


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


async def test_a_server_serves_until_it_is_told_to_stop() -> None:
    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    wire, stop = listening("127.0.0.1", 0), asyncio.Event()
    wire_name = wire.getsockname()[:2]
    serving = asyncio.create_task(serve(app, wire, stop))  # type: ignore[arg-type]  # the least of an ASGI app
    reader, writer = await asyncio.open_connection(*wire_name)
    writer.write(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    stop.set()
    await asyncio.wait_for(serving, 10)

    assert answer.startswith(b"HTTP/1.1 204")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(wire_name, timeout=1)
