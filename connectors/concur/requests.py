"""What we tell the platform, in the shape of its contract."""

from collections.abc import Mapping
from typing import Any, Final  # a JSON body may hold anything

import orjson

from connectors.contract import Confirmation, ConfirmationKind, Posting

_LONGEST_MESSAGE: Final = 1300
"""The platform's limit for one text."""

PAYMENT_STATUS: Final[Mapping[ConfirmationKind, str]] = {
    ConfirmationKind.PAID: "CP",
    ConfirmationKind.PARTIALLY_PAID: "PP",
    ConfirmationKind.PAYMENT_REVERSED: "RE",
    ConfirmationKind.OBSOLETE: "OB",
}
"""The other kinds are confirmations of the posting."""

_Json = Mapping[str, Any]  # an object of a body


def posting_confirmation(doc_id: str, confirmation: Confirmation) -> _Json:
    """Return how the posting of one document ended: booked, or given back with our reasons."""
    is_posted = confirmation.kind is ConfirmationKind.POSTED
    return {
        "docId": doc_id,
        "overallPostingStatusCode": "success" if is_posted else "error",
        "postingDocs": [_posting_document(posting) for posting in confirmation.postings] if is_posted else [],
        "systemMessages": [_system_message(message) for message in confirmation.messages],
    }


def payment_confirmation(doc_id: str, confirmation: Confirmation) -> _Json:
    """Return what was paid of one document and which posting the payment clears."""
    return {
        "docId": doc_id,
        "processingStatusCode": PAYMENT_STATUS[confirmation.kind],
        "additionalMessage": " ".join(confirmation.messages)[:_LONGEST_MESSAGE],
        "clearingDetails": [_clearing_detail(confirmation, posting) for posting in confirmation.postings[:1]],
    }


def _posting_document(posting: Posting) -> _Json:
    return {
        "companyId": posting.company,
        "documentNumber": posting.number,
        "fiscalYear": posting.fiscal_year,
        "postingDate": posting.posting_date.isoformat(),
        "paymentRelevantLineItems": [],
    }


def _system_message(message: str) -> _Json:
    return {
        "concurTransactionLineItemId": "",
        "messageId": "TIEOUT",
        "messageLanguage": "EN",
        "messageShortText": message[:_LONGEST_MESSAGE],
        "messageLongText": "",
    }


def _clearing_detail(confirmation: Confirmation, posting: Posting) -> _Json:
    amount = confirmation.amount
    paid_on = confirmation.paid_on.isoformat() if confirmation.paid_on else ""
    status = PAYMENT_STATUS[confirmation.kind]
    return {
        "clearingDate": f"{paid_on}T00:00:00.000Z" if paid_on else None,
        "clearingAmount": orjson.Fragment(amount.decimal) if amount else None,
        "clearingCurrency": amount.currency if amount else None,
        "clearingReference": {
            "companyCode": posting.company,
            "financialDocumentId": posting.number,
            "fiscalYear": posting.fiscal_year,
            "paymentRef": f"{posting.company}/{posting.number}/{posting.fiscal_year}/{status}/{paid_on}",
        },
    }
