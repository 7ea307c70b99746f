"""An exception's states: something that a person must do, and who does it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from control_plane.domain.machine import Arrows, By, ForbiddenTransitionError, check_arrow, hands

CLAIM_LASTS: Final = timedelta(minutes=30)
"""How long a claim stands without work."""
FORM_LASTS: Final = timedelta(minutes=10)
"""How long an open form keeps a claim after its last sign."""
CLAIM_LASTS_AT_MOST: Final = timedelta(hours=8)
"""How long open forms can keep a claim on which nobody works: a forgotten screen owns nothing for ever."""
DEFERS_AT_MOST: Final = timedelta(days=92)
"""How far away an exception can be put: a quarter, so that no close is missed twice."""


class CaseState(StrEnum):
    """What happens next to an exception."""

    NEW = "new"
    """The team owns it; nobody has claimed it."""
    ASSIGNED = "assigned"
    """One person claimed it."""
    IN_PROGRESS = "in_progress"
    """That person works on it."""
    DEFERRED = "deferred"
    """Put aside with a reason until it wakes."""
    PENDING_APPROVAL = "pending_approval"
    """A second person decides."""
    RETRYING = "retrying"
    """The document goes on; its end is the evidence."""
    RESOLVED = "resolved"
    """Evidence is there: a posting number, a read-back, a returned or cancelled version."""
    CLOSED = "closed"
    """Done for good; what comes later is a new one, linked."""
    CANCELLED = "cancelled"
    """Its reason went away before anybody had to act."""
    MERGED = "merged"
    """Told in another exception."""


_C = CaseState
_ENDED_ELSEWHERE: Final = {_C.CANCELLED: hands(By.SYSTEM)}
_TOLD_ELSEWHERE: Final = {**_ENDED_ELSEWHERE, _C.MERGED: hands(By.OWNER)}

CASE_TRANSITIONS: Final[Arrows[CaseState]] = {
    _C.NEW: {_C.ASSIGNED: hands(By.OWNER), _C.RETRYING: hands(By.SYSTEM), **_ENDED_ELSEWHERE},
    _C.ASSIGNED: {
        _C.IN_PROGRESS: hands(By.OWNER),
        _C.ASSIGNED: hands(By.RECEIVER),
        _C.NEW: hands(By.OWNER, By.SYSTEM),
        _C.RETRYING: hands(By.SYSTEM),
        **_TOLD_ELSEWHERE,
    },
    _C.IN_PROGRESS: {
        _C.DEFERRED: hands(By.OWNER),
        _C.PENDING_APPROVAL: hands(By.OWNER),
        _C.RETRYING: hands(By.OWNER, By.SYSTEM),
        _C.ASSIGNED: hands(By.RECEIVER),
        _C.NEW: hands(By.OWNER, By.SYSTEM),
        **_TOLD_ELSEWHERE,
    },
    _C.DEFERRED: {
        _C.IN_PROGRESS: hands(By.OWNER, By.SYSTEM),
        _C.RETRYING: hands(By.SYSTEM),
        **_TOLD_ELSEWHERE,
    },
    _C.PENDING_APPROVAL: {
        _C.RETRYING: hands(By.APPROVER),
        _C.IN_PROGRESS: hands(By.APPROVER, By.OWNER, By.SYSTEM),
        **_ENDED_ELSEWHERE,
    },
    _C.RETRYING: {_C.RESOLVED: hands(By.SYSTEM), _C.IN_PROGRESS: hands(By.SYSTEM), **_ENDED_ELSEWHERE},
    _C.RESOLVED: {_C.CLOSED: hands(By.SYSTEM, By.CONTROLLER), _C.NEW: hands(By.SYSTEM)},
    _C.CLOSED: {},
    _C.CANCELLED: {},
    _C.MERGED: {_C.NEW: hands(By.TEAM, By.SYSTEM), _C.RETRYING: hands(By.SYSTEM), **_ENDED_ELSEWHERE},
}

SETTLED: Final = frozenset({_C.RESOLVED, _C.CLOSED, _C.CANCELLED, _C.MERGED})
"""States in which nobody has to act."""


class ClaimedBySomebodyElseError(ValueError):
    """Another person's claim still stands."""


class NotClaimedByActorError(ValueError):
    """Only the person who claimed the exception may do this."""


class NotExpiredError(ValueError):
    """The claim still stands, or the exception is being worked on."""


class NoWakeTimeError(ValueError):
    """An exception is put aside until a moment in the near future, for a reason."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """An exception as its caller read it, and as it is to be written."""

    id: int
    state: CaseState
    team: str = ""
    """Stays accountable while a person has claimed it."""
    claimed_by: int | None = None
    claimed_at: datetime | None = None
    claim_expires_at: datetime | None = None
    offered_to: int | None = None
    """The person to whom it is handed over, until that person accepts."""
    offered_team: str = ""
    """The same for a team."""
    offer_expires_at: datetime | None = None
    wake_at: datetime | None = None
    defer_reason: str = ""
    merged_into: int | None = None
    attempt: int = 1
    regression_count: int = 0
    """How often it came back after it had been resolved."""
    evidence: str = ""

    @property
    def is_offered(self) -> bool:
        """Return whether it is being handed over."""
        return self.offer_expires_at is not None


def moved(case: CaseFacts, to: CaseState, by: By) -> CaseFacts:
    """Return the exception in its next state, without what that state has no use for.

    Raises:
        ForbiddenTransitionError: the table has no such arrow for this hand.
    """
    check_arrow(CASE_TRANSITIONS, case.state, to, by)
    dropped = {name: empty for kept_in, fields in _KEPT_IN if to not in kept_in for name, empty in fields.items()}
    return replace(case, state=to, **dropped)


_CLAIMED: Final = frozenset({_C.ASSIGNED, _C.IN_PROGRESS, _C.DEFERRED, _C.PENDING_APPROVAL, _C.RETRYING})
_KEPT_IN: Final[tuple[tuple[frozenset[CaseState], Mapping[str, Any]], ...]] = (  # field values
    (_CLAIMED, {"claimed_by": None, "claimed_at": None}),
    (frozenset({_C.ASSIGNED}), {"claim_expires_at": None}),
    (frozenset({_C.ASSIGNED, _C.IN_PROGRESS}), {"offered_to": None, "offered_team": "", "offer_expires_at": None}),
    (frozenset({_C.DEFERRED}), {"wake_at": None, "defer_reason": ""}),
    (frozenset({_C.MERGED}), {"merged_into": None}),
    (frozenset({_C.RESOLVED, _C.CLOSED}), {"evidence": ""}),
)
"""Which states keep which facts; every other state begins without them."""


def claim(case: CaseFacts, person_id: int, *, now: datetime, lasts: timedelta = CLAIM_LASTS) -> CaseFacts:
    """Return the exception claimed by the person; claiming again prolongs the own claim.

    Raises:
        ClaimedBySomebodyElseError: another person has it.
        ForbiddenTransitionError: it cannot be claimed in its state.
    """
    if case.claimed_by not in {None, person_id}:
        raise ClaimedBySomebodyElseError(f"exception {case.id} is claimed by person {case.claimed_by}")
    if case.state is CaseState.IN_PROGRESS and case.claimed_by == person_id:
        return case
    if case.state is CaseState.ASSIGNED and case.claimed_by == person_id:
        return replace(case, claim_expires_at=now + lasts)
    taken = moved(case, CaseState.ASSIGNED, By.OWNER)
    return replace(taken, claimed_by=person_id, claimed_at=now, claim_expires_at=now + lasts)


def keep_open(case: CaseFacts, person_id: int, *, now: datetime) -> CaseFacts:
    """Return the exception whose form is open on the screen of the person: the claim stands a little longer.

    What is in work, or being handed over, does not expire anyway.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
    """
    expires_at = _own(case, person_id).claim_expires_at
    if expires_at is None:
        return case
    last = (case.claimed_at or now) + CLAIM_LASTS_AT_MOST
    return replace(case, claim_expires_at=max(expires_at, min(now + FORM_LASTS, last)))


def start_work(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception in work: the claim stands as long as the work does.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be worked on in its state.
    """
    return moved(_own(case, person_id), CaseState.IN_PROGRESS, By.OWNER)


def defer(case: CaseFacts, person_id: int, *, wake_at: datetime, reason: str, now: datetime) -> CaseFacts:
    """Return the exception put aside, for a reason, until it wakes.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        NoWakeTimeError: the moment is past or too far away, or there is no reason.
        ForbiddenTransitionError: it cannot be deferred in its state.
    """
    if not now < wake_at <= now + DEFERS_AT_MOST or not reason.strip():
        raise NoWakeTimeError(f"exception {case.id} cannot be put aside until {wake_at.isoformat()}")
    aside = moved(_own(case, person_id), CaseState.DEFERRED, By.OWNER)
    return replace(aside, wake_at=wake_at, defer_reason=reason)


def wake(case: CaseFacts) -> CaseFacts:
    """Return a deferred exception back in work.

    Raises:
        ForbiddenTransitionError: it is not deferred.
    """
    return moved(case, CaseState.IN_PROGRESS, By.SYSTEM)


def give_back(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception to its team.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be given back in its state.
    """
    return moved(_own(case, person_id), CaseState.NEW, By.OWNER)


def expire(case: CaseFacts, *, now: datetime) -> CaseFacts:
    """Return an exception whose claim was not worked in time to its team.

    Raises:
        NotExpiredError: the claim still stands.
        ForbiddenTransitionError: it is not claimed.
    """
    if case.claim_expires_at is None or now < case.claim_expires_at:
        raise NotExpiredError(f"the claim on exception {case.id} stands")
    return moved(case, CaseState.NEW, By.SYSTEM)


def take_back(case: CaseFacts) -> CaseFacts:
    """Return the exception of somebody who is away to its team.

    Raises:
        ForbiddenTransitionError: it is not claimed, or waits for something else than its owner.
    """
    return moved(case, CaseState.NEW, By.SYSTEM)


def retry(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception with its document on the way again, by its owner.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be retried in its state.
    """
    return moved(_own(case, person_id), CaseState.RETRYING, By.OWNER)


def propose(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception waiting for a second person, who decides on what its owner proposed.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it is not in work.
    """
    return moved(_own(case, person_id), CaseState.PENDING_APPROVAL, By.OWNER)


def withdraw(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception back in work: its owner took the proposal back.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: nothing is proposed.
    """
    if case.state is not CaseState.PENDING_APPROVAL:
        raise ForbiddenTransitionError(f"exception {case.id} waits for nobody's approval")
    return moved(_own(case, person_id), CaseState.IN_PROGRESS, By.OWNER)


def decide(case: CaseFacts, *, is_approved: bool) -> CaseFacts:
    """Return the exception after the approver's word: its document goes on, or its owner goes on working.

    Raises:
        ForbiddenTransitionError: nothing is proposed.
    """
    return moved(case, CaseState.RETRYING if is_approved else CaseState.IN_PROGRESS, By.APPROVER)


def release(case: CaseFacts) -> CaseFacts:
    """Return the exception whose hold has gone: the document goes on by itself.

    Raises:
        ForbiddenTransitionError: it cannot be released in its state.
    """
    return moved(case, CaseState.RETRYING, By.SYSTEM)


def fail_again(case: CaseFacts) -> CaseFacts:
    """Return a retried exception back in work, one attempt later; with its team where nobody had claimed it.

    Raises:
        ForbiddenTransitionError: it was not being retried.
    """
    again = replace(moved(case, CaseState.IN_PROGRESS, By.SYSTEM), attempt=case.attempt + 1)
    return again if case.claimed_by is not None else moved(again, CaseState.NEW, By.SYSTEM)


def _own(case: CaseFacts, person_id: int) -> CaseFacts:
    if case.claimed_by != person_id:
        raise NotClaimedByActorError(f"exception {case.id} is not claimed by person {person_id}")
    return case
