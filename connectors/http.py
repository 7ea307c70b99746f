"""The one outbound client: every call has a deadline, a span and an answer that is a value."""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self
from urllib.parse import quote, urlencode

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver
from opentelemetry import trace
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_FULL
from yarl import URL

from connectors.exchange import Exchange, Lost, NotSent, Reply
from connectors.limits import Allowance, allowance_of

RESPONSE_LIMIT: Final = 4 * 2**20
"""Bytes of the largest answer that is read; a longer one counts as lost."""

MOST_CONNECTIONS: Final = 64
"""Kept open to one system; how many calls are in flight is the engine's to decide."""

_EXCERPT: Final = 500
_SHORTEST_SECRET: Final = 4
_IDLE_SECONDS: Final = 15
"""Idle connections are closed before the usual server does: a POST on a closed one cannot be told from a lost one."""
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_HEADERS: Final = {"user-agent": "tieout", "accept": "application/json", "accept-encoding": "identity"}


class UnusableUrlError(ValueError):
    """The address is no plain http(s) origin with an optional path, or a path leads away from it."""


class UnauthorizedError(Exception):
    """An auth could not authorize a request, so that it has not left."""

    code: ClassVar[str] = "connection_refused"


class CredentialsRefusedError(UnauthorizedError):
    """An auth was refused itself."""

    code: ClassVar[str] = "credentials_refused"


Ask = Callable[[str, Mapping[str, str]], Awaitable[Reply | Lost]]
"""Posts a form to a URL on whatever host, and returns the answer."""


class Auth(Protocol):
    """What proves who calls."""

    async def authorization(self, ask: Ask) -> str:
        """Return the value of the header `authorization` for the next request.

        Raises:
            UnauthorizedError: there is none now.
        """

    def refused(self) -> None:
        """Take note that a request was answered with 401."""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    deadline: timedelta
    headers: Mapping[str, str]
    query: Mapping[str, str | int] | None = None
    body: bytes | None = None


class HttpClient:
    """One connection's way out. Enter it with `async with`; nothing is opened before.

    It speaks GET and POST only: aiohttp below resends PUT and DELETE by itself on a closed connection.
    """

    def __init__(
        self,
        base_url: str,
        *,
        secrets: Sequence[str] = (),
        connections: int = MOST_CONNECTIONS,
        response_limit: int = RESPONSE_LIMIT,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._base = _plain(base_url)
        self._base_text = str(self._base).rstrip("/")
        kept = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        self._hidden = tuple(form for secret in kept for form in (secret, quote(secret, safe="")))
        self._connections = connections
        self._response_limit = response_limit
        self._resolver = resolver
        self._tracer = trace.get_tracer("tieout.connectors.http")
        self._allowance: Allowance | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool. `SSL_CERT_FILE` names an own certificate authority."""
        context = trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        pool = aiohttp.TCPConnector(
            limit=self._connections, keepalive_timeout=_IDLE_SECONDS, ssl=context, resolver=self._resolver
        )
        self._session = aiohttp.ClientSession(
            connector=pool, cookie_jar=aiohttp.DummyCookieJar(), headers=_HEADERS, auto_decompress=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close the connection pool."""
        await self._session.close()

    async def get(
        self,
        path: str,
        *,
        deadline: timedelta,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
    ) -> Exchange:
        """Read from `path` (below the base URL) within `deadline`, connecting and reading included.

        Raises:
            UnusableUrlError: the path leads to another host.
        """
        return await self._traced(_Request("GET", self._url(path), deadline, headers or {}, query=query), auth)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        deadline: timedelta,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
    ) -> Exchange:
        """Post `body` to `path` (below the base URL), once, within `deadline`.

        Raises:
            UnusableUrlError: the path leads to another host.
        """
        typed = {"content-type": content_type, **(headers or {})}
        return await self._traced(_Request("POST", self._url(path), deadline, typed, body=body), auth)

    def take_allowance(self) -> Allowance | None:
        """Return once what the latest answer's headers said about the calls that are left; None where nothing."""
        taken, self._allowance = self._allowance, None
        return taken

    def redact(self, text: str) -> str:
        """Return the text without the connection's secrets, plain or percent-encoded."""
        for form in self._hidden:
            text = text.replace(form, "[redacted]")
        return text

    def _url(self, path: str) -> str:
        if not path.startswith("/") or path.startswith("//"):
            raise UnusableUrlError(f"{self.redact(path)!r} is not a path below the connection's URL")
        return f"{self._base_text}{path}"

    async def _traced(self, request: _Request, auth: Auth | None) -> Exchange:
        if not self._is_recorded():
            return await self._exchange(request, auth)
        attributes: dict[str, str | int] = {
            HTTP_REQUEST_METHOD: request.method,
            URL_FULL: self.redact(request.url.partition("?")[0]),
            SERVER_ADDRESS: self._base.host or "",
            SERVER_PORT: self._base.port or 0,
        }
        with self._tracer.start_as_current_span(
            request.method, kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
        ) as span:
            exchange = await self._exchange(request, auth)
            _tell(span, exchange)
        return exchange

    def _is_recorded(self) -> bool:
        is_open = isinstance(self._tracer, trace.ProxyTracer)
        return not (is_open and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider))

    async def _exchange(self, request: _Request, auth: Auth | None) -> Exchange:
        has_left = False
        try:
            async with asyncio.timeout(request.deadline.total_seconds()):
                authorized = request if auth is None else await self._authorized(request, auth)
                has_left = True
                exchange = await self._send(authorized)
        except UnauthorizedError as error:
            return NotSent(self.redact(str(error)), code=error.code)
        except (aiohttp.ClientError, OSError) as error:
            return self._unanswered(error, has_left=has_left)
        self._take_note(exchange, auth)
        return exchange

    async def _authorized(self, request: _Request, auth: Auth) -> _Request:
        """Return the request with the header of an auth, which may send requests of its own before."""

        async def ask(url: str, form: Mapping[str, str]) -> Reply | Lost:
            return await self._send(_Request("POST", url, request.deadline, _FORM, body=urlencode(form).encode()))

        return replace(request, headers={**request.headers, "authorization": await auth.authorization(ask)})

    async def _send(self, request: _Request) -> Reply | Lost:
        async with self._session.request(
            request.method,
            request.url,
            params=request.query,
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(connect=request.deadline.total_seconds() / 2),
        ) as response:
            body = b""
            while len(body) <= self._response_limit and (chunk := await response.content.readany()):
                body += chunk
        if len(body) > self._response_limit:
            return Lost(f"status {response.status} with more than {self._response_limit} bytes")
        return Reply(response.status, _told(response.raw_headers), body, self._excerpt(body))

    def _excerpt(self, body: bytes) -> str:
        return self.redact(body[: 4 * _EXCERPT].decode(errors="replace"))[:_EXCERPT]

    def _take_note(self, exchange: Reply | Lost, auth: Auth | None) -> None:
        if isinstance(exchange, Lost):
            return
        self._allowance = allowance_of(exchange.headers)
        if auth is not None and exchange.status == HTTPStatus.UNAUTHORIZED:
            auth.refused()

    def _unanswered(self, error: Exception, *, has_left: bool) -> NotSent | Lost:
        cause = f"{type(error).__name__}: {self.redact(str(error))[:_EXCERPT]}".rstrip(": ")
        never_connected = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        return NotSent(cause) if never_connected or not has_left else Lost(cause)


def _told(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; several of one name stand in one, as RFC 9110 joins them."""
    told: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        told[key] = f"{told[key]}, {text}" if key in told else text
    return told


@lru_cache(maxsize=4)
def trust(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    """Return what connections trust, kept because reading certificates takes longer than most calls."""
    usual = None if cert_dir else certifi.where()
    return ssl.create_default_context(cafile=cert_file or usual, capath=cert_dir or None)


def _plain(base_url: str) -> URL:
    sentence = "a connection's URL is http(s)://host[:port][/path], its credentials stand apart"
    try:
        url = URL(base_url)
    except ValueError:
        raise UnusableUrlError(sentence) from None  # what did not fit may be a password
    has_more = url.user is not None or url.password is not None or url.query_string or url.fragment
    if url.scheme not in {"http", "https"} or not url.host or has_more:
        raise UnusableUrlError(sentence)
    return url


def _tell(span: trace.Span, exchange: Exchange) -> None:
    match exchange:
        case Reply(status=status):
            span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
            if status >= HTTPStatus.BAD_REQUEST:
                span.set_attribute(ERROR_TYPE, str(status))
                span.set_status(trace.StatusCode.ERROR)
        case NotSent(cause=cause) | Lost(cause=cause):
            span.set_attribute(ERROR_TYPE, cause.partition(":")[0])
            span.set_status(trace.StatusCode.ERROR, type(exchange).__name__)
