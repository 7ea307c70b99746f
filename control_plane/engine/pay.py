"""Pay: what the ERP says about the money is noted on the posting and told to the source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import ConfirmationKind, Document, Payment, PaymentStatus, Translation
from connectors.failures import Failure
from control_plane.domain.calendar import period_of
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import confirm, trouble
from control_plane.engine.parts import Unit
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION
from control_plane.store import holds, payloads, postings, transactions, transitions
from control_plane.store.tables import UNRESOLVED, PostingRow
from control_plane.store.transactions import Birth, Work
from control_plane.store.transitions import Change

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
    holds.watch(unit.session, [_key(one) for one in paid])
    known = {row.reference: row for row in postings.by_reference(unit.session, [one.payment.reference for one in paid])}
    told = [(one, known[one.payment.reference]) for one in paid if one.payment.reference in known]
    _note(unit, [(one.payment, row) for one, row in told])
    works = {w.id: w for w in transactions.by_ids(unit.session, sorted({row.transaction_id for _, row in told}))}
    confirm.bear(unit, [_telling(one.payment, one.event_id, works[row.transaction_id]) for one, row in told])
    _hold(unit, connection, [one for one in paid if one.payment.reference not in known])


def look_again(unit: Unit, works: Sequence[Work], translations: Mapping[int, Translation]) -> None:
    """Tell the source of held payments whose posting is known by now."""
    payments = {
        work.id: one.content
        for work in works
        if isinstance(one := translations[work.id], Document) and isinstance(one.content, Payment)
    }
    references = [payment.reference for payment in payments.values()]
    known = {row.reference: row for row in postings.by_reference(unit.session, references)}
    found = [(work, known[payments[work.id].reference]) for work in works if _reference(payments, work) in known]
    told = {w.id: w for w in transactions.by_ids(unit.session, sorted({row.transaction_id for _, row in found}))}
    _note(unit, [(payments[work.id], row) for work, row in found])
    tellings = [_telling(payments[work.id], work.source_document_id, told[row.transaction_id]) for work, row in found]
    bodies = [payloads.Payload("confirmation", "application/json", confirm.encode(one)) for one in tellings]
    numbers = payloads.put(unit.session, unit.ids, bodies, now=unit.now)
    changes = [
        _released(unit, work, telling.work, number)
        for (work, _), telling, number in zip(found, tellings, numbers, strict=True)
    ]
    recorded = transitions.record(unit.session, changes, unit.ids)
    holds.replace(unit.session, dict.fromkeys(recorded.applied, ()))
    trouble.release_cases(unit, sorted(recorded.applied))


def _reference(payments: Mapping[int, Payment], work: Work) -> str | None:
    return payments[work.id].reference if work.id in payments else None


def _released(unit: Unit, work: Work, told: Work, payload_id: int) -> Change:
    return Change(
        transition(work.seen, State.READY, reason=Reason.RELEASED, by=By.SYSTEM, now=unit.now),
        name="payment",
        sets={
            "target": told.connection,
            "linked_id": told.id,
            "legal_entity_id": told.seen.legal_entity_id,
            "source_system": told.source_system,
            "source_id": told.source_id,
            "source_document_id": told.source_document_id,
            "intents_payload_id": payload_id,
            "priority_at": unit.now,
        },
    )


def _note(unit: Unit, told: Sequence[tuple[Payment, PostingRow]]) -> None:
    for status in PaymentStatus:
        rows = [row for payment, row in told if payment.status is status]
        postings.set_payment_status(unit.session, [row.id for row in rows], status.value)
        transactions.set_payment_status(unit.session, [row.transaction_id for row in rows], status.value)


def _telling(payment: Payment, event_id: str, work: Work) -> confirm.Telling:
    return confirm.Telling(
        work,
        CONFIRMED_AS[payment.status],
        key=event_id,
        flow=PAYMENT_CONFIRMATION.name,
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
    holds.replace(unit.session, {number: [_key(one)] for number, one in names.items()})
    works = transactions.by_ids(unit.session, numbers)
    trouble.open_cases(
        unit, [trouble.Trouble(work, (Failure("payment_without_posting"),), step="payment") for work in works]
    )


def _row(unit: Unit, connection: str, one: Paid) -> dict[str, Any]:  # column values
    payment = one.payment
    return {
        "id": unit.ids.draw(),
        "flow": PAYMENT_CONFIRMATION.name,
        "connection": connection,
        "legal_entity_id": UNRESOLVED,
        "source_system": connection,
        "source_id": _object(one),
        "source_document_id": one.event_id,
        "document_number": payment.source_document or payment.erp_document_number,
        "business_reference": f"{connection}:{one.event_id}",
        "order_key": f"{PAYMENT_CONFIRMATION.name}|{connection}|{one.event_id}",
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


def _key(one: Paid) -> holds.HoldKey:
    return holds.POSTING, "", _object(one)
