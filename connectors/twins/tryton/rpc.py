"""The twin's own way to speak with its Tryton: JSON-RPC over a kept connection, standard library only."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from http.client import HTTPConnection, HTTPResponse
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

TIMEOUT: Final = 120.0
"""Seconds: the set-up creates hundreds of records in one call."""

Values = dict[str, Any]  # a Tryton record as JSON-RPC carries it


class TrytonRefusedError(RuntimeError):
    """Tryton answered a call of the twin with an error; the arguments are Tryton's own."""


class Rpc:
    """A signed-in user's calls. Not for several threads: each takes its own."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Sign in at an address that ends with the database. Raises OSError where nothing listens."""
        address = urlsplit(url)
        self._http = HTTPConnection(address.netloc, timeout=TIMEOUT)
        self._path = f"{address.path}/rpc/"
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        uid, token, *_ = self._send("common.db.login", [user, {"password": password}])
        self.session = base64.b64encode(f"{user}:{uid}:{token}".encode()).decode()
        """What signs every call; a later sign-in can be spared with it."""
        self._headers["Authorization"] = f"Session {self.session}"
        self._context: Values = {"language": "en", "active_test": False}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._http.close()

    def within(self, companies: Sequence[int]) -> None:
        """Speak for these companies from now on; the first is the one that new records belong to."""
        self._context |= {"company": companies[0], "companies": list(companies)} if companies else {}

    def call(self, method: str, *params: Any, **context: Any) -> Any:  # Tryton's own values
        """Return the result of a method such as `model.party.party.create`.

        Raises:
            TrytonRefusedError: Tryton answered with an error.
        """
        return self._send(method, [*params, self._context | context])

    def create(self, model: str, records: Sequence[Values], **context: Any) -> list[int]:
        """Create records and return their ids in order."""
        ids: list[int] = self.call(f"model.{model}.create", list(records), **context)
        return ids

    def ids(self, model: str, field: str, domain: Sequence[Any] = (), **context: Any) -> dict[str, int]:
        """Return the ids of records by one of their fields."""
        rows = self.rows(model, [field], domain, **context)
        return {row[field]: row["id"] for row in rows}

    def rows(self, model: str, fields: Sequence[str], domain: Sequence[Any] = (), **context: Any) -> list[Values]:
        """Return the records that meet the domain, oldest first."""
        order = [["id", "ASC"]]
        found: list[Values] = self.call(
            f"model.{model}.search_read", list(domain), 0, None, order, list(fields), **context
        )
        return found

    def _send(self, method: str, params: list[Any]) -> Any:  # Tryton's own values
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_encode)
        self._http.request("POST", self._path, body, self._headers)
        answer = self._http.getresponse()
        content = _content(answer)
        if answer.status != 200:  # noqa: PLR2004  (HTTP's "fine")
            raise TrytonRefusedError(method, answer.status, content[:400])
        reply = json.loads(content, object_hook=_decode)
        if "error" in reply:
            raise TrytonRefusedError(method, *reply["error"])
        return reply["result"]


def _content(answer: HTTPResponse) -> bytes:
    content = answer.read()
    return gzip.decompress(content) if answer.getheader("Content-Encoding") == "gzip" else content


def _encode(value: object) -> Mapping[str, Any]:  # JSON's own values
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime"} | {part: getattr(value, part) for part in parts}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case _:
            raise TypeError(f"{value!r} has no form in Tryton's JSON")


def _decode(value: Values) -> Any:  # JSON's own values
    match value:
        case {"__class__": "Decimal", "decimal": str(text)}:
            return Decimal(text)
        case {"__class__": "date", "year": year, "month": month, "day": day}:
            return date(year, month, day)
        case {"__class__": "datetime", **parts}:
            return datetime(**parts)  # noqa: DTZ001  (Tryton's are UTC and naive)
        case _:
            return value
