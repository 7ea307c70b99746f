"""A client that sees the wire: what came, byte by byte, and how the connection ended."""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Seen:
    """What a client saw."""

    data: bytes
    end: str
    """`closed` by FIN, `reset` by RST, `silent` when nothing came in time, `open` when the answer was whole."""

    seconds: float

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1])

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        head = self.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        pairs = (each.partition(": ") for each in head)
        return next(value for key, _, value in pairs if key.lower() == name)


def ask(
    url: str,
    method: str = "GET",
    path: str = "/v1/status",
    body: object = None,
    wait: float = 3.0,
) -> Seen:
    """Send one request on a connection of its own and watch."""
    server = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: twin\r\nX-Api-Key: sandbox-key\r\nContent-Length: {len(content)}\r\n\r\n"
    began = time.monotonic()
    with socket.create_connection((server.hostname or "", server.port or 0), timeout=wait) as wire:
        wire.sendall(head.encode() + content)
        data, end = _watched(wire)
    return Seen(data, end, time.monotonic() - began)


def _watched(wire: socket.socket) -> tuple[bytes, str]:
    data = b""
    while not _is_whole(data):
        try:
            part = wire.recv(65536)
        except TimeoutError:
            return data, "silent"
        except ConnectionResetError:
            return data, "reset"
        if not part:
            return data, "closed"
        data += part
    return data, "open"


def _is_whole(data: bytes) -> bool:
    head, separator, body = data.partition(b"\r\n\r\n")
    for each in head.lower().split(b"\r\n"):
        if separator and each.startswith(b"content-length:"):
            return len(body) >= int(each.partition(b":")[2])
    return False
