"""What the sandbox ERP does with documents handed in: book, refuse, accept for later, reverse."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final  # a body is anything until it is read

import orjson
from pydantic import ValidationError

from connectors.twins.database import unit_of_work
from connectors.twins.erp.books import Booked, Books
from connectors.twins.erp.chart import SUBLEDGER_OF
from connectors.twins.erp.finding import Found, document_by_number, lines_of, paid_of, reversal_of
from connectors.twins.erp.judging import judge, judge_day, judge_tax
from connectors.twins.erp.settings import Dedupe, Settings
from connectors.twins.erp.wire import (
    REFERENCE_MISSING,
    Document,
    Line,
    Rejection,
    Reversal,
    misfit,
    rejected,
)

_BY_REFERENCE: Final = """
SELECT company, fiscal_year, number, posting_date FROM document
WHERE reference = ? AND kind = 'posting' ORDER BY id LIMIT 1
"""
_WAITING: Final = "SELECT company FROM waiting WHERE reference = ? AND rejection IS NULL"
_DUE: Final = "SELECT id, body FROM waiting WHERE rejection IS NULL AND due_at <= ? ORDER BY id"

Result = dict[str, Any]


def post(books: Books, settings: Settings, raws: Sequence[object]) -> list[Result]:
    """Book what is valid in one unit of work and return a result for each document."""
    with unit_of_work(books.connection):
        _settle(books, settings)
        return [_post_one(books, settings, raw) for raw in raws]


def settle(books: Books, settings: Settings) -> None:
    """Book or refuse the accepted documents whose time has come."""
    with unit_of_work(books.connection):
        _settle(books, settings)


def reverse(books: Books, settings: Settings, raws: Sequence[object]) -> list[Result]:
    """Reverse documents in one unit of work and return a result for each."""
    with unit_of_work(books.connection):
        _settle(books, settings)
        return [_reverse_one(books, settings, raw) for raw in raws]


def _post_one(books: Books, settings: Settings, raw: object) -> Result:
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        return rejected(_reference_in(raw), misfit(raw, error))
    former = _former(books, document) if settings.dedupe is Dedupe.ENFORCED else None
    if former is not None:
        return former
    if settings.asynchronous_seconds is not None and document.reference.strip():
        return _accept(books, document, settings.asynchronous_seconds)
    return _judged(books, settings, document)


def _judged(books: Books, settings: Settings, document: Document) -> Result:
    rejection = judge(document, books) or judge_tax(document, percent=settings.tax_refusals_percent)
    if rejection:
        return rejected(document.reference, rejection)
    return told("posted", document.reference, books.book(document, visible_after=settings.visibility_seconds))


def _former(books: Books, document: Document) -> Result | None:
    row = books.connection.execute(_BY_REFERENCE, (document.reference,)).fetchone()
    if row is not None:
        return told("duplicate", document.reference, Booked(**dict(row)))
    if books.connection.execute(_WAITING, (document.reference,)).fetchone() is not None:
        return {"reference": document.reference, "status": "duplicate"}
    return None


def _accept(books: Books, document: Document, seconds: float) -> Result:
    reference = document.reference
    books.connection.execute("DELETE FROM waiting WHERE reference = ? AND rejection IS NOT NULL", (reference,))
    books.connection.execute(
        "INSERT INTO waiting (reference, source_document, company, body, due_at) VALUES (?, ?, ?, ?, ?)",
        (
            reference,
            document.source_document,
            document.company,
            document.model_dump_json().encode(),
            books.clock().timestamp() + seconds,
        ),
    )
    return {"reference": reference, "status": "accepted"}


def _settle(books: Books, settings: Settings) -> None:
    for row in books.connection.execute(_DUE, (books.clock().timestamp(),)).fetchall():
        document = Document.model_validate_json(row["body"])
        rejection = judge(document, books)
        if rejection is None:
            books.book(document, visible_after=settings.visibility_seconds)
            books.connection.execute("DELETE FROM waiting WHERE id = ?", (row["id"],))
        else:
            words = orjson.dumps(asdict(rejection))
            books.connection.execute("UPDATE waiting SET rejection = ? WHERE id = ?", (words, row["id"]))


def _reverse_one(books: Books, settings: Settings, raw: object) -> Result:
    try:
        wish = Reversal.model_validate(raw)
    except ValidationError as error:
        return rejected(_reference_in(raw), misfit(raw, error))
    if not wish.reference.strip():
        return rejected(wish.reference, REFERENCE_MISSING)
    found = document_by_number(books, wish.company, wish.fiscal_year, wish.number)
    if found is None:
        sentence = f"{wish.company} has no document {wish.number} in {wish.fiscal_year}"
        return rejected(wish.reference, Rejection("document_unknown", sentence, "number", wish.number))
    former = reversal_of(books, found)
    if former is not None:
        return told("already_reversed", wish.reference, former)
    rejection = _judge_reversal(books, wish, found)
    if rejection:
        return rejected(wish.reference, rejection)
    mirror = _mirror(books, wish, found)
    return told(
        "reversed",
        wish.reference,
        books.book(mirror, visible_after=settings.visibility_seconds, reverses=found.id),
    )


def _judge_reversal(books: Books, wish: Reversal, found: Found) -> Rejection | None:
    if found.words["kind"] == "reversal":
        sentence = f"{wish.number} is a reversal itself"
        return Rejection("not_reversible", sentence, "number", wish.number)
    if paid_of(books, found):
        return Rejection("document_paid", f"{wish.number} is paid", "number", wish.number)
    subledger = SUBLEDGER_OF[found.words["document_type"]]
    return judge_day(wish.posting_date, "posting_date", wish.company, subledger, books)


def _mirror(books: Books, wish: Reversal, found: Found) -> Document:
    lines = [_turned(Line(**words)) for words in lines_of(books, [found.id])[found.id]]
    kept = ("source_document", "company", "ledger", "document_type", "currency")
    return Document(
        reference=wish.reference,
        posting_date=wish.posting_date,
        document_date=wish.posting_date,
        text=wish.text,
        lines=lines,
        **{key: found.words[key] for key in kept},
    )


def _turned(line: Line) -> Line:
    return line.model_copy(update={"debit": line.credit, "credit": line.debit})


def told(status: str, reference: str, booked: Booked) -> Result:
    """Return the result that names a booking."""
    return {"reference": reference, "status": status, **asdict(booked)}


def _reference_in(raw: object) -> object:
    return raw.get("reference") if isinstance(raw, dict) else None
