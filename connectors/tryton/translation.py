"""Tryton's records as envelopes, kept as they came, and what they say in our words."""

from typing import Final

from connectors.canonical.events import EventType
from connectors.canonical.master_data import Domain
from connectors.contract import Content, Document, Envelope, Translation, Unreadable
from connectors.failures import Failure
from connectors.tryton import payments
from connectors.tryton.master_data import LISTINGS
from connectors.tryton.wire import Row, UnclearAnswerError, Values, dumped, parsed

MAPPING_VERSION: Final = "tryton/1"


def envelope_of_record(source: str, domain: Domain, row: Row) -> Envelope:
    """Return a record of master data as it came; it has the same id as long as nobody touches it."""
    changed_at = row["last_modified_at"]
    return Envelope(
        id=f"{domain}/{row['id']}/{changed_at.isoformat()}",
        source=source,
        type=EventType.MASTER_DATA_CHANGED,
        subject=f"{domain}/{row['id']}",
        time=changed_at,
        payload=dumped({"list": domain.value, "record": row}),
    )


def envelope_of_payment(source: str, payload: Values) -> Envelope:
    """Return a move and its owed lines as they came."""
    move = payload["move"]
    return Envelope(
        id=payments.key_of(payload),
        source=source,
        type=EventType.PAYMENT_CONFIRMED,
        subject=f"payment/{move['id']}",
        time=max(line["last_modified_at"] for line in payload["lines"]),
        payload=dumped(payload),
    )


def translation_of(envelope: Envelope) -> Translation:
    """Return what an envelope says; one that does not hold what Tryton sends is unreadable."""
    try:
        content = _content(envelope)
    except (UnclearAnswerError, LookupError, TypeError, ValueError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        return Unreadable((Failure("unreadable_document", {"problem": problem}),), source_id=envelope.subject)
    return Document(envelope.type, content, MAPPING_VERSION)


def _content(envelope: Envelope) -> Content:
    payload = parsed(envelope.payload)
    if envelope.type == EventType.PAYMENT_CONFIRMED:
        return payments.payment_of(payload)
    return LISTINGS[Domain(payload["list"])].record(payload["record"])
