"""Payments: what Tryton's reconciled lines say about moves of ours."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from connectors.canonical.money import Money, round_minor
from connectors.contract import Payment, PaymentStatus
from connectors.tryton.mapping import POSTED, document_amount, label_of, origin_of
from connectors.tryton.wire import Domain, Row, Values, at

MODEL: Final = "account.move.line"
TOUCHED: Final[Domain] = (
    ("move_state", "=", POSTED),
    ("account.reconcile", "=", True),
    ("move.description", "like", "% [%]"),
)
"""Lines that can be owed, of moves that may be ours. A payment, and taking it back, changes the line."""

MOVE_FIELDS: Final = (
    *("number", "description", "last_modified_at"),
    *("company.party.code", "company.currency.code"),
)
LINE_FIELDS: Final = (
    *("move", "debit", "credit", "amount_second_currency", "second_currency.code", "reconciliation.date"),
    *("account.type.payable", "account.type.receivable", "last_modified_at"),
)


def told(moves: Iterable[Row], lines: Sequence[Row], reversals: Iterable[Row]) -> list[Values]:
    """Return one payload for each move of ours with something to tell; nothing of open and of reversed ones."""
    gone = {reversal["origin"] for reversal in reversals}
    payloads: list[Values] = [
        {"move": move, "lines": _owed([line for line in lines if line["move"] == move["id"]])}
        for move in moves
        if label_of(move["description"]) and origin_of(move["id"]) not in gone
    ]
    return [payload for payload in payloads if status_of(payload) is not PaymentStatus.OPEN]


def status_of(payload: Row) -> PaymentStatus:
    """Return how far a move is paid.

    A posting writes its move and lines in one moment; an open line that was changed later had been paid before.
    """
    move, owed = payload["move"], payload["lines"]
    paid = [line for line in owed if _paid_on(line)]
    if paid:
        return PaymentStatus.PAID if len(paid) == len(owed) else PaymentStatus.PARTIAL
    is_touched = any(line["last_modified_at"] > move["last_modified_at"] for line in owed)
    return PaymentStatus.REVERSED if is_touched else PaymentStatus.OPEN


def key_of(payload: Row) -> str:
    """Return what names this state of the payment, the same for the same state."""
    latest = max(line["last_modified_at"] for line in payload["lines"])
    return f"payment/{payload['move']['id']}/{status_of(payload)}/{latest.isoformat()}"


def payment_of(payload: Row) -> Payment:
    """Return the payment in our words."""
    move, status = payload["move"], status_of(payload)
    label = label_of(move["description"])
    return Payment(
        reference=label.reference if label else "",
        source_document=label.source_document if label else move["description"],
        erp_document_number=move["number"],
        status=status,
        amount=_amount(payload, status),
        paid_on=_day(payload["lines"]),
    )


def _owed(lines: Sequence[Row]) -> list[Row]:
    """Return the lines that owe somebody; where nobody is owed, those that somebody owes us."""
    payable = [line for line in lines if at(line, "account.type.payable")]
    return payable or [line for line in lines if at(line, "account.type.receivable")]


def _amount(payload: Row, status: PaymentStatus) -> Money:
    owed = payload["lines"]
    counted = owed if status is PaymentStatus.REVERSED else [line for line in owed if _paid_on(line)]
    currency = at(owed[0], "second_currency.code") or at(payload["move"], "company.currency.code")
    amount = sum((document_amount(line) for line in counted), Decimal(0))
    return Money(round_minor(abs(amount), currency), currency)


def _day(lines: Iterable[Row]) -> date:
    return max(_paid_on(line) or line["last_modified_at"].date() for line in lines)


def _paid_on(line: Row) -> date | None:
    day: date | None = at(line, "reconciliation.date")
    return day
