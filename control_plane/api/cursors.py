"""Cursors of lists: opaque, signed, and good for one list with one set of filters only."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from control_plane.api.problem_json import ProblemError

_TAG: Final = 12

Position = Sequence[int | str | None]
"""The sort values of a page's last row, its id at the end."""


@dataclass(frozen=True, slots=True)
class Cursors:
    """Seals and opens positions under a secret that all processes of a deployment share."""

    secret: bytes = field(repr=False)

    def seal(self, of: str, position: Position) -> str:
        """Return the cursor behind a position of the list `of`."""
        body = json.dumps(list(position), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._tag(of, body) + body).rstrip(b"=").decode()

    def open(self, of: str, cursor: str) -> list[int | str | None]:
        """Return the position behind a cursor.

        Raises:
            ProblemError: 400; it is not one of ours, or belongs to another list or other filters.
        """
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refused() from error
        tag, body = sealed[:_TAG], sealed[_TAG:]
        if not hmac.compare_digest(tag, self._tag(of, body)):
            raise _refused()
        position: list[int | str | None] = json.loads(body)
        return position

    def _tag(self, of: str, body: bytes) -> bytes:
        return hmac.digest(self.secret, of.encode() + b"\0" + body, hashlib.sha256)[:_TAG]


def moment_of(value: int | str | None) -> datetime:
    """Return the moment that stands in a position."""
    return datetime.fromisoformat(str(value))


def _refused() -> ProblemError:
    detail = "The cursor does not belong to this list with these filters; begin again without it."
    return ProblemError(HTTPStatus.BAD_REQUEST, "unknown_cursor", detail)
