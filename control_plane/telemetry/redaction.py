"""The secrets of this process, which no line that it writes may show."""

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

_SHORTEST: Final = 4
"""A shorter one would hide half of every line and guards nothing."""

_FORMS: Final[set[str]] = set()
"""A process has one log, so it keeps one set of secrets."""


def keep_secret(secrets: Iterable[str]) -> None:
    """Hide these values from now on, plain, percent-encoded, and as JSON and Python write them."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            _FORMS.update((secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]))


def redact(text: str) -> str:
    """Return the text without the secrets that are kept."""
    for form in sorted(_FORMS, key=len, reverse=True):
        text = text.replace(form, "[redacted]")
    return text
