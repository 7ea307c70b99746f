"""OAuth 2.0 client credentials (RFC 6749, section 4.4) for the outbound client."""

import asyncio
import time
from http import HTTPStatus
from typing import Final

import orjson

from connectors.exchange import Lost, Reply
from connectors.http import Ask, CredentialsRefusedError, UnauthorizedError

_SAFETY_SECONDS: Final = 30
"""A token this close to its end is renewed first: it could expire under way."""

_USUAL_LIFE_SECONDS: Final = 300
"""Assumed where the token endpoint does not say (`expires_in` is only recommended)."""


_REFUSALS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class ClientCredentials:
    """Sends a bearer token, fetched when needed and kept until it expires or is refused."""

    def __init__(self, token_url: str, client_id: str, client_secret: str, *, scope: str = "") -> None:
        grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._form = {**grant, "scope": scope} if scope else grant
        self._token_url = token_url
        self._token = ""
        self._valid_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def authorization(self, ask: Ask) -> str:
        """Return the header with the token; where none is valid, fetch one first.

        Raises:
            CredentialsRefusedError: the token endpoint refuses the client.
            UnauthorizedError: the token endpoint gives no token now.
        """
        async with self._one_at_a_time:
            if time.monotonic() >= self._valid_until:
                self._keep(await ask(self._token_url, self._form))
            return f"Bearer {self._token}"

    def refused(self) -> None:
        """Fetch another token for the next request."""
        self._valid_until = 0.0

    def _keep(self, answer: Reply | Lost) -> None:
        if isinstance(answer, Lost):
            raise UnauthorizedError(f"the token endpoint: {answer.cause}")
        if answer.status in _REFUSALS:
            raise CredentialsRefusedError(f"the token endpoint answered {answer.status}")
        try:
            granted = orjson.loads(answer.body)
            token, life = str(granted["access_token"]), float(granted.get("expires_in", _USUAL_LIFE_SECONDS))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnauthorizedError(f"the token endpoint answered {answer.status} without a token") from error
        self._token, self._valid_until = token, time.monotonic() + life - _SAFETY_SECONDS
