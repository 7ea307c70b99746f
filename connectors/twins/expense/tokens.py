"""Who may speak with the expense platform: client credentials for bearer tokens that expire."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any  # words of a JSON answer
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from connectors.twins.answers import answer
from connectors.twins.expense.settings import Settings
from connectors.twins.moments import Clock


class Tokens:
    """The tokens given out by this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expires_at: dict[str, datetime] = {}

    def issue(self, seconds: float) -> str:
        """Return a new token."""
        now = self._clock()
        self._expires_at = {token: at for token, at in self._expires_at.items() if at > now}
        token = secrets.token_urlsafe(24)
        self._expires_at[token] = now + timedelta(seconds=seconds)
        return token

    def fits(self, authorization: str) -> bool:
        """Return whether an Authorization header carries a living token."""
        scheme, _, token = authorization.partition(" ")
        expires_at = self._expires_at.get(token)
        return scheme.lower() == "bearer" and expires_at is not None and self._clock() < expires_at

    def revoke(self) -> int:
        """Forget all tokens; return how many there were."""
        count = len(self._expires_at)
        self._expires_at = {}
        return count


async def token_answer(request: Request, settings: Settings, tokens: Tokens) -> Response:
    """Return the answer of the token endpoint to a form of client credentials."""
    form = parse_qs((await request.body()).decode("latin-1"))
    given = {key: values[0] for key, values in form.items()}
    if given.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", "Only client_credentials is known here")
    if not _is_client(given, settings):
        return _refused(401, "invalid_client", "Unknown client or wrong secret")
    return answer(
        {
            "access_token": tokens.issue(settings.token_seconds),
            "token_type": "Bearer",
            "expires_in": int(settings.token_seconds),
            "scope": "FISVC",
            "geolocation": str(request.base_url).rstrip("/"),
        },
        headers={"Cache-Control": "no-store"},
    )


def _is_client(given: Mapping[str, str], settings: Settings) -> bool:
    is_known = given.get("client_id") == settings.client_id
    return is_known and secrets.compare_digest(
        given.get("client_secret", "").encode(),
        settings.client_secret.encode(),
    )


def _refused(status: int, error: str, description: str) -> Response:
    content: dict[str, Any] = {"error": error, "error_description": description}
    return answer(content, status=status)
