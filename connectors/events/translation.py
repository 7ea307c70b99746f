"""What an event says in our facts. Pure: the same bytes always give the same answer."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final  # a JSON value may be anything

import jsonschema_rs

from connectors.canonical.events import EventType
from connectors.canonical.master_data import MasterRecord
from connectors.contract import Document, Envelope, Translation, Unreadable
from connectors.events.kinds import AMOUNTS, KINDS, Kind, schema_of
from connectors.events.wire import UnreadableDataError, read_data
from connectors.events.words import LONGEST_TEXT, MINOR, Reading, path_text
from connectors.failures import Failure

MAPPING_VERSION: Final = "events/1"

_MOST_FAILURES: Final = 10
"""More violations of one document say nothing new."""
_VALIDATORS: Final = {
    event: jsonschema_rs.validator_for(dict(schema_of(event)), mask="a value", validate_formats=True)
    for event in EventType
}
"""Messages name what is wrong and never the value: it may be personal."""

_Json = Mapping[str, Any]  # an object of the event


def translation_of(envelope: Envelope) -> Translation:
    """Return the document that an event carries, or every reason why it cannot be read."""
    try:
        data = read_data(envelope.payload)
        event = EventType(envelope.type)
    except UnreadableDataError as error:
        return _unreadable(envelope, {}, Failure("unreadable_document", {"problem": str(error)}))
    except ValueError:
        return _unreadable(envelope, {}, _violation("type", "nobody agreed on such an event"))
    failures = tuple(_violations(KINDS[event], event, envelope, data))
    if failures:
        return _unreadable(envelope, data, *failures[:_MOST_FAILURES])
    reading = Reading(_currency_of(data))
    content = KINDS[event].fact.read(data, (), reading, **KINDS[event].attributes_of(envelope))
    if isinstance(content, MasterRecord):
        content = _with_minor_amounts(content, reading)
    if reading.failures:
        return _unreadable(envelope, data, *reading.failures[:_MOST_FAILURES])
    return Document(envelope.type, content, MAPPING_VERSION)


def _violations(kind: Kind, event: EventType, envelope: Envelope, data: _Json) -> Iterator[Failure]:
    if "subject" in kind.given.values() and not envelope.subject.strip():
        yield _violation("subject", "the event does not name its business object")
    for error in _VALIDATORS[event].iter_errors(data):
        yield _violation(path_text(error.instance_path), _problem(event, error))


def _problem(event: EventType, error: jsonschema_rs.ValidationError) -> str:
    """Return what is wrong: a pattern says it to machines, its description to people."""
    rule: Any = schema_of(event)
    *way, last = error.schema_path
    for step in way:
        rule = rule[step]
    return f"a value is not {rule['description']}" if last in {"pattern", "format"} else error.message


def _violation(path: str, problem: str) -> Failure:
    named = f"{path}: {problem}" if path else problem
    return Failure("schema_violation", {"problem": named, "field": path or "data"}, field_path=path)


def _currency_of(data: _Json) -> str:
    """Return the currency of a document's amounts; a fact without a total has none of its own."""
    return str(data["total"]["currency"]) if "total" in data else ""


def _with_minor_amounts(record: MasterRecord, reading: Reading) -> MasterRecord:
    """Return the record with its list's amount in minor units, under the name that says so."""
    name, currency = AMOUNTS.get(record.domain, ("", ""))
    if name not in record.attributes:
        return record
    texts = dict(record.attributes)
    minor = reading.minor(texts.pop(name), texts[currency], ("attributes", name))
    return replace(record, attributes={**texts, f"{name}{MINOR}": str(minor)})


def _unreadable(envelope: Envelope, data: _Json, *failures: Failure) -> Unreadable:
    """Return the reasons with what could be read all the same, for its place in the ledger."""
    return Unreadable(
        failures,
        source_id=envelope.subject,
        source_document_id=envelope.id,
        document_number=_named(data, "document_number"),
        legal_entity_ref=_named(data, "legal_entity_ref"),
    )


def _named(data: _Json, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) and len(value) <= LONGEST_TEXT else ""
