"""What the sandbox ERP pays, and the list of it that others follow."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final  # words of a JSON answer

from connectors.twins.database import unit_of_work
from connectors.twins.erp.books import Books
from connectors.twins.erp.wire import Payment
from connectors.twins.moments import stamp

_MEANT: Final = """
SELECT id, payable, company, currency, source_document FROM document WHERE {column} = ? AND kind = 'posting'
AND NOT EXISTS (SELECT 1 FROM document AS reversal WHERE reversal.reverses = document.id)
ORDER BY id DESC LIMIT 1
"""
_INSERT: Final = """
INSERT INTO payment (document_id, source_document, company, kind, amount, currency, open, paid_on, booked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LIST: Final = """
SELECT payment.id AS id, payment.kind AS kind, amount, payment.currency AS currency, paid_on, booked_at, reference,
    payment.source_document AS source_document, payment.company AS company, fiscal_year, number, open
FROM payment LEFT JOIN document ON document.id = payment.document_id
WHERE payment.id > ? ORDER BY payment.id LIMIT ?
"""
_EVERYTHING: Final = -1

Words = dict[str, Any]


def pay(books: Books, wishes: Sequence[Payment]) -> list[Words]:
    """Book payments in one unit of work and return a result for each."""
    with unit_of_work(books.connection):
        return [_pay_one(books, wish) for wish in wishes]


def payments_after(books: Books, last: int, limit: int = _EVERYTHING) -> list[Words]:
    """Return the payments booked after one, in the order of booking."""
    return [dict(row) for row in books.connection.execute(_LIST, (last, limit))]


def _pay_one(books: Books, wish: Payment) -> Words:
    column, key = ("reference", wish.reference) if wish.reference else ("source_document", wish.source_document)
    row = books.connection.execute(_MEANT.format(column=column), (key,)).fetchone()
    if row is not None:
        return _pay_document(books, wish, dict(row))
    if wish.without_posting and wish.company and wish.currency and wish.amount:
        owner = (None, wish.source_document, wish.company)
        return _booked(books, wish, owner, (wish.amount, wish.currency, None))
    return {"status": "rejected", "code": "document_unknown", "message": f"No living posting has {column} {key}"}


def _pay_document(books: Books, wish: Payment, row: Words) -> Words:
    payable, paid = Decimal(row["payable"]), _paid(books, row["id"])
    amount = _amount(wish, payable=payable, paid=paid)
    if amount is None:
        sentence = f"{wish.amount} is not what can be paid of {payable - paid}"
        return {"status": "rejected", "code": "amount_invalid", "message": sentence}
    owner = (row["id"], row["source_document"], row["company"])
    return _booked(books, wish, owner, (str(amount), row["currency"], str(payable - paid - amount)))


def _amount(wish: Payment, *, payable: Decimal, paid: Decimal) -> Decimal | None:
    match wish.kind, wish.amount:
        case "full", None:
            return None if paid and paid == payable else payable - paid
        case "reversed", None:
            return -paid
        case "partial", str() as text if text.replace(".", "", 1).lstrip("-").isdigit():
            amount = Decimal(text)
            return amount if 0 < abs(amount) < abs(payable - paid) else None
        case _:
            return None


def _booked(
    books: Books,
    wish: Payment,
    owner: tuple[int | None, str | None, str],
    sums: tuple[str, str, str | None],
) -> Words:
    now = books.clock()
    amount, currency, left = sums
    paid_on = wish.paid_on or now.date().isoformat()
    row = books.connection.execute(
        _INSERT,
        (*owner, wish.kind, amount, currency, left, paid_on, stamp(now)),
    )
    return {"status": "paid", "id": row.lastrowid}


def _paid(books: Books, document_id: int) -> Decimal:
    rows = books.connection.execute("SELECT amount FROM payment WHERE document_id = ?", (document_id,))
    return sum((Decimal(row["amount"]) for row in rows), Decimal(0))
