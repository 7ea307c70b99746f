"""The sandbox ERP's words, as its README gives them; words that it adds later are passed over."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from connectors.canonical.master_data import Domain

Text = Annotated[str, Field(min_length=1)]


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Booking(_Words):
    """A document that was booked or reversed by the request, or a reversal that stood there before."""

    status: Literal["posted", "reversed", "already_reversed"]
    reference: str
    fiscal_year: int
    number: Text
    posting_date: date


class Accepted(_Words):
    """A document that is judged and booked later."""

    status: Literal["accepted"]
    reference: str


class Duplicate(_Words):
    """A document whose reference the books already hold."""

    status: Literal["duplicate"]
    reference: str
    number: str = ""


class Rejected(_Words):
    """A document that is not booked, with the first reason."""

    status: Literal["rejected"]
    reference: str | None
    code: Text
    message: str = ""
    field: str = ""
    value: str | None = None


Result = Booking | Accepted | Duplicate | Rejected


class Results(_Words):
    """The answer to a posting or reversing request."""

    results: list[Annotated[Result, Field(discriminator="status")]]


class Found(_Words):
    """A booked document, as it was found."""

    status: Literal["posted", "reversed"]
    reference: str
    source_document: str
    company: str
    document_type: str
    fiscal_year: int
    number: Text
    posting_date: date
    currency: str
    total: str


Document = Found | Accepted | Rejected


class Documents(_Words):
    """The answer to a question."""

    documents: list[Annotated[Document, Field(discriminator="status")]]


class Refusal(_Words):
    """Why a whole request was refused; nothing of it was done."""

    code: Text
    message: str = ""


class Refused(_Words):
    """The body around a refusal."""

    error: Refusal


class Payment(_Words):
    """A payment as it stands in the list."""

    kind: Literal["full", "partial", "reversed"]
    amount: str
    currency: str
    paid_on: date
    source_document: str | None = None
    reference: str | None = None
    number: str | None = None


class Payments(_Words):
    """A page of payments, each still unread."""

    payments: list[dict[str, Any]]  # read one by one, so that a bad one blocks only itself
    last: int
    more: bool


class Item(_Words):
    """A record of master data."""

    domain: Domain
    code: Text
    name: str
    active: bool
    company: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    attributes: dict[str, Any] = {}  # each list has its own
    modified_at: AwareDatetime


class Items(_Words):
    """A page of master data, each record still unread."""

    items: list[dict[str, Any]]  # read one by one, so that a bad one blocks only itself
    next_cursor: str | None = None
    watermark: str | None = None


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where a body does not have the shape that the ERP promises, in words."""

    field: str
    problem: str


Shape = TypeVar("Shape", bound=BaseModel)


def read(shape: type[Shape], body: bytes) -> Shape | Misfit:
    """Return the body in the shape that the ERP promises, or the first thing that does not fit."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Misfit(".".join(map(str, first["loc"])) or "the body", first["msg"])
