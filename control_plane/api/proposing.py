"""How every proposal about something new is answered: with what waits for a second person now."""

from collections.abc import Callable, Sequence

from fastapi import Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts.door import Hand
from control_plane.api.acting import Acting
from control_plane.api.schemas import FieldError, Proposed
from control_plane.domain.identity import public_id


def propose(
    begins: Acting, deed: Callable[[Hand], int], reason: str, *, warnings: Sequence[FieldError] = ()
) -> Response:
    """Let a deed propose something, and answer with the proposal's id.

    Raises:
        ProblemError: see `Acting.perform`.
    """
    made: list[int] = []

    def done(hand: Hand, _revision: int) -> None:
        made.append(deed(hand))

    def shown(_session: Session) -> tuple[BaseModel, int]:
        return Proposed(approval_id=public_id("apr", made[0]), warnings=list(warnings)), 1

    return begins.perform(done, shown, reason=reason)
