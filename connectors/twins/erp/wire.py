"""The words of the sandbox ERP's requests, and why a document is refused."""

from dataclasses import asdict, dataclass
from datetime import MAXYEAR
from typing import Annotated, Any, Self  # a body is anything until it is read

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Text = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=1000)]


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Line(_Words):
    """One line of a document, amounts still as text."""

    account: Text
    debit: Text
    credit: Text
    party: Text | None = None
    cost_center: Text | None = None
    project: Text | None = None
    tax_code: Text | None = None
    text: LongText | None = None


class Document(_Words):
    """A document as it is handed in."""

    reference: Text
    source_document: Text
    company: Text
    ledger: Text
    document_type: Text
    posting_date: Text
    document_date: Text
    currency: Text
    text: LongText | None = None
    lines: list[Line]


class Reversal(_Words):
    """The wish to reverse a document."""

    reference: Text
    company: Text
    fiscal_year: int = Field(ge=1, le=MAXYEAR)
    number: Text
    posting_date: Text
    text: LongText | None = None


class Payment(_Words):
    """What the hand behind the curtain pays."""

    reference: Text | None = None
    source_document: Text | None = None
    kind: Text = "full"
    amount: Text | None = None
    paid_on: Text | None = None
    without_posting: bool = False
    company: Text | None = None
    currency: Text | None = None


class Lookup(_Words):
    """The keys to find documents by; one of the two lists."""

    references: list[str] | None = None
    source_documents: list[str] | None = None

    @property
    def keys(self) -> list[str]:
        """Return the keys of the list that was given."""
        return self.references or self.source_documents or []

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if (self.references is None) == (self.source_documents is None):
            raise ValueError("Either `references` or `source_documents`")
        return self


@dataclass(frozen=True, slots=True)
class Rejection:
    """The first reason why something is not booked."""

    code: str
    message: str
    field: str
    value: str | None = None


def rejected(reference: object, rejection: Rejection) -> dict[str, Any]:
    """Return the result of a refused document."""
    known = reference if isinstance(reference, str) else None
    return {"reference": known, "status": "rejected", **asdict(rejection)}


def misfit(raw: object, error: ValidationError) -> Rejection:
    """Return why a document does not have the shape that was asked for."""
    if isinstance(raw, dict) and raw.get("reference") in (None, ""):
        return REFERENCE_MISSING
    first = error.errors(include_url=False, include_context=False)[0]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    return Rejection("field_invalid", f"{path.lstrip('.') or 'document'}: {first['msg']}", path.lstrip("."))


REFERENCE_MISSING = Rejection("reference_missing", "A document needs a reference", "reference")
