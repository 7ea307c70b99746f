"""Accept: an approved document becomes a transaction, one per version, and takes the place of the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.money import NO_CURRENCY
from connectors.contract import Document, Translation, Unreadable
from control_plane.domain import sla
from control_plane.domain.calendar import Calendar, period_of
from control_plane.domain.duplicates import content_hash, merchants_of, receipts_of
from control_plane.domain.reference import business_reference
from control_plane.domain.transaction import Reason, State
from control_plane.engine import succeed
from control_plane.engine.parts import Unit
from control_plane.flows.flow import Flow
from control_plane.store import inbox, transactions
from control_plane.store.tables import UNRESOLVED
from control_plane.store.transactions import Birth
from control_plane.telemetry import traces

OFFICE_HOURS: Final = Calendar()
"""Of a legal entity that has no calendar of its own."""


Clock = tuple[str, str, datetime]
"""Flow, legal entity and the moment of the arrival: the same promise for all that share them."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A new envelope that says something about a document, and the flow it runs through."""

    arrival: inbox.Arrival
    translation: Translation
    flow: Flow


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a business object, as far as it tells which one counts."""

    id: int
    approved_at: datetime | None
    is_taken_back: bool = False


def accept(unit: Unit, connection: str, arrived: Sequence[Arrived]) -> None:
    """Bear a transaction for every new version; one that another replaces is superseded if it may be withdrawn."""
    if not arrived:
        return
    births: list[Birth] = []
    versions, promised = _earlier(unit, arrived), _promised(unit, arrived)
    for one in arrived:
        source, source_id = one.arrival.envelope.source, _source_id(one)
        before = versions.setdefault((one.flow.name, source, source_id), [])
        row = _row(unit, connection, one, source_id, before) | promised[_clock_of(one)]
        row["trace_context"] = traces.traceparent_of(row["id"])
        births.append(Birth(row, {"event": one.arrival.envelope.id}))
        before.append(Version(row["id"], row["approved_at"]))
    transactions.bear(unit.session, births, unit.ids, now=unit.now)
    for birth in births:
        _tell_birth(birth.row)
    replaced = [one.id for all_of_one in versions.values() for one in replaced_of(all_of_one)]
    succeed.supersede(unit, transactions.by_ids(unit.session, replaced))


def replaced_of(versions: Sequence[Version]) -> list[Version]:
    """Return the versions that another one replaces.

    The one that arrived last counts, unless it was approved before another one: then it came late. What the source
    has taken back replaces nothing.
    """
    counting: Version | None = None
    for one in versions:
        if counting is None or counting.is_taken_back or not _came_late(one, counting):
            counting = one
    return [one for one in versions if one is not counting]


def _came_late(one: Version, than: Version) -> bool:
    return one.approved_at is not None and than.approved_at is not None and one.approved_at < than.approved_at


def _tell_birth(row: Mapping[str, Any]) -> None:  # column values
    traces.born(row["trace_context"], row["id"], flow=row["flow"], connection=row["connection"])


def _earlier(unit: Unit, arrived: Sequence[Arrived]) -> dict[tuple[str, str, str], list[Version]]:
    found: dict[tuple[str, str, str], list[Version]] = {}
    for name in sorted({one.flow.name for one in arrived}):
        objects = [(one.arrival.envelope.source, _source_id(one)) for one in arrived if one.flow.name == name]
        for work in transactions.versions_of(unit.session, name, objects):
            is_taken_back = work.recalled_at is not None or work.seen.state is State.CANCELLED
            version = Version(work.id, work.approved_at, is_taken_back)
            found.setdefault((name, work.source_system, work.source_id), []).append(version)
    return found


def _clock_of(one: Arrived) -> Clock:
    return one.flow.name, one.arrival.legal_entity_id, one.arrival.received_at


def _promised(unit: Unit, arrived: Sequence[Arrived]) -> dict[Clock, dict[str, Any]]:  # column values
    """Return what is promised to the documents of each clock, as it stands in their rows."""
    return {clock: _promise(unit, one) for clock, one in {_clock_of(one): one for one in arrived}.items()}


def _promise(unit: Unit, one: Arrived) -> dict[str, Any]:  # column values
    calendar = unit.calendars.get(one.arrival.legal_entity_id, OFFICE_HOURS)
    promise = sla.promise(one.flow.policy.sla, calendar, started_at=one.arrival.received_at)
    return {"due_at": promise.due_at, "sla_status": sla.SlaStatus.ON_TIME.value, "sla_next_at": promise.at_risk_at}


def _row(
    unit: Unit, connection: str, one: Arrived, source_id: str, before: Sequence[Version]
) -> dict[str, Any]:  # column values
    arrival, flow = one.arrival, one.flow
    source, version = arrival.envelope.source, len(before) + 1
    return {
        "id": arrival.transaction_id,
        "flow": flow.name,
        "connection": connection,
        "source_system": source,
        "source_id": source_id,
        "source_document_id": arrival.envelope.id,
        "version": version,
        "business_reference": business_reference(flow.code, arrival.legal_entity_id, source, source_id, version),
        "order_key": f"{flow.name}|{source}|{source_id}",
        "state": State.RECEIVED.value,
        "reason": Reason.NEW.value,
        "received_at": arrival.received_at,
        "updated_at": unit.now,
        "priority_at": unit.now,
        "payload_id": arrival.payload_id,
        "legal_entity_id": arrival.legal_entity_id,
        "supersedes_id": before[-1].id if before else None,
        "flow_version": flow.version,
        **columns_of(one.translation, unit.now),
    }


def columns_of(translation: Translation, now: datetime) -> Mapping[str, Any]:  # column values
    """Return what a document says, as it stands in its transaction's row.

    Raises:
        NoDocumentError: it is no document of a flow.
    """
    match translation:
        case Document(content=ExpenseReport() as report, mapping_version=mapping):
            return _report(report, now) | {"mapping_version": mapping}
        case Unreadable():
            return _UNREADABLE | {
                "document_number": translation.document_number,
                "cohort": period_of(now.date()),
                "legal_entity_id": translation.legal_entity_ref or UNRESOLVED,
            }
        case _:
            raise NoDocumentError(f"{type(translation).__name__} is no document of a flow")


class NoDocumentError(ValueError):
    """A connector sent something else under a flow's event type."""


_UNREADABLE: Final[dict[str, Any]] = {  # column values
    "currency": NO_CURRENCY,
    "amount_minor": 0,
    "counterparty": "",
    "document_date": None,
    "approved_at": None,
    "content_hash": "",
    "marks": {},
    "is_test": False,
    "mapping_version": "",
}


def _report(report: ExpenseReport, now: datetime) -> dict[str, Any]:  # column values
    return {
        "document_number": report.document_number,
        "currency": report.total.currency,
        "amount_minor": report.total.minor,
        "counterparty": report.employee.employee_ref,
        "cohort": period_of((report.approved_at or now).date()),
        "document_date": report.document_date,
        "approved_at": report.approved_at,
        "content_hash": content_hash(report),
        "marks": {"merchants": sorted(merchants_of(report)), "receipts": sorted(receipts_of(report))},
        "is_test": report.is_test,
    }


def _source_id(one: Arrived) -> str:
    match one.translation:
        case Document(content=ExpenseReport(source_id=source_id)) | Unreadable(source_id=source_id) if source_id:
            return source_id
        case _:
            return one.arrival.envelope.subject or one.arrival.envelope.id
