"""The expense platform's books as others may read them: the control total that owes us nothing."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final  # words of a JSON body

from connectors.twins.expense.books import Books
from connectors.twins.expense.exact import exact_object

_VERSION: Final = (
    "id",
    "doc_type",
    "business_id",
    "revision",
    "status",
    "approved_amount",
    "journal_amount",
    "currency",
    "employee_id",
    "is_test",
    "erp_system_id",
    "submitted_at",
    "acknowledged_at",
    "recalled_at",
)
_CONFIRMED: Final = ("posting_result", "posting_numbers", "payments")

Words = dict[str, Any]


def versions(books: Books) -> list[Words]:
    """Return every version of every document, with what was confirmed about it."""
    said = _confirmations(books)
    rows = books.connection.execute("SELECT * FROM document ORDER BY seq")
    return [
        {key: row[key] for key in _VERSION}
        | {
            "is_test": bool(row["is_test"]),
            "posting_confirmation": next(iter(said[row["seq"], "posting"]), None),
            "payment_confirmations": said[row["seq"], "payment"],
        }
        for row in rows
    ]


def books_json(books: Books) -> Words:
    """Return the documents with their versions inside."""
    documents: defaultdict[tuple[str, str], list[Words]] = defaultdict(list)
    for version in versions(books):
        documents[version["doc_type"], version["business_id"]].append(version)
    return {
        "documents": [
            {"doc_type": doc_type, "business_id": business_id, "versions": each}
            for (doc_type, business_id), each in documents.items()
        ],
    }


def books_csv(books: Books) -> str:
    """Return one row for each version."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_VERSION, *_CONFIRMED))
    writer.writerows(_row(version) for version in versions(books))
    return text.getvalue()


def _row(version: Words) -> list[object]:
    posting = version["posting_confirmation"]
    docs = (posting["words"].get("postingDocs") if posting else None) or []
    return [
        *(version[key] for key in _VERSION),
        posting["code"] if posting else None,
        _joined(doc.get("documentNumber") for doc in docs if isinstance(doc, dict)),
        _joined(payment["code"] for payment in version["payment_confirmations"]),
    ]


def _joined(parts: Iterable[object]) -> str:
    return " ".join(str(part) for part in parts)


def _confirmations(books: Books) -> defaultdict[tuple[int, str], list[Words]]:
    said: defaultdict[tuple[int, str], list[Words]] = defaultdict(list)
    for row in books.connection.execute("SELECT * FROM confirmation ORDER BY id"):
        words = {"code": row["code"], "received_at": row["received_at"], "words": exact_object(row["words"])}
        said[row["document_seq"], row["kind"]].append(words)
    return said
