"""What all lists share: their parameters, their cursors, and the figures' moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session

from control_plane.api import answers
from control_plane.api.auth import Asking
from control_plane.api.cursors import Position
from control_plane.api.problem_json import not_found
from control_plane.domain.identity import UnknownIdError, parse_public_id
from control_plane.store.queries import figures

T = TypeVar("T")
R = TypeVar("R")

Text = Annotated[str, StringConstraints(max_length=200)]


class Filters(BaseModel):
    """Filters named like the fields; an empty one asks for nothing."""

    model_config = ConfigDict(extra="forbid")


class Listing(Filters):
    """Filters with a page."""

    cursor: Annotated[str, Query(max_length=2000)] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def texts(filters: Filters, *others: str) -> dict[str, str]:
    """Return the filters that are column values: all texts but those named."""
    left_out = {"cursor", "limit", *others}
    return {name: value for name, value in filters.model_dump(exclude=left_out).items() if isinstance(value, str)}


def number_of(prefix: str, text: str) -> int:
    """Return the number behind a public id.

    Raises:
        ProblemError: 404; it is none.
    """
    try:
        return parse_public_id(prefix, text)
    except UnknownIdError as error:
        raise not_found() from error


def moment(session: Session, asking: Asking) -> dict[str, Any]:  # the fields of `Figures`
    """Return when the figures are true and how old they may be."""
    now = asking.now
    return {"as_of": now, "freshness": answers.freshness(figures.streams(session), now)}


@dataclass(frozen=True, slots=True)
class Pager:
    """One page of a list: opens its cursor, cuts the surplus row, seals the next cursor and links to it."""

    asking: Asking
    request: Request
    listing: Listing

    @property
    def asked(self) -> int:
        """Return how many rows to ask for: one more than the page shows."""
        return self.listing.limit + 1

    @property
    def position(self) -> Sequence[int | str | None] | None:
        """Return where the page begins; None at the beginning.

        Raises:
            ProblemError: 400; the cursor belongs to another list.
        """
        if not self.listing.cursor:
            return None
        return self.asking.services.cursors.open(self._name, self.listing.cursor)

    @property
    def before(self) -> int | None:
        """Return the id before which the page begins, where rows are ordered by their ids alone."""
        position = self.position
        return None if position is None else int(position[-1] or 0)

    def cut(self, rows: Sequence[R], place: Callable[[R], Position], response: Response) -> tuple[list[R], str | None]:
        """Return the page's rows and the next cursor, linked in the response as well."""
        shown = list(rows[: self.listing.limit])
        if len(rows) <= self.listing.limit:
            return shown, None
        cursor = self.sealed(place(shown[-1]))
        following = self.request.url.include_query_params(cursor=cursor)
        response.headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
        return shown, cursor

    def sealed(self, position: Position) -> str:
        """Return the cursor behind a position, for a list that goes on growing at its end."""
        return self.asking.services.cursors.seal(self._name, position)

    @property
    def _name(self) -> str:
        filters = self.listing.model_dump_json(exclude={"cursor", "limit"}, exclude_defaults=True)
        return f"{self.request.url.path} {self.asking.actor.person_id} {filters}"
