"""Bulk operations: plan, start, watch, and the acts on a running one."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import bulk as acts
from control_plane.acts.bulk import PREFIX, Order
from control_plane.acts.door import Hand
from control_plane.api import answers
from control_plane.api.acting import Acting, Acts, Begins, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import Listing, Pager, moment, number_of, texts
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import (
    Because,
    BulkFigures,
    BulkItemView,
    BulkOperationDetail,
    BulkOperationView,
    BulkPlan,
    BulkProgress,
    Page,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain.bulk import BulkAct, BulkState, ItemState, Tally
from control_plane.domain.bulk_plan import Selection
from control_plane.domain.identity import public_id
from control_plane.store import bulk
from control_plane.store.queries import bulk as queries
from control_plane.store.queries.sums import CurrencySum
from control_plane.store.tables import BulkItemRow, BulkOperationRow

router: Final = APIRouter(prefix="/v1/bulk-operations", tags=["bulk operations"], route_class=StrictRoute)

_FILTERS: Final = frozenset(
    {"fingerprint", "record_domain", "record_code", "code", "kind", "flow", "team", "legal_entity_id", "connection"}
)

_PARAMETERS: Final[Mapping[BulkAct, set[str]]] = {
    BulkAct.CORRECT: {"changes", "reason_code"},
    BulkAct.REPLAY: {"as_of"},
}
"""What an act needs to know beside the exception."""


class BulkFilters(Listing):
    """Which operations."""

    state: BulkState | None = None
    act: BulkAct | None = None
    mine: bool | None = None


class BulkItemFilters(Listing):
    """Which items."""

    state: ItemState | None = None


@router.post("", response_model=BulkOperationDetail)
def plan(begins: Begins, planned: BulkPlan) -> Response:
    """Freeze what fits now; above a governed limit a second person has to agree before it starts."""
    filters = {name: value for name, value in planned.model_dump(include=set(_FILTERS)).items() if value}
    selection = Selection(filters, tuple(dict.fromkeys(planned.identifiers)))
    order = Order(planned.act, selection, planned.model_dump(mode="json", include=_PARAMETERS.get(planned.act, set())))
    made: list[int] = []

    def done(hand: Hand, _revision: int) -> None:
        made.append(acts.plan(hand, order))

    return begins.perform(done, lambda session: _shown(session, begins.asking, made[0]), reason=planned.reason)


@router.get("")
def list_bulk_operations(
    asks: Asks, request: Request, response: Response, wanted: Annotated[BulkFilters, Query()]
) -> Page[BulkOperationView]:
    """List operations, the newest first."""
    pager = Pager(asks, request, wanted)
    me = asks.actor.person_id
    with asks.services.database.read() as session:
        rows = queries.operations(
            session, asks.scope(), me, texts(wanted), is_mine=wanted.mine, before=pager.before, limit=pager.asked
        )
        shown, cursor = pager.cut(rows, lambda row: [row.id], response)
        tallies = queries.tallies(session, [row.id for row in shown])
        items = [BulkOperationView(**_fields(asks, row, tallies[row.id])) for row in shown]
        return Page(items=items, next_cursor=cursor, **moment(session, asks))


@router.get("/{operation_id}")
def show_bulk_operation(asks: Asks, response: Response, operation_id: str) -> BulkOperationDetail:
    """Show one operation: its plan, how far it is, and what you may do."""
    with asks.services.database.read() as session:
        row = _row(session, asks, number_of(PREFIX, operation_id))
        response.headers["etag"] = etag(row.revision)
        return _detail(session, asks, row)


@router.get("/{operation_id}/items")
def list_bulk_items(
    asks: Asks, request: Request, response: Response, operation_id: str, wanted: Annotated[BulkItemFilters, Query()]
) -> Page[BulkItemView]:
    """List its items in the order in which they are done."""
    pager = Pager(asks, request, wanted)
    with asks.services.database.read() as session:
        row = _row(session, asks, number_of(PREFIX, operation_id))
        rows = queries.items(session, row.id, wanted.state, after=pager.before or 0, limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda item: [item.position], response)
        return Page(items=[_item(asks, one) for one in shown], next_cursor=cursor, **moment(session, asks))


@router.post("/{operation_id}/start", response_model=BulkOperationDetail)
def start(acting: Acts, operation_id: str, because: Because) -> Response:
    """Begin with a single document; refused with the difference where the set is no longer the same."""
    return _perform(acting, operation_id, acts.start, because.reason)


@router.post("/{operation_id}/pause", response_model=BulkOperationDetail)
def pause(acting: Acts, operation_id: str, because: Because) -> Response:
    """Begin nothing more; what is on its way comes to its end."""
    return _perform(acting, operation_id, acts.pause, because.reason)


@router.post("/{operation_id}/resume", response_model=BulkOperationDetail)
def resume(acting: Acts, operation_id: str, because: Because) -> Response:
    """Go on, with a single document first."""
    return _perform(acting, operation_id, acts.resume, because.reason)


@router.post("/{operation_id}/cancel", response_model=BulkOperationDetail)
def cancel(acting: Acts, operation_id: str, because: Because) -> Response:
    """End it for good: what was not begun is skipped."""
    return _perform(acting, operation_id, acts.cancel, because.reason)


def _perform(acting: Acting, operation_id: str, deed: Callable[..., None], reason: str) -> Response:
    number = number_of(PREFIX, operation_id)

    def done(hand: Hand, revision: int) -> None:
        deed(hand, number, revision=revision)

    return acting.perform(done, lambda session: _shown(session, acting.asking, number), reason=reason)


def _shown(session: Session, asks: Asking, number: int) -> tuple[BaseModel, int]:
    row = _row(session, asks, number)
    return _detail(session, asks, row), row.revision


def _row(session: Session, asks: Asking, number: int) -> BulkOperationRow:
    row = bulk.row_of(session, number)
    if row is None or not acts.is_in_reach(asks.actor, row):
        raise not_found()
    return row


def _detail(session: Session, asks: Asking, row: BulkOperationRow) -> BulkOperationDetail:
    return BulkOperationDetail(**_fields(asks, row, queries.tally(session, row.id)), **moment(session, asks))


def _fields(asks: Asking, row: BulkOperationRow, tally: Tally) -> dict[str, Any]:  # the fields of BulkOperationView
    copied = set(BulkOperationView.model_fields) & set(BulkOperationRow.model_fields)
    amounts = [CurrencySum(**one) for one in row.plan["amounts"]]
    return {
        **row.model_dump(include=copied),
        "id": public_id(PREFIX, row.id),
        "plan": BulkFigures(**{**row.plan, "amounts": answers.totals(amounts, asks.group_currency)}),
        "progress": BulkProgress(total=row.item_count, **{state.value: tally[state] for state in ItemState}),
        "approval_id": None if row.approval_id is None else public_id("apr", row.approval_id),
        "stop_reason": row.stop_reason or None,
        "acts": acts.acts_on(asks.actor, row),
    }


def _item(asks: Asking, row: BulkItemRow) -> BulkItemView:
    copied = set(BulkItemView.model_fields) & set(BulkItemRow.model_fields)
    amount = CurrencySum(row.currency, 1, row.amount_minor, row.group_minor)
    return BulkItemView(
        **row.model_dump(include=copied - {"transaction_id"}),
        exception_id=public_id("exc", row.case_id),
        transaction_id=None if row.transaction_id is None else public_id("txn", row.transaction_id),
        amount=answers.amount(amount, asks.group_currency),
    )
