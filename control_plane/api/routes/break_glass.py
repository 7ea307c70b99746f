"""Break-glass: take a role in an emergency, and the list of what nobody has looked at."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import break_glass as acts
from control_plane.acts.door import Hand
from control_plane.api import answers
from control_plane.api.acting import Acting, Acts, Begins, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import Filters, number_of
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import Because, BreakGlassDetail, BreakGlasses, BreakGlassView, Emergency, Review
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.engine.parts import Unit
from control_plane.store import break_glass
from control_plane.store.tables import BreakGlassRow

router: Final = APIRouter(prefix="/v1/break-glass", tags=["break-glass"], route_class=StrictRoute)


class BreakGlassFilters(Filters):
    """Which of them."""

    is_reviewed: bool | None = None


@router.get("")
def list_break_glass(asks: Asks, wanted: Annotated[BreakGlassFilters, Query()]) -> BreakGlasses:
    """List the roles that were taken in an emergency, those that you may know of."""
    with asks.services.database.read() as session:
        hand = _hand(session, asks)
        rows = break_glass.listed(session, asks.scope(), is_reviewed=wanted.is_reviewed)
        return BreakGlasses(
            items=[_view(hand, row) for row in rows if acts.sees(asks.actor, row)],
            unreviewed_count=break_glass.unreviewed_count(session, asks.scope(), now=asks.now),
        )


@router.get("/{break_glass_id}")
def show_break_glass(asks: Asks, response: Response, break_glass_id: str) -> BreakGlassDetail:
    """Show one with everything that the person did while it lasted."""
    with asks.services.database.read() as session:
        detail = _detail(session, asks, number_of(acts.PREFIX, break_glass_id))
        response.headers["etag"] = etag(detail.revision)
        return detail


@router.post("", response_model=BreakGlassDetail)
def take(acting: Begins, emergency: Emergency) -> Response:
    """Take a role for a while; somebody else looks at it afterwards."""
    grant = Grant(emergency.role, emergency.legal_entity_id)
    taken: list[int] = []

    def done(hand: Hand, _revision: int) -> None:
        taken.append(acts.take(hand, grant, lasts=timedelta(minutes=emergency.minutes)))

    def shown(session: Session) -> tuple[BaseModel, int]:
        detail = _detail(session, acting.asking, taken[-1])
        return detail, detail.revision

    return acting.perform(done, shown, reason=emergency.reason)


@router.post("/{break_glass_id}/give-back", response_model=BreakGlassDetail)
def give_back(acting: Acts, break_glass_id: str, because: Because) -> Response:
    """End your own before its time."""
    return _perform(acting, break_glass_id, acts.give_back, because.reason)


@router.post("/{break_glass_id}/review", response_model=BreakGlassDetail)
def review(acting: Acts, break_glass_id: str, said: Review) -> Response:
    """Say of somebody else's whether it was taken and used for good reason."""
    return _perform(acting, break_glass_id, partial(acts.review, was_justified=said.was_justified), said.reason)


def _perform(acting: Acting, break_glass_id: str, deed: Callable[..., None], reason: str) -> Response:
    number = number_of(acts.PREFIX, break_glass_id)

    def done(hand: Hand, revision: int) -> None:
        deed(hand, number, revision=revision)

    def shown(session: Session) -> tuple[BaseModel, int]:
        detail = _detail(session, acting.asking, number)
        return detail, detail.revision

    return acting.perform(done, shown, reason=reason)


def _detail(session: Session, asks: Asking, number: int) -> BreakGlassDetail:
    row = break_glass.row_of(session, number)
    if row is None or not acts.sees(asks.actor, row):
        raise not_found()
    deeds = [answers.audit_entry(one) for one in break_glass.deeds(session, row)]
    return BreakGlassDetail(**_view(_hand(session, asks), row).model_dump(), deeds=deeds)


def _view(hand: Hand, row: BreakGlassRow) -> BreakGlassView:
    return BreakGlassView(
        id=public_id(acts.PREFIX, row.id),
        role=Role(row.role),
        acts=acts.acts_on(hand, row),
        **row.model_dump(include=set(BreakGlassView.model_fields) - {"id", "role", "acts"}),
    )


def _hand(session: Session, asks: Asking) -> Hand:
    """Return a hand that only looks."""
    return Hand(Unit(session, asks.now, asks.services.runtime.ids, asks.services.flows), asks.actor, b"")
