"""Whom a comment names: logins after an @."""

import re
from typing import Final

MOST: Final = 20
"""People whom one comment names; more is a mailing."""
_LOGIN: Final = re.compile(r"(?<![\w@.])@([A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)")


def mentioned_in(text: str) -> tuple[str, ...]:
    """Return the logins that a text names, each once, in their order."""
    return tuple(dict.fromkeys(_LOGIN.findall(text)))[:MOST]
