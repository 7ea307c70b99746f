"""Correct: a document that is wrong gets a corrected version, received anew, and the one before is withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.canonical.expense import ExpenseReport
from connectors.contract import Document, Source, Translation, Unreadable
from connectors.failures import Failure
from control_plane.domain.correction import Change
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.reference import business_reference
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import accept, succeed
from control_plane.engine.parts import Unit
from control_plane.engine.understand import as_corrected, envelope_of
from control_plane.store import (
    corrections,
    exception_cases,
    holds,
    inbox,
    lineage,
    payloads,
    transactions,
    transitions,
)
from control_plane.store.corrections import Correction
from control_plane.store.tables import UNRESOLVED, ApprovalRow, TransactionRow
from control_plane.store.transactions import Birth
from control_plane.store.transitions import Change as StateChange
from control_plane.telemetry import traces

NAME: Final = "correct"

_STAYS: Final = (
    "flow",
    "connection",
    "source_system",
    "source_id",
    "source_document_id",
    "order_key",
    "payload_id",
    "legal_entity_id",
    "due_at",
    "sla_status",
    "sla_next_at",
)
"""What a corrected version has in common with the one before: the envelope, the promise, the place in the order."""


class MovedOnError(Exception):
    """The document is no longer where its correction met it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A correction that may be carried out."""

    document: TransactionRow
    changes: tuple[Change, ...]
    approval: ApprovalRow
    """Who proposed it, why, and who agreed."""
    by: By
    actor: str
    """Who carries it out: the maker, or who approved it."""


def as_it_stands(unit: Unit, source: Source, document: TransactionRow) -> Translation:
    """Return what a document says, with the mapping of now and all that was corrected before."""
    header = inbox.headers_of(unit.session, [document.payload_id]).get(document.payload_id)
    body = payloads.bodies(unit.session, [document.payload_id]).get(document.payload_id)
    if header is None or body is None:
        return Unreadable((Failure("unreadable_document", {"problem": "its payload was erased"}),))
    envelope = envelope_of(header, body)
    said = unit.reader.read(document.connection, source, envelope, header.content_sha256)
    kept = corrections.of(unit.session, [document.id]).get(document.id)
    return said if kept is None else as_corrected(said, kept.every)


def correct(unit: Unit, decided: Decided, said: Document) -> int:
    """Bear the corrected version, withdraw the one before it, and return the new one's id.

    The exception goes along: it waits for the corrected version's end.

    Raises:
        MovedOnError: the document has moved on meanwhile.
    """
    document, number = decided.document, unit.ids.draw()
    report = said.content
    assert isinstance(report, ExpenseReport)  # noqa: S101  # what is corrected was read as one
    corrected_by = _correction(decided, number)
    payload_id = corrections.add(unit.session, unit.ids, corrected_by, now=unit.now)
    row = _row(unit, decided, said, report, number)
    transactions.bear(unit.session, [Birth(row, {"corrects": public_id("txn", document.id)})], unit.ids, now=unit.now)
    traces.born(row["trace_context"], number, flow=document.flow, connection=document.connection)
    inbox.follow(unit.session, document.id, number)
    worth = {name: row[name] for name in ("currency", "amount_minor")}
    exception_cases.follow(unit.session, document.id, worth | {"transaction_id": number})
    _withdraw(unit, decided, number)
    lineage.tell(unit.session, [_entry(unit, decided, number, row, payload_id)], unit.ids)
    return number


def _correction(decided: Decided, number: int) -> Correction:
    return Correction(
        transaction_id=number,
        corrects_id=decided.document.id,
        legal_entity_id=decided.document.legal_entity_id,
        reason_code=decided.approval.reason_code,
        reason=decided.approval.reason,
        maker_id=decided.approval.maker_id,
        maker=decided.approval.maker,
        approval_id=decided.approval.id,
        changes=decided.changes,
    )


def _row(
    unit: Unit, decided: Decided, said: Document, report: ExpenseReport, number: int
) -> Mapping[str, Any]:  # column values
    document = decided.document
    flow, entity = unit.flows[document.flow], report.legal_entity_ref or UNRESOLVED
    versions = transactions.versions_of(unit.session, document.flow, [(document.source_system, document.source_id)])
    version = max(one.version for one in versions) + 1
    return {
        **accept.columns_of(said, unit.now),
        **{name: getattr(document, name) for name in _STAYS},
        "id": number,
        "version": version,
        "business_reference": business_reference(
            flow.code, entity, document.source_system, document.source_id, version
        ),
        "state": State.RECEIVED.value,
        "reason": Reason.CORRECTED.value,
        "cohort": document.cohort,
        "received_at": unit.now,
        "updated_at": unit.now,
        "priority_at": unit.now,
        "supersedes_id": document.id,
        "flow_version": flow.version,
        "trace_context": traces.traceparent_of(number),
    }


def _withdraw(unit: Unit, decided: Decided, number: int) -> None:
    document = decided.document
    taken = transition(
        transactions.seen_of(document), State.SUPERSEDED, reason=Reason.CORRECTED, by=decided.by, now=unit.now
    )
    facts = {"because": decided.approval.reason, "corrected_by": public_id("txn", number)}
    change = StateChange(taken, name=NAME, sets={"sla_next_at": None}, facts=facts, actor=decided.actor)
    recorded = transitions.record(unit.session, [change], unit.ids)
    if document.id not in recorded.applied:
        raise MovedOnError(str(document.id))
    holds.replace(unit.session, {document.id: ()})
    succeed.hold_successors(unit, recorded.promoted)


def _entry(
    unit: Unit,
    decided: Decided,
    number: int,
    row: Mapping[str, Any],
    payload_id: int,  # column values
) -> lineage.Entry:
    facts = {
        "corrects": public_id("txn", decided.document.id),
        "fields": [change.path for change in decided.changes],
        "reason_code": decided.approval.reason_code,
        "because": decided.approval.reason,
        "maker": decided.approval.maker,
        "approval": public_id("apr", decided.approval.id),
    }
    return lineage.Entry(
        transaction_id=number,
        legal_entity_id=row["legal_entity_id"],
        flow=row["flow"],
        kind=lineage.Kind.VERSION,
        at=unit.now,
        by=decided.actor,
        name=NAME,
        to_state=State.RECEIVED.value,
        facts=facts,
        payload_id=payload_id,
    )
