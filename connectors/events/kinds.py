"""The events that we take: what each carries, and what its attributes say already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final  # JSON and JSON Schema

from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.contract import Envelope, Payment, Recall
from connectors.events.words import (
    AMOUNT_SCHEMA,
    CURRENCY_SCHEMA,
    DATE_SCHEMA,
    MINOR,
    MONTH_SCHEMA,
    NUMBER_SCHEMA,
    Fact,
    Schema,
    fact,
)

AMOUNTS: Final[Mapping[Domain, tuple[str, str]]] = {
    Domain.APPROVAL_HIERARCHY: ("limit", "currency"),
    Domain.PROJECT: ("budget", "budget_currency"),
}
"""The attribute of a list that is an amount, and the one that names its currency."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: its fact, and the fields that the event's attributes give."""

    fact: Fact
    given: Mapping[str, str]
    """By field, the attribute of the envelope."""
    rules: Schema
    """What the fact's own types do not say."""

    def attributes_of(self, envelope: Envelope) -> Mapping[str, Any]:  # values of fields
        """Return the fields that the envelope says."""
        return {name: getattr(envelope, attribute) for name, attribute in self.given.items()}


def _kind(carried: type, given: Mapping[str, str], rules: Schema | None = None) -> Kind:
    return Kind(fact(carried, without=given.keys()), given, rules or {})


def _list_of(domain: Domain, properties: Mapping[str, Schema], **demands: Any) -> Schema:  # JSON Schema's own words
    """Return the rule for the attributes of one list."""
    return {
        "if": {"properties": {"domain": {"const": domain.value}}},
        "then": {"properties": {"attributes": {"properties": properties, **demands}}},
    }


_ATTRIBUTES: Final[Schema] = {
    "properties": {"attributes": {"propertyNames": {"maxLength": 100, "not": {"pattern": f"{MINOR}$"}}}},
    "allOf": [
        *(
            _list_of(domain, {name: AMOUNT_SCHEMA, currency: CURRENCY_SCHEMA}, dependentRequired={name: [currency]})
            for domain, (name, currency) in AMOUNTS.items()
        ),
        _list_of(Domain.PERIOD, {"start": DATE_SCHEMA, "end": DATE_SCHEMA}, required=["start", "end"]),
        _list_of(
            Domain.RATE,
            {"from": CURRENCY_SCHEMA, "to": CURRENCY_SCHEMA, "period": MONTH_SCHEMA, "rate": NUMBER_SCHEMA},
            required=["from", "to", "period", "rate"],
        ),
    ],
}
"""A list's own facts are texts; those that are amounts, days and rates are exact all the same."""

_OBJECT: Final = {"source_system": "source", "source_id": "subject"}

KINDS: Final[Mapping[EventType, Kind]] = {
    EventType.EXPENSE_REPORT_APPROVED: _kind(ExpenseReport, {**_OBJECT, "source_document_id": "id"}),
    EventType.EXPENSE_REPORT_RECALLED: _kind(Recall, {**_OBJECT, "recalled_at": "time"}),
    EventType.MASTER_DATA_CHANGED: _kind(MasterRecord, {}, _ATTRIBUTES),
    EventType.PAYMENT_CONFIRMED: _kind(Payment, {}),
}


def schema_of(event: EventType) -> Schema:
    """Return the JSON Schema of an event's data."""
    kind = KINDS[event]
    said = ", ".join(f"{attribute} ({name})" for name, attribute in kind.given.items())
    data = kind.fact.schema
    comment = {"$comment": f"The event's own attributes say: {said}."} if said else {}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tieout:event:{event.value}",
        "title": event.value,
        **comment,
        **data,
        **_merged(data, kind.rules),
    }


def _merged(data: Schema, rules: Schema) -> Schema:
    """Return the rules with what they add to the properties put beside what stands there."""
    added = rules.get("properties", {})
    properties = {name: {**schema, **added.get(name, {})} for name, schema in data["properties"].items()}
    return {**rules, "properties": properties}
