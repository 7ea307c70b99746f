"""The sandbox ERP's master data and payments, from its pages to facts in our words."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from connectors.canonical.events import EventType
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import InexactAmountError, Money, UnknownCurrencyError, parse_minor
from connectors.contract import Document, Envelope, Page, Payment, PaymentStatus, Translation, Unreadable
from connectors.failures import Failure
from connectors.sandbox_erp import wire

MAPPING_VERSION: Final = "sandbox_erp/1"
EXPENSES: Final = "ap"
"""The subledger whose periods are those of expenses; another one's stand beside them as `2026-03-gl`."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PAYMENT_STATUS: Final[Mapping[str, PaymentStatus]] = {
    "full": PaymentStatus.PAID,
    "partial": PaymentStatus.PARTIAL,
    "reversed": PaymentStatus.REVERSED,
}
_AMOUNTS: Final[Mapping[Domain, tuple[str, str]]] = {
    Domain.APPROVAL_HIERARCHY: ("limit", "currency"),
    Domain.PROJECT: ("budget", "budget_currency"),
}
"""The attribute that is an amount, and the one that names its currency."""


def page_of_records(page: wire.Items, source: str, cursor: str) -> Page:
    """Return a page of master data. The cursor is the ERP's watermark: no two records share one."""
    envelopes = tuple(_envelope(item, source, EventType.MASTER_DATA_CHANGED) for item in page.items)
    return Page(envelopes, cursor=page.watermark or cursor, has_more=page.next_cursor is not None)


def page_of_payments(page: wire.Payments, source: str) -> Page:
    """Return a page of payments. The cursor is the last one's id."""
    envelopes = tuple(_envelope(item, source, EventType.PAYMENT_CONFIRMED) for item in page.payments)
    return Page(envelopes, cursor=str(page.last), has_more=page.more)


def translation_of(envelope: Envelope) -> Translation:
    """Return what an envelope says in our words."""
    read = _READERS.get(envelope.type, _unknown_type)
    content = read(envelope.payload)
    if isinstance(content, Failure):
        return Unreadable((content,), source_id=envelope.subject)
    return Document(envelope.type, content, MAPPING_VERSION)


def _envelope(item: Mapping[str, Any], source: str, event: EventType) -> Envelope:
    """Keep an item as it came, under an id that it has again when it comes again unchanged."""
    payload = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    subject = ":".join(str(item[key]) for key in ("domain", "company", "code", "number") if item.get(key))
    digest = hashlib.sha256(payload).hexdigest()
    changed_at = _moment(item.get("modified_at") or item.get("booked_at"))
    return Envelope(f"{subject}:{digest}", source, event, subject, changed_at, payload)


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return _EPOCH
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _payment(payload: bytes) -> Payment | Failure:
    payment = wire.read(wire.Payment, payload)
    if isinstance(payment, wire.Misfit):
        return _misfit(payment)
    minor = _minor(payment.amount, payment.currency)
    if isinstance(minor, Failure):
        return minor
    return Payment(
        reference=payment.reference or "",
        source_document=payment.source_document or "",
        erp_document_number=payment.number or "",
        status=_PAYMENT_STATUS[payment.kind],
        amount=Money(minor, payment.currency),
        paid_on=payment.paid_on,
    )


def _record(payload: bytes) -> MasterRecord | Failure:
    item = wire.read(wire.Item, payload)
    if isinstance(item, wire.Misfit):
        return _misfit(item)
    attributes = _attributes(item)
    if isinstance(attributes, Failure):
        return attributes
    is_period = item.domain is Domain.PERIOD
    return MasterRecord(
        domain=item.domain,
        code=_period_code(item) if is_period else item.code,
        name=item.name,
        active=item.active and (not is_period or attributes.get("status") == "open"),
        attributes=attributes,
        legal_entity="" if item.domain is Domain.LEGAL_ENTITY else item.company or "",
        valid_from=item.valid_from,
        valid_to=item.valid_to,
        source_updated_at=item.modified_at,
    )


def _period_code(item: wire.Item) -> str:
    month = f"{item.valid_from:%Y-%m}" if item.valid_from else item.code
    subledger = str(item.attributes.get("subledger", EXPENSES))
    return month if subledger == EXPENSES else f"{month}-{subledger}"


def _attributes(item: wire.Item) -> dict[str, str] | Failure:
    texts = {name: _text(value) for name, value in item.attributes.items() if value is not None}
    days = {"start": item.valid_from, "end": item.valid_to} if item.domain is Domain.PERIOD else {}
    texts |= {name: day.isoformat() for name, day in days.items() if day}
    name, currency = _AMOUNTS.get(item.domain, ("", ""))
    if name not in texts:
        return texts
    minor = _minor(texts.pop(name), texts.get(currency, ""))
    return minor if isinstance(minor, Failure) else {**texts, f"{name}_minor": str(minor)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _minor(amount: str, currency: str) -> int | Failure:
    try:
        return parse_minor(amount, currency)
    except UnknownCurrencyError as error:
        return Failure("unknown_currency", {"currency": currency}, field_path="currency", detail=str(error))
    except InexactAmountError as error:
        values = {"value": amount, "currency": currency}
        return Failure("inexact_amount", values, field_path="amount", detail=str(error))


def _misfit(misfit: wire.Misfit) -> Failure:
    values = {"problem": misfit.problem, "field": misfit.field}
    return Failure("schema_violation", values, field_path=misfit.field)


def _unknown_type(_: bytes) -> Failure:
    return _misfit(wire.Misfit("type", "the ERP sends no such events"))


_READERS: Final[Mapping[str, Callable[[bytes], Payment | MasterRecord | Failure]]] = {
    EventType.MASTER_DATA_CHANGED: _record,
    EventType.PAYMENT_CONFIRMED: _payment,
}
