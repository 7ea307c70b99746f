"""Keys that were valid a moment ago: a sender of many events is not looked up for each of them."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from control_plane.store.people import Authenticated

REMEMBERED_FOR: Final = timedelta(seconds=1)
"""After this a revoked key, a person who was shut out and a changed grant are felt, at the latest."""
MOST: Final = 1000
"""Keys that are remembered; the one that was looked up longest ago makes room."""


@dataclass(frozen=True, slots=True)
class KeyMemory:
    """Who each key belongs to, for a moment; of the keys themselves it has the hash only."""

    _known: OrderedDict[bytes, tuple[Authenticated, datetime]] = field(default_factory=OrderedDict, repr=False)

    def recall(self, key: str, *, now: datetime) -> Authenticated | None:
        """Return who the key belongs to; None where that was not looked up within the last moment."""
        found, until = self._known.get(_hash(key), (None, now))
        return found if now < until else None

    def keep(self, key: str, found: Authenticated, *, now: datetime) -> None:
        """Remember what was looked up, from the moment on at which that began, and never beyond the key's own end."""
        until = now + REMEMBERED_FOR
        hashed = _hash(key)
        self._known[hashed] = found, until if found.expires_at is None else min(until, found.expires_at)
        self._known.move_to_end(hashed)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()
