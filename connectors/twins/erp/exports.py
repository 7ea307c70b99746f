"""The sandbox ERP's books as CSV, for those who prove figures without asking us."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final  # words of a JSON answer

from connectors.twins.erp.books import Books
from connectors.twins.erp.finding import everything
from connectors.twins.erp.payments import payments_after

_DOCUMENT: Final = (
    "id",
    "kind",
    "reference",
    "source_document",
    "company",
    "ledger",
    "document_type",
    "fiscal_year",
    "number",
    "posting_date",
    "document_date",
    "currency",
)
_LINE: Final = ("account", "party", "cost_center", "project", "tax_code", "debit", "credit")
_PAYMENT: Final = (
    "id",
    "kind",
    "amount",
    "currency",
    "paid_on",
    "booked_at",
    "reference",
    "source_document",
    "company",
    "fiscal_year",
    "number",
    "open",
)


def books_csv(books: Books) -> str:
    """Return one row for each line of each document ever booked."""
    return _csv((*_DOCUMENT, "reverses", "line", *_LINE), _line_rows(everything(books)))


def payments_csv(books: Books) -> str:
    """Return one row for each payment."""
    return _csv(_PAYMENT, ([payment[key] for key in _PAYMENT] for payment in payments_after(books, 0)))


def _line_rows(documents: Iterable[Mapping[str, Any]]) -> Iterator[list[object]]:
    for document in documents:
        original = document["reverses"]
        header = [document[key] for key in _DOCUMENT] + [original["number"] if original else None]
        for position, line in enumerate(document["lines"]):
            yield [*header, position, *(line[key] for key in _LINE)]


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
