"""What every answer and command is made of: amounts, totals, and when figures were true."""

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Answer(BaseModel):
    """What the API says."""

    model_config = ConfigDict(frozen=True)


class Command(BaseModel):
    """What the API hears: a field that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MoneyView(Answer):
    """An amount in minor units with its plain decimal form."""

    minor: int
    currency: str
    decimal: str


class Amount(MoneyView):
    """A count of documents with what they are worth together."""

    count: int
    group: MoneyView | None
    """In the group's currency; None where there is no approved rate."""


class LedgerAmount(Amount):
    """An amount whose positive and negative parts are never netted."""

    positive_minor: int
    negative_minor: int


class Totals(Answer):
    """A count of documents over several currencies."""

    count: int
    group: MoneyView
    by_currency: list[Amount]


class Freshness(Answer):
    """How old the figures may be: the stream that was read longest ago."""

    read_at: datetime | None
    """None: nothing was read yet."""
    connection: str
    stream: str
    is_stale: bool


class Figures(Answer):
    """An answer that states when it was true."""

    as_of: datetime
    freshness: Freshness


class Page(Figures, Generic[T]):
    """One page of a list; `next_cursor` is opaque and None on the last page."""

    items: list[T]
    next_cursor: str | None = None
