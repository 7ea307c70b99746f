"""The hand behind the twins' curtain: it approves, recalls and pays there, and reads their books."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from connectors.twins.expense.exact import exact_bytes

Words = dict[str, Any]  # JSON
_TIMEOUT: Final = 60.0
_IDLE: Final = 2.0
"""Seconds after which the other side may have closed the connection."""
_FINE: Final = 200


class OutsideError(Exception):
    """A system of the proof refuses or does not answer."""


class Hand:
    """One system's admin paths over one kept connection; not for several threads."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self._http = HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT)
        self._used_at = 0.0
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    def get(self, path: str, **query: str | int) -> Words:
        """Return what stands under a path.

        Raises:
            OutsideError: the system refuses or does not answer.
        """
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, b"")

    def post(self, path: str, body: object) -> Words:
        """Do something there; exact decimals keep their digits. Raises OutsideError."""
        return self._ask("POST", path, exact_bytes(body))

    def post_form(self, path: str, form: Mapping[str, str]) -> Words:
        """Do something there by a form. Raises OutsideError."""
        return self._ask("POST", path, urlencode(form).encode())

    def patch(self, path: str, body: object) -> Words:
        """Change something there. Raises OutsideError."""
        return self._ask("PATCH", path, exact_bytes(body))

    def put(self, path: str, body: object) -> Words:
        """Replace something there. Raises OutsideError."""
        return self._ask("PUT", path, exact_bytes(body))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, body: bytes) -> Words:
        if time.monotonic() - self._used_at > _IDLE:
            self._http.close()
        try:
            self._http.request(method, path, body, self._headers)
            answer = self._http.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            self._http.close()
            raise OutsideError(f"{self.url} does not answer {method} {path}: {error}") from error
        self._used_at = time.monotonic()
        if answer.status != _FINE:
            said = content[:300].decode(errors="replace")
            raise OutsideError(f"{self.url} answers {method} {path} with {answer.status}: {said}")
        words: Words = json.loads(content)
        return words


@contextmanager
def hand(url: str, headers: Mapping[str, str] | None = None) -> Iterator[Hand]:
    """Give the hand behind one system."""
    reached = Hand(url, headers)
    try:
        yield reached
    finally:
        reached.close()
