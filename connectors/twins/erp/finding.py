"""How the sandbox ERP tells what stands in its books."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final  # words of a JSON answer

import orjson

from connectors.twins.erp.books import Booked, Books


class Key(StrEnum):
    """What documents can be found by."""

    REFERENCE = "references"
    SOURCE_DOCUMENT = "source_documents"


_HEADER: Final = (
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
    "text",
    "total",
    "posted_at",
    "payable",
    "kind",
)
_LINE: Final = ("account", "party", "cost_center", "project", "tax_code", "debit", "credit", "text")
_CHUNK: Final = 500
_REVERSALS: Final = """
SELECT reverses, reference, company, fiscal_year, number, posting_date FROM document WHERE reverses IN ({marks})
"""
_POSTINGS: Final = {
    Key.REFERENCE: "SELECT * FROM document WHERE kind = 'posting' AND reference IN ({marks})",
    Key.SOURCE_DOCUMENT: "SELECT * FROM document WHERE kind = 'posting' AND source_document IN ({marks})",
}
_WAITING: Final = {
    Key.REFERENCE: "SELECT * FROM waiting WHERE reference IN ({marks})",
    Key.SOURCE_DOCUMENT: "SELECT * FROM waiting WHERE source_document IN ({marks})",
}
_ORIGINAL: Final = "SELECT company, fiscal_year, number FROM document WHERE id = ?"

Words = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A document of the books: its id, its words without lines, what it reverses, when it can be seen."""

    id: int
    words: Words
    reverses: int | None
    visible_at: float


def find(books: Books, by: Key, keys: Sequence[str]) -> list[Words]:
    """Return what can be seen under references or source documents, in the order of booking."""
    now = books.clock().timestamp()
    rows = _rows(books, _POSTINGS[by], keys)
    visible = [found for found in map(_found, rows) if found.visible_at <= now]
    waiting = _rows(books, _WAITING[by], keys)
    return described(books, sorted(visible, key=lambda found: found.id)) + [_waiting(row) for row in waiting]


def everything(books: Books) -> list[Words]:
    """Return every document ever booked, reversals as documents of their own."""
    found = [_found(row) for row in books.connection.execute("SELECT * FROM document ORDER BY id")]
    described_all = described(books, found)
    return [{"id": each.id, **words} for each, words in zip(found, described_all, strict=True)]


def document_by_number(books: Books, company: str, fiscal_year: int, number: str) -> Found | None:
    """Return a document by what the ERP calls it."""
    row = books.connection.execute(
        "SELECT * FROM document WHERE company = ? AND fiscal_year = ? AND number = ?",
        (company, fiscal_year, number),
    ).fetchone()
    return _found(row) if row is not None else None


def described(books: Books, found: Sequence[Found]) -> list[Words]:
    """Return documents in full words: lines, reversal, payment."""
    ids = [each.id for each in found]
    lines = lines_of(books, ids)
    reversals = _reversals(books, ids)
    paid = _paid(books, ids)
    return [
        each.words
        | {
            "status": "reversed" if each.id in reversals else "posted",
            "reversal": reversals.get(each.id),
            "reverses": _original(books, each.reverses),
            "paid": str(paid.get(each.id, Decimal(0)) + 0 * Decimal(each.words["payable"])),
            "lines": lines[each.id],
        }
        for each in found
    ]


def lines_of(books: Books, ids: Sequence[int]) -> dict[int, list[Words]]:
    """Return the lines of documents by their ids."""
    lines: defaultdict[int, list[Words]] = defaultdict(list)
    query = "SELECT * FROM line WHERE document_id IN ({marks}) ORDER BY document_id, position"
    for row in _rows(books, query, ids):
        lines[row["document_id"]].append({key: row[key] for key in _LINE})
    return lines


def reversal_of(books: Books, found: Found) -> Booked | None:
    """Return what a document was reversed by."""
    words = _reversals(books, [found.id]).get(found.id)
    return Booked(**{key: value for key, value in words.items() if key != "reference"}) if words else None


def paid_of(books: Books, found: Found) -> Decimal:
    """Return what was paid of a document so far."""
    return _paid(books, [found.id]).get(found.id, Decimal(0))


def _paid(books: Books, ids: Sequence[int]) -> dict[int, Decimal]:
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    query = "SELECT document_id, amount FROM payment WHERE document_id IN ({marks})"
    for row in _rows(books, query, ids):
        paid[row["document_id"]] += Decimal(row["amount"])
    return paid


def _reversals(books: Books, ids: Sequence[int]) -> dict[int, Words]:
    keys = ("reference", "company", "fiscal_year", "number", "posting_date")
    rows = _rows(books, _REVERSALS, ids)
    return {row["reverses"]: {key: row[key] for key in keys} for row in rows}


def _original(books: Books, document_id: int | None) -> Words | None:
    if document_id is None:
        return None
    return dict(books.connection.execute(_ORIGINAL, (document_id,)).fetchone())


def _rows(books: Books, query: str, keys: Sequence[object]) -> Iterable[sqlite3.Row]:
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        yield from books.connection.execute(query.format(marks=",".join("?" * len(chunk))), chunk).fetchall()


def _found(row: sqlite3.Row) -> Found:
    words = {key: row[key] for key in _HEADER}
    return Found(row["id"], words, row["reverses"], row["visible_at"])


def _waiting(row: sqlite3.Row) -> Words:
    words = {key: row[key] for key in ("reference", "source_document", "company")}
    if row["rejection"] is None:
        return {"status": "accepted", **words}
    return {"status": "rejected", **words, **orjson.loads(row["rejection"])}
