"""Who is away, and who does whose work meanwhile."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import presence as acts
from control_plane.acts.door import Hand
from control_plane.acts.presence import Wanted
from control_plane.api.acting import Acting, Begins
from control_plane.api.auth import Asks
from control_plane.api.lists import number_of
from control_plane.api.schemas import AbsenceView, Away, Because, Delegate, DelegationView, Presence
from control_plane.api.strict import StrictRoute
from control_plane.domain.identity import public_id
from control_plane.store import people, presence
from control_plane.store.tables import AbsenceRow, DelegationRow

router: Final = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)


@router.get("/absences")
def show_presence(asks: Asks) -> Presence:
    """Show who is away or will be, and who does whose work."""
    asks.scope()
    with asks.services.database.read() as session:
        return _presence(session, asks.now)


@router.post("/absences", response_model=Presence)
def be_away(begins: Begins, away: Away) -> Response:
    """Be away for a while: what you have claimed goes back to its team then."""
    wanted = Wanted(away.starts_at, away.ends_at)
    return _perform(begins, lambda hand: acts.be_away(hand, wanted, person=away.person), away.reason)


@router.post("/absences/{absence_id}/end", response_model=Presence)
def be_back(begins: Begins, absence_id: str, because: Because) -> Response:
    """Be back earlier, or not go at all."""
    number = number_of("abs", absence_id)
    return _perform(begins, lambda hand: acts.be_back(hand, number), because.reason)


@router.post("/delegations", response_model=Presence)
def delegate(begins: Begins, wanted: Delegate) -> Response:
    """Let a colleague do your work for a while, with your roles."""
    within = Wanted(wanted.starts_at, wanted.ends_at)

    def deed(hand: Hand) -> None:
        acts.delegate(hand, within, to=wanted.to, person=wanted.person)

    return _perform(begins, deed, wanted.reason)


@router.post("/delegations/{delegation_id}/end", response_model=Presence)
def end_delegation(begins: Begins, delegation_id: str, because: Because) -> Response:
    """Do your work yourself again."""
    number = number_of("dlg", delegation_id)
    return _perform(begins, lambda hand: acts.end_delegation(hand, number), because.reason)


def _perform(begins: Acting, deed: Callable[[Hand], object], reason: str) -> Response:
    def done(hand: Hand, _revision: int) -> None:
        deed(hand)

    def shown(session: Session) -> tuple[BaseModel, int]:
        return _presence(session, begins.asking.now), 0

    return begins.perform(done, shown, reason=reason)


def _presence(session: Session, now: datetime) -> Presence:
    absences, delegations = presence.absences(session, now=now), presence.delegations(session, now=now)
    persons = {one.person_id for one in absences} | {
        number for one in delegations for number in (one.person_id, one.to_id)
    }
    logins = people.logins(session, persons)
    return Presence(
        absences=[AbsenceView(**_fields(one, "abs", logins)) for one in absences],
        delegations=[DelegationView(to=logins[one.to_id], **_fields(one, "dlg", logins)) for one in delegations],
    )


def _fields(row: AbsenceRow | DelegationRow, prefix: str, logins: Mapping[int, str]) -> dict[str, Any]:
    """Return what both views show."""
    return {
        "id": public_id(prefix, row.id),
        "person": logins[row.person_id],
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
        "recorded_by": row.recorded_by,
    }
