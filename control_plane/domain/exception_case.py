"""An exception's states: something that a person must do, and who does it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from control_plane.domain.machine import Arrows, By, check_arrow, hands

CLAIM_LASTS: Final = timedelta(minutes=30)
"""How long a claim stands without work."""


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
_ENDED_ELSEWHERE: Final = {_C.CANCELLED: hands(By.SYSTEM), _C.MERGED: hands(By.SYSTEM, By.OWNER)}

CASE_TRANSITIONS: Final[Arrows[CaseState]] = {
    _C.NEW: {_C.ASSIGNED: hands(By.OWNER), _C.RETRYING: hands(By.SYSTEM), **_ENDED_ELSEWHERE},
    _C.ASSIGNED: {
        _C.IN_PROGRESS: hands(By.OWNER),
        _C.NEW: hands(By.OWNER, By.SYSTEM),
        _C.RETRYING: hands(By.SYSTEM),
        **_ENDED_ELSEWHERE,
    },
    _C.IN_PROGRESS: {
        _C.DEFERRED: hands(By.OWNER),
        _C.PENDING_APPROVAL: hands(By.OWNER),
        _C.RETRYING: hands(By.OWNER, By.SYSTEM),
        _C.NEW: hands(By.OWNER, By.SYSTEM),
        **_ENDED_ELSEWHERE,
    },
    _C.DEFERRED: {
        _C.IN_PROGRESS: hands(By.OWNER, By.SYSTEM),
        _C.RETRYING: hands(By.SYSTEM),
        **_ENDED_ELSEWHERE,
    },
    _C.PENDING_APPROVAL: {
        _C.RETRYING: hands(By.APPROVER),
        _C.IN_PROGRESS: hands(By.APPROVER),
        **_ENDED_ELSEWHERE,
    },
    _C.RETRYING: {_C.RESOLVED: hands(By.SYSTEM), _C.IN_PROGRESS: hands(By.SYSTEM), **_ENDED_ELSEWHERE},
    _C.RESOLVED: {_C.CLOSED: hands(By.SYSTEM, By.OWNER), _C.NEW: hands(By.SYSTEM)},
    _C.CLOSED: {},
    _C.CANCELLED: {},
    _C.MERGED: {},
}

SETTLED: Final = frozenset({_C.RESOLVED, _C.CLOSED, _C.CANCELLED, _C.MERGED})
"""States in which nobody has to act."""


class ClaimedBySomebodyElseError(ValueError):
    """Another person's claim still stands."""


class NotClaimedByActorError(ValueError):
    """Only the person who claimed the exception may do this."""


class NotExpiredError(ValueError):
    """The claim still stands, or the exception is being worked on."""


class NoEvidenceError(ValueError):
    """A click resolves nothing: name the posting, the read-back, the returned or the cancelled version."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """An exception as its caller read it, and as it is to be written."""

    id: int
    state: CaseState
    claimed_by: int | None = None
    claim_expires_at: datetime | None = None
    wake_at: datetime | None = None
    attempt: int = 1
    evidence: str = ""


def moved(case: CaseFacts, to: CaseState, by: By) -> CaseFacts:
    """Return the exception in its next state.

    Raises:
        ForbiddenTransitionError: the table has no such arrow for this hand.
    """
    check_arrow(CASE_TRANSITIONS, case.state, to, by)
    return replace(case, state=to)


def claim(case: CaseFacts, person_id: int, *, now: datetime, lasts: timedelta = CLAIM_LASTS) -> CaseFacts:
    """Return the exception claimed by the person; claiming again prolongs the own claim.

    Raises:
        ClaimedBySomebodyElseError: another person has it.
        ForbiddenTransitionError: it cannot be claimed in its state.
    """
    if case.claimed_by not in {None, person_id}:
        raise ClaimedBySomebodyElseError(f"exception {case.id} is claimed by person {case.claimed_by}")
    held = replace(case, claimed_by=person_id, claim_expires_at=now + lasts)
    if case.state in {CaseState.ASSIGNED, CaseState.IN_PROGRESS} and case.claimed_by == person_id:
        return held
    return moved(held, CaseState.ASSIGNED, By.OWNER)


def start_work(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception in work: the claim stands as long as the work does.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be worked on in its state.
    """
    return replace(moved(_own(case, person_id), CaseState.IN_PROGRESS, By.OWNER), claim_expires_at=None, wake_at=None)


def defer(case: CaseFacts, person_id: int, *, wake_at: datetime) -> CaseFacts:
    """Return the exception put aside until it wakes.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be deferred in its state.
    """
    return replace(moved(_own(case, person_id), CaseState.DEFERRED, By.OWNER), wake_at=wake_at)


def wake(case: CaseFacts) -> CaseFacts:
    """Return a deferred exception back in work.

    Raises:
        ForbiddenTransitionError: it is not deferred.
    """
    return replace(moved(case, CaseState.IN_PROGRESS, By.SYSTEM), wake_at=None)


def give_back(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception to its team.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be given back in its state.
    """
    return _unclaimed(moved(_own(case, person_id), CaseState.NEW, By.OWNER))


def expire(case: CaseFacts, *, now: datetime) -> CaseFacts:
    """Return an exception whose claim was not worked in time to its team.

    Raises:
        NotExpiredError: the claim still stands.
        ForbiddenTransitionError: it is not claimed.
    """
    if case.claim_expires_at is None or now < case.claim_expires_at:
        raise NotExpiredError(f"the claim on exception {case.id} stands")
    return _unclaimed(moved(case, CaseState.NEW, By.SYSTEM))


def retry(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception with its document on the way again, by its owner.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        ForbiddenTransitionError: it cannot be retried in its state.
    """
    return moved(_own(case, person_id), CaseState.RETRYING, By.OWNER)


def release(case: CaseFacts) -> CaseFacts:
    """Return the exception whose hold has gone: the document goes on by itself.

    Raises:
        ForbiddenTransitionError: it cannot be released in its state.
    """
    return replace(moved(case, CaseState.RETRYING, By.SYSTEM), wake_at=None)


def fail_again(case: CaseFacts) -> CaseFacts:
    """Return a retried exception back in work, one attempt later; with its team where nobody had claimed it.

    Raises:
        ForbiddenTransitionError: it was not being retried.
    """
    again = replace(moved(case, CaseState.IN_PROGRESS, By.SYSTEM), attempt=case.attempt + 1, claim_expires_at=None)
    return again if case.claimed_by is not None else moved(again, CaseState.NEW, By.SYSTEM)


def resolve(case: CaseFacts, evidence: str) -> CaseFacts:
    """Return the exception resolved by evidence.

    Raises:
        NoEvidenceError: there is none.
        ForbiddenTransitionError: its document is not on the way.
    """
    if not evidence.strip():
        raise NoEvidenceError(f"exception {case.id} has no evidence")
    return replace(_unclaimed(moved(case, CaseState.RESOLVED, By.SYSTEM)), evidence=evidence)


def _own(case: CaseFacts, person_id: int) -> CaseFacts:
    if case.claimed_by != person_id:
        raise NotClaimedByActorError(f"exception {case.id} is not claimed by person {person_id}")
    return case


def _unclaimed(case: CaseFacts) -> CaseFacts:
    return replace(case, claimed_by=None, claim_expires_at=None)
