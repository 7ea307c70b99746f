"""Approvals: what waits for whose decision, and the decisions."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import approvals as acts
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import Hand
from control_plane.api import answers
from control_plane.api.acting import Acting, Acts, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.cursors import moment_of
from control_plane.api.lists import Listing, Pager, Text, moment, number_of, texts
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import ApprovalView, Because, DecisionOn, Page
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import EVERYWHERE, Act, may
from control_plane.domain.approval import ApprovalState
from control_plane.domain.identity import public_id
from control_plane.store import approvals
from control_plane.store.approvals import Wanted
from control_plane.store.queries.sums import CurrencySum
from control_plane.store.tables import ApprovalRow

router: Final = APIRouter(prefix="/v1/approvals", tags=["approvals"], route_class=StrictRoute)

PREFIXES: Final[Mapping[str, str]] = {
    "exception": "exc",
    "transaction": "txn",
    "bulk_operation": "blk",
    "person": "per",
}
"""Of the public ids of subjects; others bear the name of their type."""

_CONTENT_READERS: Final = (Act.PROPOSE, Act.APPROVE, Act.CHANGE_POLICY, Act.READ_AUDIT)


class ApprovalFilters(Listing):
    """Which proposals."""

    kind: Text = ""
    legal_entity_id: Text = ""
    state: ApprovalState | None = ApprovalState.OPEN
    mine: bool | None = None
    """True: those that the asker proposed."""
    waiting_for_me: bool | None = None
    """True: those that somebody else proposed where the asker is an approver."""


@router.get("")
def list_approvals(
    asks: Asks, request: Request, response: Response, wanted: Annotated[ApprovalFilters, Query()]
) -> Page[ApprovalView]:
    """List proposals, the one that waits longest on top."""
    pager = Pager(asks, request, wanted)
    scope = EVERYWHERE if wanted.mine else asks.scope(Act.APPROVE if wanted.waiting_for_me else Act.READ)
    with asks.services.database.read() as session:
        position = pager.position
        after = None if position is None else (moment_of(position[0]), int(position[1] or 0))
        rows = approvals.listed(session, scope, _wanted(asks, wanted), after=after, limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda row: [row.proposed_at.isoformat(), row.id], response)
        items = [view_of(asks, row) for row in shown]
        return Page(items=items, next_cursor=cursor, **moment(session, asks))


@router.get("/{approval_id}")
def show_approval(asks: Asks, response: Response, approval_id: str) -> ApprovalView:
    """Show one proposal with what you may do."""
    with asks.services.database.read() as session:
        row = _row(session, asks, approval_id)
        response.headers["etag"] = etag(row.revision)
        return view_of(asks, row)


@router.post("/{approval_id}/approve", response_model=ApprovalView)
def approve(acting: Acts, approval_id: str, decision: DecisionOn) -> Response:
    """Agree as the second person: what was proposed is done at once."""
    return _decide(acting, approval_id, decision, acts.approve)


@router.post("/{approval_id}/refuse", response_model=ApprovalView)
def refuse(acting: Acts, approval_id: str, decision: DecisionOn) -> Response:
    """Disagree as the second person."""
    return _decide(acting, approval_id, decision, acts.refuse)


@router.post("/{approval_id}/withdraw", response_model=ApprovalView)
def withdraw(acting: Acts, approval_id: str, because: Because) -> Response:
    """Take the own proposal back."""

    def deed(hand: Hand, number: int, revision: int) -> None:
        acts.withdraw(hand, number, revision=revision, consequences=CONSEQUENCES)

    return _perform(acting, approval_id, deed, because.reason)


def _decide(acting: Acting, approval_id: str, decision: DecisionOn, decide: Callable[..., None]) -> Response:
    def deed(hand: Hand, number: int, revision: int) -> None:
        decide(hand, number, revision=revision, content_sha256=decision.content_sha256, consequences=CONSEQUENCES)

    return _perform(acting, approval_id, deed, decision.reason)


def _perform(acting: Acting, approval_id: str, deed: Callable[[Hand, int, int], None], reason: str) -> Response:
    number = number_of("apr", approval_id)

    def done(hand: Hand, revision: int) -> None:
        deed(hand, number, revision)

    def shown(session: Session) -> tuple[BaseModel, int]:
        row = _row(session, acting.asking, approval_id)
        return view_of(acting.asking, row), row.revision

    return acting.perform(done, shown, reason=reason)


def _row(session: Session, asks: Asking, approval_id: str) -> ApprovalRow:
    row = approvals.row_of(session, number_of("apr", approval_id))
    if row is None or not (_is_own(asks, row) or asks.scope().includes(row.legal_entity_id)):
        raise not_found()
    return row


def view_of(asks: Asking, row: ApprovalRow) -> ApprovalView:
    """Return a proposal as the asker may see it."""
    shows_content = _is_own(asks, row) or any(may(asks.actor, act, row.legal_entity_id) for act in _CONTENT_READERS)
    return ApprovalView(
        id=public_id("apr", row.id),
        subject_id=public_id(PREFIXES.get(row.subject_type, row.subject_type), row.subject_id),
        state=ApprovalState(row.state),
        content=row.content if shows_content else None,
        amount=answers.amount(CurrencySum(row.currency, 1, row.amount_minor, row.group_minor), asks.group_currency),
        acts=acts.acts_on(asks.actor, row),
        objection=acts.objection_to(asks.actor, row),
        **row.model_dump(include=_COPIED),
    )


_COPIED: Final = set(ApprovalRow.model_fields) & set(ApprovalView.model_fields) - {
    "id",
    "subject_id",
    "state",
    "content",
}


def _is_own(asks: Asking, row: ApprovalRow) -> bool:
    return row.maker_id == asks.actor.person_id


def _wanted(asks: Asking, filters: ApprovalFilters) -> Wanted:
    return Wanted(
        equal=texts(filters),
        maker_id=asks.actor.person_id if filters.mine else None,
        not_by=asks.actor.persons if filters.waiting_for_me else frozenset(),
    )
