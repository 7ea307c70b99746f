"""The acts on an exception, each a sub-resource in the imperative."""

from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import claims, exception_cases, merging
from control_plane.acts.door import Hand
from control_plane.api.acting import Acting, Acts
from control_plane.api.lists import number_of
from control_plane.api.routes.exceptions import detail_of
from control_plane.api.schemas import Because, Deferral, DuplicateOf, ExceptionDetail, HandOver, MergeInto
from control_plane.api.strict import StrictRoute

router: Final = APIRouter(prefix="/v1/exceptions/{exception_id}", tags=["exceptions"], route_class=StrictRoute)


@router.post("/claim", response_model=ExceptionDetail)
def claim(acting: Acts, exception_id: str) -> Response:
    """Take it; of all who try at once, one gets it."""
    return perform(acting, exception_id, claims.claim)


@router.post("/keep-open", response_model=ExceptionDetail)
def keep_open(acting: Acts, exception_id: str) -> Response:
    """Say that its form is open on your screen: your claim does not run out meanwhile, up to 8 hours."""
    return perform(acting, exception_id, claims.keep_open)


@router.post("/start-work", response_model=ExceptionDetail)
def start_work(acting: Acts, exception_id: str) -> Response:
    """Work on it: your claim stands as long as the work does."""
    return perform(acting, exception_id, claims.start_work)


@router.post("/give-back", response_model=ExceptionDetail)
def give_back(acting: Acts, exception_id: str) -> Response:
    """Give it back to its team."""
    return perform(acting, exception_id, claims.give_back)


@router.post("/defer", response_model=ExceptionDetail)
def defer(acting: Acts, exception_id: str, deferral: Deferral) -> Response:
    """Put it aside until a moment, for a reason."""
    return perform(acting, exception_id, partial(claims.defer, wake_at=deferral.wake_at), deferral.reason)


@router.post("/hand-over", response_model=ExceptionDetail)
def hand_over(acting: Acts, exception_id: str, wanted: HandOver) -> Response:
    """Hand it over to a person or a team; it stays yours until somebody accepts it."""
    deed = partial(claims.offer, person=wanted.person, team=wanted.team)
    return perform(acting, exception_id, deed, wanted.reason)


@router.post("/accept-hand-over", response_model=ExceptionDetail)
def accept_hand_over(acting: Acts, exception_id: str) -> Response:
    """Accept what is handed over to you or your team."""
    return perform(acting, exception_id, claims.accept)


@router.post("/refuse-hand-over", response_model=ExceptionDetail)
def refuse_hand_over(acting: Acts, exception_id: str, because: Because) -> Response:
    """Refuse what is handed over to you, or take back what you hand over."""
    return perform(acting, exception_id, claims.refuse, because.reason)


@router.post("/retry", response_model=ExceptionDetail)
def retry(acting: Acts, exception_id: str, because: Because) -> Response:
    """Let the failed document go on unchanged."""
    return perform(acting, exception_id, exception_cases.retry, because.reason)


@router.post("/return-to-source", response_model=ExceptionDetail)
def return_to_source(acting: Acts, exception_id: str, because: Because) -> Response:
    """Give the document back to the system that it came from."""
    return perform(acting, exception_id, exception_cases.return_to_source, because.reason)


@router.post("/release", response_model=ExceptionDetail)
def release(acting: Acts, exception_id: str, because: Because) -> Response:
    """Lift the hold, as the second pair of eyes."""
    return perform(acting, exception_id, exception_cases.release, because.reason)


@router.post("/declare-duplicate", response_model=ExceptionDetail)
def declare_duplicate(acting: Acts, exception_id: str, duplicate: DuplicateOf) -> Response:
    """Declare the document the repetition of another one, as the second pair of eyes."""
    deed = partial(exception_cases.declare_duplicate, of=number_of("txn", duplicate.transaction_id))
    return perform(acting, exception_id, deed, duplicate.reason)


@router.post("/merge", response_model=ExceptionDetail)
def merge(acting: Acts, exception_id: str, wanted: MergeInto) -> Response:
    """Tell it in another one, of the same or of another cause."""
    deed = partial(merging.merge, into=number_of("exc", wanted.into))
    return perform(acting, exception_id, deed, wanted.reason)


@router.post("/un-merge", response_model=ExceptionDetail)
def un_merge(acting: Acts, exception_id: str, because: Because) -> Response:
    """Take it out of the one in which it is told; the two are never merged again."""
    return perform(acting, exception_id, merging.unmerge, because.reason)


@router.post("/close", response_model=ExceptionDetail)
def close(acting: Acts, exception_id: str, because: Because) -> Response:
    """Close what is resolved for good, as a controller."""
    return perform(acting, exception_id, exception_cases.close, because.reason)


def perform(acting: Acting, exception_id: str, deed: Callable[..., None], reason: str = "") -> Response:
    """Do something with an exception once, and answer with it as it is then.

    Raises:
        ProblemError: see `Acting.perform`.
    """
    case_id = number_of("exc", exception_id)

    def done(hand: Hand, revision: int) -> None:
        deed(hand, case_id, revision=revision)

    def shown(session: Session) -> tuple[BaseModel, int]:
        detail = detail_of(session, acting.asking, case_id)
        return detail, detail.revision

    return acting.perform(done, shown, reason=reason)
