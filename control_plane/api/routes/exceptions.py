"""Exceptions: what to do next, and who does it."""

from datetime import datetime, time, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from control_plane.acts.possible import acts_on
from control_plane.api import answers, told_causes
from control_plane.api.acting import etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.cursors import Position, moment_of
from control_plane.api.lists import Filters, Listing, Pager, Text, moment, number_of, texts
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import (
    ExceptionDetail,
    ExceptionFigures,
    ExceptionSummary,
    Page,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain.exception_case import CaseState
from control_plane.flows import CONFIRMATIONS
from control_plane.store import people, routing, transactions
from control_plane.store.queries import causes, desk, search
from control_plane.store.queries.desk import Place, Shown, Wanted

router: Final = APIRouter(prefix="/v1", tags=["exceptions"], route_class=StrictRoute)


class DeskFilters(Filters):
    """Whose exceptions, and where."""

    team: Text = ""
    legal_entity_id: Text = ""
    flow: Text = ""
    code: Text = ""


class ExceptionFilters(Listing, DeskFilters):
    """Which exceptions."""

    q: Text = ""
    connection: Text = ""
    kind: Text = ""
    fingerprint: Text = ""
    record_domain: Text = ""
    record_code: Text = ""
    state: CaseState | None = None
    mine: bool | None = None
    is_claimed: bool | None = None
    is_offered_to_me: bool | None = None
    is_open: bool | None = True


@router.get("/exceptions")
def list_exceptions(
    asks: Asks, request: Request, response: Response, wanted: Annotated[ExceptionFilters, Query()]
) -> Page[ExceptionSummary]:
    """List exceptions, the one due first on top."""
    pager = Pager(asks, request, wanted)
    with asks.services.database.read() as session:
        rows = desk.exceptions(
            session, asks.scope(), _wanted(session, asks, wanted), after=_after(pager), limit=pager.asked
        )
        shown, cursor = pager.cut(rows, _place, response)
        items = [answers.exception_summary(one, asks.group_currency) for one in shown]
        return Page(items=items, next_cursor=cursor, **moment(session, asks))


@router.get("/exceptions/figures")
def show_figures(asks: Asks, wanted: Annotated[DeskFilters, Query()]) -> ExceptionFigures:
    """Show the three numbers above the exceptions."""
    scope, equal, me = asks.scope(), texts(wanted), asks.actor.person_id
    with asks.services.database.read() as session:
        worth = partial(desk.worth, session, scope, confirmations=() if wanted.flow else CONFIRMATIONS)
        mine = worth(Wanted(equal, claimed_by=me), due_before=_end_of_day(asks.now))
        top = causes.lines(session, scope, Wanted(equal), limit=1)
        return ExceptionFigures(
            mine_due_today=answers.totals(mine, asks.group_currency),
            unclaimed=answers.totals(worth(Wanted(equal, is_claimed=False)), asks.group_currency),
            open=answers.totals(worth(Wanted(equal)), asks.group_currency),
            top_cause=told_causes.line(top[0], asks.group_currency) if top else None,
            **moment(session, asks),
        )


@router.get("/exceptions/{exception_id}")
def show_exception(asks: Asks, response: Response, exception_id: str) -> ExceptionDetail:
    """Show one exception with its document and what you may do."""
    with asks.services.database.read() as session:
        detail = detail_of(session, asks, number_of("exc", exception_id))
        response.headers["etag"] = etag(detail.revision)
        return detail


def detail_of(session: Session, asks: Asking, case_id: int) -> ExceptionDetail:
    """Return one exception as the asker may see it.

    Raises:
        ProblemError: 404; it does not exist, or is out of reach.
    """
    scope, group = asks.scope(), asks.group_currency
    shown = desk.exception(session, scope, case_id)
    if shown is None:
        raise not_found()
    row = shown.row
    document = transactions.row_of(session, row.transaction_id) if row.transaction_id else None
    offered_to = None if row.offered_to is None else people.by_id(session, row.offered_to)
    teams = routing.current(session).teams_of(asks.actor.login) if row.offered_team else frozenset[str]()
    return ExceptionDetail(
        **answers.exception_summary(shown, group).model_dump(),
        values=row.values,
        transaction=None if document is None else answers.transaction_summary(document, group),
        offered_to=None if offered_to is None else answers.person(offered_to),
        acts=acts_on(asks.actor, row, document, teams),
        same_cause_count=desk.same_cause_count(session, scope, row.fingerprint),
    )


def _wanted(session: Session, asks: Asking, filters: ExceptionFilters) -> Wanted:
    named = None
    if filters.q.strip():
        found = search.named(session, asks.scope(), [filters.q], sorted(asks.services.flows))
        named = tuple(found[filters.q])
    return Wanted(
        equal=texts(filters, "q"),
        is_open=filters.is_open,
        is_claimed=filters.is_claimed,
        claimed_by=asks.actor.person_id if filters.mine else None,
        offered_to=asks.actor.person_id if filters.is_offered_to_me else None,
        offered_teams=routing.current(session).teams_of(asks.actor.login) if filters.is_offered_to_me else frozenset(),
        transactions=named,
    )


def _after(pager: Pager) -> Place | None:
    position = pager.position
    return None if position is None else Place(moment_of(position[0]), int(position[1] or 0))


def _place(shown: Shown) -> Position:
    return [shown.place.due_at.isoformat(), shown.place.case_id]


def _end_of_day(now: datetime) -> datetime:
    return datetime.combine(now.date(), time(), tzinfo=now.tzinfo) + timedelta(days=1)
