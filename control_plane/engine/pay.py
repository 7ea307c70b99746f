"""Pay: what the ERP says about the money is noted on the posting and told to the source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import ConfirmationKind, Payment, PaymentStatus
from connectors.failures import Failure
from control_plane.domain.calendar import period_of
from control_plane.domain.transaction import Reason, State
from control_plane.engine import confirm, trouble
from control_plane.engine.parts import Unit
from control_plane.store import holds, postings, transactions
from control_plane.store.tables import UNRESOLVED, PostingRow
from control_plane.store.transactions import Birth, Work

CONFIRMED_AS: Final[Mapping[PaymentStatus, ConfirmationKind]] = {
    PaymentStatus.PAID: ConfirmationKind.PAID,
    PaymentStatus.PARTIAL: ConfirmationKind.PARTIALLY_PAID,
    PaymentStatus.REVERSED: ConfirmationKind.PAYMENT_REVERSED,
    PaymentStatus.OPEN: ConfirmationKind.OBSOLETE,
}


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as the ERP reported it, with the payload that said so."""

    payment: Payment
    payload_id: int
    event_id: str


def pay(unit: Unit, connection: str, paid: Sequence[Paid]) -> None:
    """Note payments on their postings; one that belongs to no posting is held with an exception."""
    if not paid:
        return
    known = {row.reference: row for row in postings.by_reference(unit.session, [one.payment.reference for one in paid])}
    told = [(one, known[one.payment.reference]) for one in paid if one.payment.reference in known]
    _note(unit, told)
    works = {w.id: w for w in transactions.by_ids(unit.session, sorted({row.transaction_id for _, row in told}))}
    confirm.bear(unit, [_telling(one, works[row.transaction_id]) for one, row in told])
    _hold(unit, connection, [one for one in paid if one.payment.reference not in known])


def _note(unit: Unit, told: Sequence[tuple[Paid, PostingRow]]) -> None:
    for status in PaymentStatus:
        rows = [row for one, row in told if one.payment.status is status]
        postings.set_payment_status(unit.session, [row.id for row in rows], status.value)
        transactions.set_payment_status(unit.session, [row.transaction_id for row in rows], status.value)


def _telling(one: Paid, work: Work) -> confirm.Telling:
    payment = one.payment
    return confirm.Telling(
        work,
        CONFIRMED_AS[payment.status],
        key=one.event_id,
        flow=confirm.PAYMENT_CONFIRMATION,
        amount=payment.amount,
        paid_on=payment.paid_on,
    )


def _hold(unit: Unit, connection: str, orphans: Sequence[Paid]) -> None:
    births = [
        Birth(_row(unit, connection, one), {"erp_document_number": one.payment.erp_document_number}) for one in orphans
    ]
    transactions.bear(unit.session, births, unit.ids, now=unit.now)
    numbers = [birth.row["id"] for birth in births]
    names = dict(zip(numbers, orphans, strict=True))
    holds.replace(unit.session, {number: [(holds.POSTING, "", _object(one))] for number, one in names.items()})
    works = transactions.by_ids(unit.session, numbers)
    trouble.open_cases(
        unit, [trouble.Trouble(work, (Failure("payment_without_posting"),), step="payment") for work in works]
    )


def _row(unit: Unit, connection: str, one: Paid) -> dict[str, Any]:  # column values
    payment = one.payment
    return {
        "id": unit.ids.draw(),
        "flow": confirm.PAYMENT_CONFIRMATION,
        "connection": connection,
        "legal_entity_id": UNRESOLVED,
        "source_system": connection,
        "source_id": _object(one),
        "source_document_id": one.event_id,
        "document_number": payment.source_document or payment.erp_document_number,
        "business_reference": f"{connection}:{one.event_id}",
        "order_key": f"{confirm.PAYMENT_CONFIRMATION}|{connection}|{one.event_id}",
        "state": State.ON_HOLD.value,
        "reason": Reason.NO_POSTING.value,
        "currency": payment.amount.currency,
        "amount_minor": payment.amount.minor,
        "cohort": period_of(payment.paid_on),
        "received_at": unit.now,
        "updated_at": unit.now,
        "priority_at": unit.now,
        "payload_id": one.payload_id,
    }


def _object(one: Paid) -> str:
    return one.payment.source_document or one.payment.reference or one.payment.erp_document_number
