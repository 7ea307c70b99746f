"""Pasted lists into claim and hand-over."""

from collections.abc import Callable, Sequence
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import listed as acts
from control_plane.acts.door import Hand
from control_plane.acts.listed import Line, Outcome
from control_plane.api import answers
from control_plane.api.acting import Acting, Begins
from control_plane.api.schemas import ListedAnswer, ListedClaim, ListedHandOver, ListedLine
from control_plane.api.strict import StrictRoute

router: Final = APIRouter(prefix="/v1/exceptions", tags=["exceptions"], route_class=StrictRoute)


@router.post("/claim-listed", response_model=ListedAnswer)
def claim_listed(begins: Begins, wanted: ListedClaim) -> Response:
    """Claim what a pasted list names, each by itself."""
    return _perform(begins, lambda hand: acts.claim(hand, _once(wanted)))


@router.post("/hand-over-listed", response_model=ListedAnswer)
def hand_over_listed(begins: Begins, wanted: ListedHandOver) -> Response:
    """Hand over what a pasted list names, each by itself; what nobody has is claimed first."""

    def deed(hand: Hand) -> list[Line]:
        return acts.hand_over(hand, _once(wanted), person=wanted.person, team=wanted.team)

    return _perform(begins, deed, wanted.reason)


def _once(wanted: ListedClaim) -> Sequence[str]:
    return list(dict.fromkeys(wanted.identifiers))


def _perform(begins: Acting, deed: Callable[[Hand], list[Line]], reason: str = "") -> Response:
    lines: list[Line] = []

    def done(hand: Hand, _revision: int) -> None:
        lines.extend(deed(hand))

    def shown(_session: Session) -> tuple[BaseModel, int]:
        return _answer(lines), 0

    return begins.perform(done, shown, reason=reason)


def _answer(lines: Sequence[Line]) -> ListedAnswer:
    unknown = [line.identifier for line in lines if line.outcome is Outcome.UNKNOWN]
    return ListedAnswer(
        items=[
            ListedLine(
                identifier=line.identifier,
                outcome=line.outcome.value,
                exception_id=answers.exception_id(line.exception_id),
                why=line.why,
            )
            for line in lines
        ],
        found_count=len({line.identifier for line in lines} - set(unknown)),
        unknown=unknown,
    )
