"""The one outbound client: every call has a deadline, a span and an answer that is a value."""

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from datetime import timedelta
from functools import lru_cache
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport
from opentelemetry import trace
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_FULL

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
_LEAVING: Final = "tieout.leaving"
_HEADERS: Final = {"user-agent": "tieout", "accept": "application/json", "accept-encoding": "identity"}


class UnusableUrlError(ValueError):
    """The address is no plain http(s) origin with an optional path, or a path leads away from it."""


class CredentialsRefusedError(Exception):
    """An auth was refused before the request itself could leave."""


class HttpClient:
    """One connection's way out. Enter it with `async with`; nothing is opened before.

    It speaks GET and POST only: the transport below resends PUT and DELETE by itself on a closed connection. It goes to
    that transport straight: redirects, cookies and logs of httpx's own client are not wanted, and cost as much again.
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
        self._base_url = str(_plain(base_url)).rstrip("/")
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        self._connections = connections
        self._response_limit = response_limit
        self._resolver = resolver
        self._tracer = trace.get_tracer("tieout.connectors.http")
        self._allowance: Allowance | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool. `SSL_CERT_FILE` names an own certificate authority."""
        context = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        pool = aiohttp.TCPConnector(
            limit=self._connections, keepalive_timeout=_IDLE_SECONDS, ssl=context, resolver=self._resolver
        )
        session = aiohttp.ClientSession(connector=pool, cookie_jar=aiohttp.DummyCookieJar(), headers=_HEADERS)
        self._transport = AiohttpTransport(client=session, verify=context)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close the connection pool."""
        await self._transport.aclose()

    async def get(
        self,
        path: str,
        *,
        deadline: timedelta,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> Exchange:
        """Read from `path` (below the base URL) within `deadline`, connecting and reading included.

        Raises:
            UnusableUrlError: the path leads to another host.
        """
        request = self._request("GET", path, query=query, headers=headers, deadline=deadline)
        return await self._traced(request, deadline, auth)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        deadline: timedelta,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> Exchange:
        """Post `body` to `path` (below the base URL), once, within `deadline`.

        Raises:
            UnusableUrlError: the path leads to another host.
        """
        typed = {"content-type": content_type, **(headers or {})}
        request = self._request("POST", path, headers=typed, content=body, deadline=deadline)
        return await self._traced(request, deadline, auth)

    def take_allowance(self) -> Allowance | None:
        """Return once what the latest answer's headers said about the calls that are left; None where nothing."""
        taken, self._allowance = self._allowance, None
        return taken

    def redact(self, text: str) -> str:
        """Return the text without the connection's secrets, plain or percent-encoded."""
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]").replace(quote(secret, safe=""), "[redacted]")
        return text

    def _request(
        self,
        method: str,
        path: str,
        *,
        deadline: timedelta,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Request:
        if not path.startswith("/") or path.startswith("//"):
            raise UnusableUrlError(f"{self.redact(path)!r} is not a path below the connection's URL")
        return httpx.Request(
            method,
            _url(f"{self._base_url}{path}"),
            params=query,
            headers=headers,
            content=content,
            extensions={"timeout": {"pool": deadline.total_seconds() / 2}},
        )

    async def _traced(self, request: httpx.Request, deadline: timedelta, auth: httpx.Auth | None) -> Exchange:
        with self._span(request) as span:
            exchange = await self._exchange(request, deadline, auth)
            _tell(span, exchange)
        return exchange

    @contextmanager
    def _span(self, request: httpx.Request) -> Iterator[trace.Span]:
        if not self._is_recorded():
            yield trace.INVALID_SPAN
            return
        attributes: dict[str, str | int] = {
            HTTP_REQUEST_METHOD: request.method,
            URL_FULL: self.redact(str(request.url).partition("?")[0]),
            SERVER_ADDRESS: request.url.host,
            SERVER_PORT: request.url.port or {"http": 80, "https": 443}[request.url.scheme],
        }
        with self._tracer.start_as_current_span(
            request.method, kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
        ) as span:
            yield span

    def _is_recorded(self) -> bool:
        is_open = isinstance(self._tracer, trace.ProxyTracer)
        return not (is_open and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider))

    async def _exchange(self, request: httpx.Request, deadline: timedelta, auth: httpx.Auth | None) -> Exchange:
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                response = await self._send(request, auth)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        except CredentialsRefusedError as error:
            return NotSent(self.redact(str(error)), code="credentials_refused")
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            return self._unanswered(_underlying(error), has_left=_LEAVING in request.extensions)

    async def _send(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        """Return the answer, body unread; an auth may send requests of its own before."""
        if auth is None:
            return await self._leave(request)
        async with aclosing(auth.async_auth_flow(request)) as flow:
            response = await self._leave(await anext(flow))
            while following := await _following(flow, response):
                response = await self._leave(following)
        return response

    async def _leave(self, request: httpx.Request) -> httpx.Response:
        request.extensions[_LEAVING] = True  # the request whose turn has come
        return await self._transport.handle_async_request(request)

    async def _read(self, response: httpx.Response) -> Reply | Lost:
        body = bytearray()
        async for chunk in _stream_of(response):
            body += chunk
            if len(body) > self._response_limit:
                return Lost(f"status {response.status_code} with more than {self._response_limit} bytes")
        reply = Reply(response.status_code, _told(response.headers.raw), bytes(body), self._excerpt(body))
        self._allowance = allowance_of(reply.headers)
        return reply

    def _excerpt(self, body: bytearray) -> str:
        return self.redact(body[: 4 * _EXCERPT].decode(errors="replace"))[:_EXCERPT]

    def _unanswered(self, error: Exception, *, has_left: bool) -> NotSent | Lost:
        cause = f"{type(error).__name__}: {self.redact(str(error))[:_EXCERPT]}".rstrip(": ")
        never_connected = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        return NotSent(cause) if never_connected or not has_left else Lost(cause)


def _stream_of(response: httpx.Response) -> httpx.AsyncByteStream:
    """Return the body as it arrives; the response's own iterators count and decode what is read once and plain."""
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("an asynchronous transport answers with an asynchronous stream")
    return response.stream


def _told(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; several of one name stand in one, as RFC 9110 joins them."""
    told: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        told[key] = f"{told[key]}, {text}" if key in told else text
    return told


async def _following(
    flow: AsyncGenerator[httpx.Request, httpx.Response], response: httpx.Response
) -> httpx.Request | None:
    """Return what an auth sends next after an answer, which is closed then; None: the answer is the one."""
    try:
        following = await flow.asend(response)
    except StopAsyncIteration:
        return None
    except BaseException:
        await response.aclose()
        raise
    await response.aclose()
    return following


def _underlying(error: Exception) -> Exception:
    """Return the socket's own error below httpx's, which names refused and reset sockets alike."""
    below: BaseException | None = error
    while isinstance(below, httpx.HTTPError):
        below = below.__cause__ or below.__context__
    return below if isinstance(below, aiohttp.ClientError | OSError) else error


@lru_cache(maxsize=4)
def _tls(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:  # noqa: ARG001  (read by httpx)
    """Return what all connections trust: reading the certificates takes longer than most calls."""
    return httpx.create_ssl_context()


@lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    """Return a parsed URL: most calls go where another went before."""
    return httpx.URL(text)


def _plain(base_url: str) -> httpx.URL:
    url = httpx.URL(base_url)
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query or url.fragment:
        raise UnusableUrlError("a connection's URL is http(s)://host[:port][/path], its credentials stand apart")
    return url


def _tell(span: trace.Span, exchange: Exchange) -> None:
    match exchange:
        case Reply(status=status):
            span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
            if status >= httpx.codes.BAD_REQUEST:
                span.set_attribute(ERROR_TYPE, str(status))
                span.set_status(trace.StatusCode.ERROR)
        case NotSent(cause=cause) | Lost(cause=cause):
            span.set_attribute(ERROR_TYPE, cause.partition(":")[0])
            span.set_status(trace.StatusCode.ERROR, type(exchange).__name__)
