"""Exceptions that a person tells in another one, whatever their causes, and takes apart for good."""

from dataclasses import replace

from control_plane.domain.exception_case import SETTLED, CaseFacts, CaseState, NotClaimedByActorError, moved
from control_plane.domain.machine import By


class NotMergeableError(ValueError):
    """It cannot be told in that one: it is the same, is settled, or was taken apart from it before."""


def merge(case: CaseFacts, into: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception told in another one, by the person who claimed it.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
        NotMergeableError: the other one is the same or is settled.
        ForbiddenTransitionError: it cannot be merged in its state.
    """
    if case.claimed_by != person_id:
        raise NotClaimedByActorError(f"exception {case.id} is not claimed by person {person_id}")
    if into.id == case.id or into.state in SETTLED:
        raise NotMergeableError(f"exception {case.id} cannot be told in {into.id}")
    return replace(moved(case, CaseState.MERGED, By.OWNER), merged_into=into.id)


def unmerge(case: CaseFacts, by: By) -> CaseFacts:
    """Return a merged exception as one of its own again, with its team.

    Raises:
        ForbiddenTransitionError: it is not merged.
    """
    return moved(case, CaseState.NEW, by)
