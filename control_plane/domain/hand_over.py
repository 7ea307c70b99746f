"""An exception on its way from one person to another one or to a team: it arrives only when somebody accepts it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from control_plane.domain.exception_case import CLAIM_LASTS, CaseFacts, CaseState, NotClaimedByActorError, moved
from control_plane.domain.machine import By, ForbiddenTransitionError

OFFER_LASTS: Final = timedelta(hours=4)
"""How long somebody has time to accept, counted in the working hours of who is asked."""

_HANDED_OVER_FROM: Final = frozenset({CaseState.ASSIGNED, CaseState.IN_PROGRESS})


class NotOfferedError(ValueError):
    """It is not handed over to this person."""


class NotOverdueError(ValueError):
    """There is still time to accept."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is asked to take an exception: one person, or anybody of a team."""

    person_id: int | None = None
    team: str = ""


def hand_over(case: CaseFacts, person_id: int, to: Receiver, *, until: datetime) -> CaseFacts:
    """Return the exception offered to somebody; until they accept, it stays with its owner and does not expire.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        NotOfferedError: it is offered to its owner, or to nobody.
        ForbiddenTransitionError: it cannot be handed over in its state.
    """
    if case.claimed_by != person_id:
        raise NotClaimedByActorError(f"exception {case.id} is not claimed by person {person_id}")
    if case.state not in _HANDED_OVER_FROM:
        raise ForbiddenTransitionError(f"exception {case.id} cannot be handed over while {case.state}")
    if to.person_id == person_id or to == Receiver():
        raise NotOfferedError(f"exception {case.id} is handed over to nobody else")
    return replace(case, offered_to=to.person_id, offered_team=to.team, offer_expires_at=until, claim_expires_at=None)


def take_over(case: CaseFacts, person_id: int, *, now: datetime) -> CaseFacts:
    """Return the exception claimed by who does the work of its owner.

    Raises:
        ForbiddenTransitionError: it cannot change hands in its state.
    """
    return replace(_back(moved(case, CaseState.ASSIGNED, By.RECEIVER), now), claimed_by=person_id, claimed_at=now)


def accept(
    case: CaseFacts, person_id: int, *, teams: Collection[str], now: datetime, stands_for: Collection[int] = ()
) -> CaseFacts:
    """Return the exception claimed by who accepts it; a team that was asked is accountable from now on.

    Who accepts is one of these teams, and does the work of those persons.

    Raises:
        NotOfferedError: it is not handed over to this person.
        ForbiddenTransitionError: it cannot change hands in its state.
    """
    is_asked = _is_asked(case, person_id, teams) or (case.is_offered and case.offered_to in stands_for)
    if case.claimed_by == person_id or not is_asked:
        raise NotOfferedError(f"exception {case.id} is not handed over to person {person_id}")
    return replace(take_over(case, person_id, now=now), team=case.offered_team or case.team)


def refuse(case: CaseFacts, person_id: int, *, teams: Collection[str], now: datetime) -> CaseFacts:
    """Return the exception back with its owner at once: who was asked said no, or the owner changed their mind.

    Raises:
        NotOfferedError: it is not handed over to this person, nor by them.
    """
    if not case.is_offered or not (case.claimed_by == person_id or _is_asked(case, person_id, teams)):
        raise NotOfferedError(f"exception {case.id} is not handed over to person {person_id}")
    return _back(case, now)


def bounce(case: CaseFacts, *, now: datetime) -> CaseFacts:
    """Return an exception that nobody accepted in time back with its owner.

    Raises:
        NotOverdueError: there is still time, or it is not handed over.
    """
    if case.offer_expires_at is None or now < case.offer_expires_at:
        raise NotOverdueError(f"exception {case.id} may still be accepted")
    return _back(case, now)


def _is_asked(case: CaseFacts, person_id: int, teams: Collection[str]) -> bool:
    return case.offered_to == person_id or (bool(case.offered_team) and case.offered_team in teams)


def _back(case: CaseFacts, now: datetime) -> CaseFacts:
    expires_at = now + CLAIM_LASTS if case.state is CaseState.ASSIGNED else None
    return replace(case, offered_to=None, offered_team="", offer_expires_at=None, claim_expires_at=expires_at)
