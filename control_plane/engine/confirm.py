"""Confirm: tell the source what became of its documents, as a linked flow of its own."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import orjson

from connectors.canonical.money import Money
from connectors.contract import Confirmation, ConfirmationKind, Posting, Recall, Receipt, ReceiptStatus, Source
from connectors.failures import Failure
from control_plane.domain.machine import By
from control_plane.domain.retry import RetryPolicy, next_attempt_at
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import permits, recall, trouble
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.policy import retry_of
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION, POSTING_CONFIRMATION
from control_plane.store import connections, lineage, payloads, postings, queue, transactions, transitions
from control_plane.store.tables import LineageRow
from control_plane.store.transactions import Birth, Work
from control_plane.store.transitions import Change
from control_plane.telemetry import traces

LOG: Final = logging.getLogger(__name__)

FLOWS: Final = (PAYMENT_CONFIRMATION.name, POSTING_CONFIRMATION.name)

CONSUMER: Final = "confirm"
KIND_OF: Final[Mapping[State, ConfirmationKind]] = {
    State.POSTED: ConfirmationKind.POSTED,
    State.RETURNED_TO_SOURCE: ConfirmationKind.RETURNED,
}
NOT_YET: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Telling:
    """Something to tell the source about one of its documents, once per key."""

    work: Work
    kind: ConfirmationKind
    key: str
    flow: str = POSTING_CONFIRMATION.name
    amount: Money | None = None
    paid_on: date | None = None
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Errand:
    """A leased confirmation, with what it tells."""

    work: Work
    confirmation: Confirmation


async def note_outcomes(parts: Parts) -> int:
    """Turn recorded postings and returns into confirmations; return how many there were."""
    return await parts.write(_note_outcomes)


def _note_outcomes(unit: Unit) -> int:
    states = sorted({state.value for flow in unit.flows.values() for state in flow.confirms})
    unread = lineage.unread(unit.session, CONSUMER, to_states=states, limit=500, except_from=unit.untold)
    if unread is None:
        return 0
    ended = [entry for entry in unread.entries if _is_told(unit, entry)]
    works = {work.id: work for work in transactions.by_ids(unit.session, [entry.transaction_id for entry in ended])}
    bear(unit, [_telling(entry, works[entry.transaction_id]) for entry in ended])
    lineage.advance(unit.session, CONSUMER, unread.until, now=unit.now)
    return len(ended)


def _telling(entry: LineageRow, work: Work) -> Telling:
    because = str(entry.facts.get("because", ""))
    key = f"{entry.to_state}:{entry.fence}"
    return Telling(work, KIND_OF[State(entry.to_state)], key=key, messages=(because,) if because else ())


def _is_told(unit: Unit, entry: LineageRow) -> bool:
    flow = unit.flows.get(entry.flow)
    return flow is not None and entry.to_state in flow.confirms


def bear(unit: Unit, tellings: Sequence[Telling]) -> None:
    """Bear the confirmations, ready to be sent, linked to the transactions that they tell about.

    None is born for a source that is not told: it would never be sent.
    """
    tellings = [one for one in tellings if one.work.connection not in unit.untold]
    bodies = [payloads.Payload("confirmation", "application/json", encode(one)) for one in tellings]
    numbers = payloads.put(unit.session, unit.ids, bodies, now=unit.now)
    births = [Birth(_row(unit, one, number)) for one, number in zip(tellings, numbers, strict=True)]
    transactions.bear(unit.session, births, unit.ids, now=unit.now)


async def confirm(parts: Parts) -> int:
    """Send the confirmations that are due; return how many were leased."""
    until = parts.runtime.now() + parts.settings.lease
    errands = await parts.write(lambda unit: _lease(unit, parts, until))
    for name in sorted({errand.work.target for errand in errands}):
        mine = [errand for errand in errands if errand.work.target == name]
        receipts = await _send(parts, name, mine, until)
        await parts.write(partial(_settle, parts, list(zip(mine, receipts, strict=True))))
    return len(errands)


def _lease(unit: Unit, parts: Parts, until: datetime) -> list[Errand]:
    sources = {name for name, connector in parts.connectors.items() if connector.source is not None}
    works = [
        work
        for target in permits.open_now(unit, parts, sources - connections.paused(unit.session))
        for work in queue.lease(
            unit.session,
            unit.ids,
            queue.Wanted(target, FLOWS, parts.settings.batch),
            owner=parts.incarnation,
            now=unit.now,
            until=until,
        )
    ]
    if not works:
        return []
    bodies = payloads.bodies(unit.session, [work.intents_payload_id or 0 for work in works])
    rows = postings.rows_of(unit.session, [work.linked_id for work in works if work.linked_id is not None])
    booked: dict[int, list[Posting]] = {}
    for row in rows:
        if not row.reverses:
            booked.setdefault(row.transaction_id, []).append(postings.posting_of(row))
    return [
        Errand(work, _decode(work, bodies[work.intents_payload_id or 0], booked.get(work.linked_id or 0, [])))
        for work in works
    ]


async def _send(parts: Parts, connection: str, errands: Sequence[Errand], until: datetime) -> list[Receipt]:
    with traces.act("confirm", connection, [errand.work for errand in errands]) as span:
        receipts = await _confirm(parts, connection, [errand.confirmation for errand in errands], until)
        traces.tell_outcomes(span, [receipt.status for receipt in receipts])
    return receipts


async def _confirm(
    parts: Parts, connection: str, confirmations: Sequence[Confirmation], until: datetime
) -> list[Receipt]:
    source = cast("Source", parts.connectors[connection].source)  # only those with a source are leased for
    try:
        confirmed = partial(source.confirm, confirmations)
        receipts = await permits.call(parts, connection, confirmed, latest=until, is_ordinary=True)
    except Exception:  # confirmations are idempotent: told again later
        LOG.exception("connector failed while confirming", extra={"documents": len(confirmations)})
        return [Receipt(one.source_document_id, ReceiptStatus.LATER) for one in confirmations]
    if isinstance(receipts, Failure):
        return [Receipt(one.source_document_id, ReceiptStatus.LATER, receipts) for one in confirmations]
    return receipts


def _settle(parts: Parts, pairs: Sequence[tuple[Errand, Receipt]], unit: Unit) -> None:
    patience = {flow: retry_of(unit, flow) for flow in {errand.work.seen.flow for errand, _ in pairs}}
    changes = [
        _change(unit, errand.work, receipt, patience[errand.work.seen.flow], parts.runtime.random())
        for errand, receipt in pairs
    ]
    recorded = transitions.record(unit.session, changes, unit.ids)
    kept = [(errand.work, receipt) for errand, receipt in pairs if errand.work.id in recorded.applied]
    refused = [(work, receipt) for work, receipt in kept if receipt.status is ReceiptStatus.REFUSED]
    trouble.open_cases(unit, [trouble.Trouble(work, (_refusal(receipt),), step="confirm") for work, receipt in refused])
    for work, receipt in kept:
        if receipt.failure is not None:
            trouble.pause_if_hopeless(unit, work.target, receipt.failure)
    told = {work.id: "confirmed to the source" for work, receipt in kept if receipt.status is ReceiptStatus.DONE}
    trouble.resolve_cases(unit, told)
    recalled = [work for work, receipt in kept if receipt.status is ReceiptStatus.RECALLED]
    failed = transactions.by_ids(unit.session, [work.id for work in recalled])
    transitions.record(unit.session, [_withdrawn(unit, work) for work in failed], unit.ids)
    recall.recall(
        unit, [Recall(work.source_system, work.source_id, work.source_document_id, unit.now) for work in recalled]
    )


def _withdrawn(unit: Unit, work: Work) -> Change:
    """Return the end of a confirmation whose document was taken back: it must not hold up what is told next."""
    taken = transition(work.seen, State.CANCELLED, reason=Reason.RECALLED, by=By.SOURCE, now=unit.now)
    return Change(taken, name="recall", sets={"recalled_at": unit.now, "sla_next_at": None})


def _change(unit: Unit, work: Work, receipt: Receipt, policy: RetryPolicy, jitter: float) -> Change:
    match receipt.status:
        case ReceiptStatus.DONE:
            return _moved(unit, work, State.POSTED, Reason.NONE)
        case ReceiptStatus.RECALLED:
            return _moved(unit, work, State.FAILED, Reason.RECALLED)
        case ReceiptStatus.REFUSED:
            return _moved(unit, work, State.FAILED, Reason.REJECTED, _refusal(receipt))
        case ReceiptStatus.LATER:
            at = next_attempt_at(
                policy,
                attempt_count=work.attempt_count,
                first_attempt_at=work.first_attempt_at or unit.now,
                retry_after=None,
                now=unit.now,
                jitter=jitter,
                kind=None if receipt.failure is None else receipt.failure.kind,
                code="" if receipt.failure is None else receipt.failure.code,
            )
            return _moved(unit, work, State.READY, Reason.RETRY, receipt.failure, priority_at=at or unit.now + NOT_YET)


def _moved(
    unit: Unit,
    work: Work,
    to: State,
    reason: Reason,
    failure: Failure | None = None,
    **sets: Any,  # column values
) -> Change:
    taken = transition(work.seen, to, reason=reason, by=By.LEASE, now=unit.now)
    code = "" if failure is None else failure.code
    return Change(taken, name=code or to.value, sets=sets, failure_code=code)


def _refusal(receipt: Receipt) -> Failure:
    return receipt.failure or Failure("confirmation_refused", {"problem": "without a reason"})


def _row(unit: Unit, one: Telling, payload_id: int) -> dict[str, Any]:  # column values
    work, seen = one.work, one.work.seen
    amount = one.amount or Money(seen.amount_minor, seen.currency)
    return {
        "id": unit.ids.draw(),
        "flow": one.flow,
        "connection": work.connection,
        "target": work.connection,
        "legal_entity_id": seen.legal_entity_id,
        "source_system": work.source_system,
        "source_id": work.source_id,
        "source_document_id": work.source_document_id,
        "document_number": work.document_number,
        "business_reference": f"{work.business_reference}:{one.kind.value}:{one.key}",
        "order_key": f"confirmation|{work.source_system}|{work.source_id}",
        "state": State.READY.value,
        "reason": Reason.NEW.value,
        "currency": amount.currency,
        "amount_minor": amount.minor,
        "cohort": seen.cohort,
        "posting_period": seen.posting_period,
        "received_at": unit.now,
        "updated_at": unit.now,
        "priority_at": unit.now,
        "payload_id": payload_id,
        "intents_payload_id": payload_id,
        "linked_id": work.id,
        "trace_context": work.trace_context,
    }


def encode(one: Telling) -> bytes:
    """Return what is told, as it is kept with the confirmation."""
    amount = None if one.amount is None else [one.amount.minor, one.amount.currency]
    told = {"kind": one.kind.value, "amount": amount, "paid_on": one.paid_on, "messages": one.messages}
    return orjson.dumps(told)


def _decode(work: Work, body: bytes, booked: Sequence[Posting]) -> Confirmation:
    told = orjson.loads(body)
    return Confirmation(
        source_document_id=work.source_document_id,
        kind=ConfirmationKind(told["kind"]),
        postings=tuple(booked),
        messages=tuple(told["messages"]),
        paid_on=None if told["paid_on"] is None else date.fromisoformat(told["paid_on"]),
        amount=None if told["amount"] is None else Money(*told["amount"]),
    )
