"""Causes: what open exceptions have in common, what cured it before, and what people know of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlmodel import Session

from connectors.failures import CATALOG
from control_plane.acts import causes as acts
from control_plane.acts.door import Hand
from control_plane.api import answers, told_causes
from control_plane.api.acting import Acting, Acts, Deed, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import moment, texts
from control_plane.api.problem_json import not_found
from control_plane.api.routes.exceptions import DeskFilters
from control_plane.api.schemas import Because, CauseDetail, Causes, MergeCause, NoteText
from control_plane.api.strict import StrictRoute
from control_plane.domain.cause import FINGERPRINT_VERSION, cause_in
from control_plane.store import causes as kept
from control_plane.store.queries import causes, desk
from control_plane.store.queries.desk import Wanted

router: Final = APIRouter(prefix="/v1", tags=["causes"], route_class=StrictRoute)

SHOWN: Final = 50
"""Exceptions and lines on the page of one cause."""


@router.get("/causes")
def list_causes(asks: Asks, wanted: Annotated[DeskFilters, Query()]) -> Causes:
    """List what open exceptions have in common, a line for each record that blocks, the largest amount first."""
    with asks.services.database.read() as session:
        found = causes.lines(session, asks.scope(), Wanted(texts(wanted)))
        items = [told_causes.line(one, asks.group_currency) for one in found]
        return Causes(items=items, **moment(session, asks))


@router.get("/causes/{fingerprint}")
def show_cause(asks: Asks, response: Response, fingerprint: str) -> CauseDetail:
    """Show one cause: what it blocks, what cured it before, what people wrote, and what you may do."""
    with asks.services.database.read() as session:
        detail = _detail(session, asks, fingerprint)
        response.headers["etag"] = etag(detail.revision)
        return detail


@router.post("/causes/{fingerprint}/note", response_model=CauseDetail)
def note(acting: Acts, fingerprint: str, written: NoteText) -> Response:
    """Write a note that stays with the cause."""

    def deed(hand: Hand, revision: int) -> None:
        acts.note(hand, fingerprint, written.text, revision=revision)

    return _perform(acting, fingerprint, deed)


@router.post("/causes/{fingerprint}/merge", response_model=CauseDetail)
def merge(acting: Acts, fingerprint: str, wanted: MergeCause) -> Response:
    """Tell the cause in another one."""

    def deed(hand: Hand, revision: int) -> None:
        acts.merge(hand, fingerprint, wanted.into, revision=revision)

    return _perform(acting, fingerprint, deed, wanted.reason)


@router.post("/causes/{fingerprint}/unmerge", response_model=CauseDetail)
def unmerge(acting: Acts, fingerprint: str, because: Because) -> Response:
    """Take the cause out of the one in which it is told, for good."""

    def deed(hand: Hand, revision: int) -> None:
        acts.unmerge(hand, fingerprint, revision=revision)

    return _perform(acting, fingerprint, deed, because.reason)


def _perform(acting: Acting, fingerprint: str, deed: Deed, reason: str = "") -> Response:
    def shown(session: Session) -> tuple[BaseModel, int]:
        detail = _detail(session, acting.asking, fingerprint)
        return detail, detail.revision

    return acting.perform(deed, shown, reason=reason)


def _detail(session: Session, asks: Asking, fingerprint: str) -> CauseDetail:
    merged = kept.merged(session)
    told_here = sorted(one for one, into in merged.items() if into == fingerprint)
    every = [fingerprint, *told_here]
    newest = causes.newest(session, asks.scope(), every)
    if newest is None:
        raise not_found()
    cause = cause_in(newest.flow, newest.step, newest.kind, newest.code, newest.field_path)
    wanted = Wanted(fingerprints=(fingerprint, *told_here))
    lines = causes.lines(session, asks.scope(), wanted, limit=SHOWN)
    first = desk.exceptions(session, asks.scope(), wanted, after=None, limit=SHOWN)
    treated = causes.treated(session, asks.scope(), every)
    return CauseDetail(
        fingerprint=fingerprint,
        clear=cause.clear,
        version=FINGERPRINT_VERSION,
        runbook=CATALOG.get(newest.code, CATALOG["unlisted_failure"]).remedy,
        totals=answers.totals(desk.worth(session, asks.scope(), wanted), asks.group_currency),
        due_at=first[0].row.due_at if first else None,
        lines=[told_causes.line(one, asks.group_currency) for one in lines],
        exceptions=[answers.exception_summary(one, asks.group_currency) for one in first],
        cures=told_causes.cures(treated),
        episodes=told_causes.episodes(treated),
        notes=told_causes.notes(kept.notes(session, every)),
        decisions=told_causes.decisions(kept.decisions(session, fingerprint)),
        merged=told_here,
        merged_into=merged.get(fingerprint),
        acts=acts.acts_on(asks.actor, is_merged=fingerprint in merged),
        revision=kept.revision(session, fingerprint),
        **newest.model_dump(include={"flow", "code", "kind", "step", "field_path"}),
        **moment(session, asks),
    )
