"""Transactions: search by any identifier, one document, its story, its postings, its payload."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import transactions as acts
from control_plane.acts.door import Hand, record
from control_plane.api import answers
from control_plane.api.acting import Acting, Acts, Deed, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import Listing, Pager, Text, moment, number_of, texts
from control_plane.api.next_act import next_act
from control_plane.api.problem_json import ProblemError, not_found
from control_plane.api.schemas import (
    Because,
    Found,
    Lookup,
    LookupAnswer,
    Page,
    PayloadView,
    PostingView,
    ReplayAsOf,
    Timeline,
    TransactionDetail,
    TransactionSummary,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act, may
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import OPEN, Place, State
from control_plane.engine.parts import Unit
from control_plane.store import lineage, postings
from control_plane.store.lineage import Kind
from control_plane.store.queries import search
from control_plane.store.queries.search import Wanted
from control_plane.store.tables import ExceptionCaseRow, LineageRow, PayloadRow, TransactionRow

router: Final = APIRouter(prefix="/v1/transactions", tags=["transactions"], route_class=StrictRoute)

_PAYLOAD_READERS: Final = (Act.CLAIM, Act.APPROVE, Act.LIFT_HOLD)
"""Who works on documents may see them as they came; who only looks at figures may not."""


class TransactionFilters(Listing):
    """Which transactions."""

    q: Text = ""
    flow: Text = ""
    legal_entity_id: Text = ""
    connection: Text = ""
    target: Text = ""
    source_system: Text = ""
    currency: Text = ""
    cohort: Text = ""
    posting_period: Text = ""
    reason: Text = ""
    sla_status: Text = ""
    state: State | None = None
    place: Place | None = None
    is_open: bool | None = None


@router.get("")
def list_transactions(
    asks: Asks, request: Request, response: Response, wanted: Annotated[TransactionFilters, Query()]
) -> Page[TransactionSummary]:
    """List transactions, newest first."""
    pager = Pager(asks, request, wanted)
    with asks.services.database.read() as session:
        rows = search.transactions(
            session, asks.scope(), _wanted(session, asks, wanted), before=pager.before, limit=pager.asked
        )
        shown, cursor = pager.cut(rows, lambda row: [row.id], response)
        items = [answers.transaction_summary(row, asks.group_currency) for row in shown]
        return Page(items=items, next_cursor=cursor, **moment(session, asks))


@router.post("/lookup")
def look_up(asks: Asks, lookup: Lookup) -> LookupAnswer:
    """Say what each identifier of a pasted list names."""
    with asks.services.database.read() as session:
        scope = asks.scope()
        numbers = search.named(session, scope, lookup.identifiers, sorted(asks.services.flows))
        every = {number for found in numbers.values() for number in found}
        rows = search.transactions(session, scope, Wanted(among=sorted(every)), before=None, limit=len(every))
        shown = {row.id: answers.transaction_summary(row, asks.group_currency) for row in rows}
        items = [
            Found(identifier=given, transactions=[shown[number] for number in numbers[given] if number in shown])
            for given in lookup.identifiers
        ]
        return LookupAnswer(items=items, **moment(session, asks))


@router.get("/{transaction_id}")
def show_transaction(asks: Asks, response: Response, transaction_id: str) -> TransactionDetail:
    """Show all that is known of one transaction but its story."""
    with asks.services.database.read() as session:
        row = _row(session, asks, transaction_id)
        response.headers["etag"] = etag(row.revision)
        return _detail(session, asks, row)


@router.post("/{transaction_id}/replay", response_model=TransactionDetail)
def replay(acting: Acts, transaction_id: str, wanted: ReplayAsOf) -> Response:
    """Deliver the failed document again: as it was bound then, or read and checked anew."""
    number = number_of("txn", transaction_id)

    def done(hand: Hand, revision: int) -> None:
        acts.replay(hand, number, wanted.as_of, revision=revision)

    return _perform(acting, transaction_id, done, wanted.reason)


@router.post("/{transaction_id}/retry-now", response_model=TransactionDetail)
def retry_now(acting: Acts, transaction_id: str, because: Because) -> Response:
    """Send at once what would be tried again later by itself."""
    number = number_of("txn", transaction_id)

    def done(hand: Hand, revision: int) -> None:
        acts.retry_now(hand, number, revision=revision)

    return _perform(acting, transaction_id, done, because.reason)


@router.get("/{transaction_id}/lineage")
def show_lineage(asks: Asks, transaction_id: str) -> Timeline:
    """Tell everything that happened to it, oldest first."""
    with asks.services.database.read() as session:
        row = _row(session, asks, transaction_id)
        return Timeline(items=answers.lineage(lineage.story_of(session, [row.id])), **moment(session, asks))


@router.get("/{transaction_id}/attempts")
def show_attempts(asks: Asks, transaction_id: str) -> Timeline:
    """Tell the calls to the target and their answers, oldest first."""
    with asks.services.database.read() as session:
        row = _row(session, asks, transaction_id)
        story = [entry for entry in lineage.story_of(session, [row.id]) if _is_attempt(entry)]
        return Timeline(items=answers.lineage(story), **moment(session, asks))


@router.get("/{transaction_id}/postings")
def show_postings(asks: Asks, transaction_id: str) -> Page[PostingView]:
    """Show its documents in the target's books."""
    with asks.services.database.read() as session:
        row = _row(session, asks, transaction_id)
        items = [answers.posting(one) for one in postings.rows_of(session, [row.id])]
        return Page(items=items, **moment(session, asks))


@router.get("/{transaction_id}/payload")
def show_payload(asks: Asks, transaction_id: str) -> PayloadView:
    """Show the document as it came; the read is on record."""
    with asks.services.database.write() as session:
        row = _row(session, asks, transaction_id)
        if not any(may(asks.actor, act, row.legal_entity_id) for act in _PAYLOAD_READERS):
            raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "Your roles do not show documents as they came.")
        payload = search.payload(session, row.payload_id)
        if payload is None:
            raise not_found()
        _record_read(session, asks, row)
        return _payload(row, payload)


def _perform(acting: Acting, transaction_id: str, done: Deed, reason: str) -> Response:
    def shown(session: Session) -> tuple[BaseModel, int]:
        row = _row(session, acting.asking, transaction_id)
        return _detail(session, acting.asking, row), row.revision

    return acting.perform(done, shown, reason=reason)


def _wanted(session: Session, asks: Asking, filters: TransactionFilters) -> Wanted:
    among = None
    if filters.q.strip():
        found = search.named(session, asks.scope(), [filters.q], sorted(asks.services.flows))
        among = found[filters.q]
    return Wanted(texts(filters, "q", "place"), filters.place, filters.is_open, among)


def _row(session: Session, asks: Asking, transaction_id: str) -> TransactionRow:
    row = search.transaction(session, asks.scope(), number_of("txn", transaction_id))
    if row is None:
        raise not_found()
    return row


def _detail(session: Session, asks: Asking, row: TransactionRow) -> TransactionDetail:
    case = search.last_case(session, row.id)
    group = asks.group_currency
    outstanding = row.amount_minor if State(row.state) in OPEN else 0
    return TransactionDetail(
        **answers.transaction_summary(row, group).model_dump(),
        **row.model_dump(include=_COPIED),
        supersedes_id=_public(row.supersedes_id),
        linked_id=_public(row.linked_id),
        outstanding=answers.money(outstanding, row.currency),
        next_act=next_act(row, case),
        awaits=[answers.awaited(one) for one in search.awaited(session, row.id)],
        postings=[answers.posting(one) for one in postings.rows_of(session, [row.id])],
        versions=[answers.transaction_summary(one, group) for one in search.versions(session, asks.scope(), row)],
        exception_id=_open_exception(case),
        overrides=row.overrides.split(),
        trace_id=_trace_id(row.trace_context),
    )


_COPIED: Final = {
    "approved_at",
    "first_attempt_at",
    "last_sent_at",
    "recalled_at",
    "flow_version",
    "policy_version",
    "mapping_version",
    "master_data_version",
}


def _open_exception(case: ExceptionCaseRow | None) -> str | None:
    return public_id("exc", case.id) if case is not None and case.resolved_at is None else None


def _public(number: int | None) -> str | None:
    return None if number is None else public_id("txn", number)


def _trace_id(traceparent: str) -> str:
    parts = traceparent.split("-")
    return parts[1] if len(parts) > 1 else ""


def _is_attempt(entry: LineageRow) -> bool:
    has_sent = State.IN_FLIGHT in {entry.from_state, entry.to_state}
    return entry.kind == Kind.ATTEMPT or (entry.kind == Kind.TRANSITION and has_sent)


def _record_read(session: Session, asks: Asking, row: TransactionRow) -> None:
    services = asks.services
    unit = Unit(session, asks.now, services.runtime.ids, services.flows)
    record(
        Hand(unit, asks.actor, services.secrets.audit, asks.request_id),
        name="payload.read",
        object_type="transaction",
        object_id=public_id("txn", row.id),
        legal_entity=row.legal_entity_id,
    )


def _payload(row: TransactionRow, payload: PayloadRow) -> PayloadView:
    return PayloadView(
        transaction_id=public_id("txn", row.id),
        content_type=payload.content_type,
        sha256=payload.sha256,
        recorded_at=payload.recorded_at,
        text=(payload.body or b"").decode(errors="replace"),
        is_erased=payload.body is None,
    )
