"""One-time codes that stand for a person, so that a printed address can open the screen."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

_BYTES = 24


@dataclass(frozen=True, slots=True)
class SignInCodes:
    """Codes of this process: each is good once, and not for long."""

    _codes: dict[str, tuple[int, datetime]] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def issue(self, person_id: int, *, expires_at: datetime) -> str:
        """Return a new code for a person."""
        code = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._codes[code] = (person_id, expires_at)
        return code

    def take(self, code: str, *, now: datetime) -> int | None:
        """Return the person that the code stands for, once; None where it is wrong, used or too old."""
        with self._lock:
            person_id, expires_at = self._codes.pop(code, (None, now))
        return person_id if now < expires_at else None
