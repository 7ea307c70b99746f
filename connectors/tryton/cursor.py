"""How far a list was read: by moment and id within one sweep, by the server's clock from sweep to sweep."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from connectors.tryton.wire import Domain, Row

OVERLAP: Final = timedelta(minutes=2)
"""A record bears the moment its unit of work began, and appears when it commits: so far back we look again."""

ORDER: Final = (("last_modified_at", "ASC"), ("id", "ASC"))


class UnreadableCursorError(ValueError):
    """The cursor is not one of ours."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The beginning (no moment), the next page of a sweep (with an id), or the next sweep (without)."""

    moment: datetime | None = None
    after_id: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cursor that `str` wrote; an empty text is the beginning.

        Raises:
            UnreadableCursorError: nobody here wrote it.
        """
        if not text:
            return cls()
        try:
            moment, after_id = json.loads(text)
            return cls(datetime.fromisoformat(moment), None if after_id is None else int(after_id))
        except (ValueError, TypeError) as error:
            raise UnreadableCursorError(f"{text[:80]!r} is no cursor of Tryton's lists") from error

    def __str__(self) -> str:
        return "" if self.moment is None else json.dumps([self.moment.isoformat(), self.after_id])

    @property
    def domain(self) -> Domain:
        """Return what comes after this cursor."""
        if self.moment is None:
            return []
        if self.after_id is None:
            return [["last_modified_at", ">=", self.moment]]
        later = ["last_modified_at", ">", self.moment]
        return [["OR", later, [["last_modified_at", "=", self.moment], ["id", ">", self.after_id]]]]

    def after(self, rows: Sequence[Row], as_of: datetime | None, *, has_more: bool) -> "Cursor":
        """Return where to go on: behind the last record, or with the next sweep when this one is complete."""
        if has_more:
            return Cursor(rows[-1]["last_modified_at"], rows[-1]["id"])
        newest = as_of or (rows[-1]["last_modified_at"] if rows else None)
        return Cursor(newest - OVERLAP) if newest else self
