"""OAuth 2.0 client credentials (RFC 6749, section 4.4) for the outbound client."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final

import httpx
import orjson

from connectors.http import CredentialsRefusedError

_SAFETY_SECONDS: Final = 30
"""A token this close to its end is renewed first: it could expire under way."""

_USUAL_LIFE_SECONDS: Final = 300
"""Assumed where the token endpoint does not say (`expires_in` is only recommended)."""


class ClientCredentials(httpx.Auth):
    """Sends a bearer token, fetched when needed and kept until it expires or is refused."""

    def __init__(self, token_url: str, client_id: str, client_secret: str, *, scope: str = "") -> None:
        grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._form = {**grant, "scope": scope} if scope else grant
        self._token_url = token_url
        self._token = ""
        self._valid_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Fetch a token if none is valid, then send the request with it.

        Raises:
            CredentialsRefusedError: the token endpoint refuses the client.
            httpx.HTTPError: the token endpoint gives no token now.
        """
        async with self._one_at_a_time:
            if time.monotonic() >= self._valid_until:
                answer = yield self._token_request(request)
                self._keep(answer.status_code, await answer.aread())
        request.headers["authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._valid_until = 0.0

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        headers = {"accept": "application/json"}
        extensions = {"timeout": request.extensions["timeout"]}
        return httpx.Request("POST", self._token_url, data=self._form, headers=headers, extensions=extensions)

    def _keep(self, status: int, body: bytes) -> None:
        if status in {400, 401, 403}:
            raise CredentialsRefusedError(f"the token endpoint answered {status}")
        try:
            granted = orjson.loads(body)
            token, life = str(granted["access_token"]), float(granted.get("expires_in", _USUAL_LIFE_SECONDS))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise httpx.DecodingError(f"the token endpoint answered {status} without a token") from error
        self._token, self._valid_until = token, time.monotonic() + life - _SAFETY_SECONDS
