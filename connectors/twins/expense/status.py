"""The life of a financial document on the expense platform, as one table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class DocStatus(StrEnum):
    """What the platform says about a document; the names are the contract's."""

    DELAYED = "DELAYED"  # approved, not to be fetched yet
    READY = "READY"  # waits to be fetched
    ACKNOWLEDGED = "ACKNOWLEDGED"  # fetched
    POSTING_CONFIRMED_SUCCESS = "POSTING_CONFIRMED_SUCCESS"  # booked by the ERP
    POSTING_CONFIRMED_FAILURE = "POSTING_CONFIRMED_FAILURE"  # refused by the ERP
    PAYMENT_CONFIRMED_SUCCESS = "PAYMENT_CONFIRMED_SUCCESS"  # paid
    PAYMENT_CONFIRMED_REVERSED = "PAYMENT_CONFIRMED_REVERSED"  # the payment was taken back
    PAYMENT_CONFIRMED_OBSOLETE = "PAYMENT_CONFIRMED_OBSOLETE"  # nothing to pay any more
    PAID = "PAID"  # paid by the platform itself
    RECALLED = "RECALLED"  # taken back by the employee or a processor
    VOID = "VOID"
    CANCEL = "CANCEL"
    PENDING_SYSTEM_REFRESH = "PENDING_SYSTEM_REFRESH"  # being rebuilt
    FLAG_DUPLICATE = "FLAG_DUPLICATE"


class Event(StrEnum):
    """What happens to a document."""

    RELEASE = "release"
    ACKNOWLEDGE = "acknowledge"
    CONFIRM_SUCCESS = "confirm_success"
    CONFIRM_FAILURE = "confirm_failure"
    PAY = "pay"
    PAY_PARTIALLY = "pay_partially"
    REVERSE_PAYMENT = "reverse_payment"
    DROP_PAYMENT = "drop_payment"
    RECALL = "recall"


S = DocStatus
_PAYABLE: Final = {
    Event.PAY: S.PAYMENT_CONFIRMED_SUCCESS,
    Event.REVERSE_PAYMENT: S.PAYMENT_CONFIRMED_REVERSED,
    Event.DROP_PAYMENT: S.PAYMENT_CONFIRMED_OBSOLETE,
}
TRANSITIONS: Final[Mapping[DocStatus, Mapping[Event, DocStatus]]] = MappingProxyType(
    {
        S.DELAYED: {Event.RELEASE: S.READY, Event.RECALL: S.RECALLED},
        S.PENDING_SYSTEM_REFRESH: {Event.RELEASE: S.READY, Event.RECALL: S.RECALLED},
        S.READY: {Event.ACKNOWLEDGE: S.ACKNOWLEDGED, Event.RECALL: S.RECALLED},
        S.ACKNOWLEDGED: {
            Event.CONFIRM_SUCCESS: S.POSTING_CONFIRMED_SUCCESS,
            Event.CONFIRM_FAILURE: S.POSTING_CONFIRMED_FAILURE,
            Event.RECALL: S.RECALLED,
        },
        S.POSTING_CONFIRMED_FAILURE: {Event.RECALL: S.RECALLED},
        S.POSTING_CONFIRMED_SUCCESS: {
            **_PAYABLE,
            Event.PAY_PARTIALLY: S.POSTING_CONFIRMED_SUCCESS,
            Event.RECALL: S.RECALLED,
        },
        S.PAYMENT_CONFIRMED_SUCCESS: {Event.REVERSE_PAYMENT: S.PAYMENT_CONFIRMED_REVERSED},
        S.PAYMENT_CONFIRMED_REVERSED: {
            **_PAYABLE,
            Event.PAY_PARTIALLY: S.POSTING_CONFIRMED_SUCCESS,
            Event.RECALL: S.RECALLED,
        },
        S.PAYMENT_CONFIRMED_OBSOLETE: {Event.RECALL: S.RECALLED},
        S.PAID: {},
        S.RECALLED: {},
        S.VOID: {},
        S.CANCEL: {},
        S.FLAG_DUPLICATE: {},
    },
)


def after(status: DocStatus, event: Event) -> DocStatus | None:
    """Return the status after an event, or None: the event cannot happen now."""
    return TRANSITIONS[status].get(event)
