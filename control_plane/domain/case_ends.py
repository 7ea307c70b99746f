"""How an exception ends: by evidence alone, for a while open to come back, and then for good."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from control_plane.domain.exception_case import CaseFacts, CaseState, moved
from control_plane.domain.machine import By

CLOSES_AFTER: Final = timedelta(days=7)
"""How long a resolved exception may come back before it is closed."""


class NoEvidenceError(ValueError):
    """A click resolves nothing: name the posting, the read-back, the returned or the cancelled version."""


def resolve(case: CaseFacts, evidence: str) -> CaseFacts:
    """Return the exception resolved by evidence.

    Raises:
        NoEvidenceError: there is none.
        ForbiddenTransitionError: its document is not on the way.
    """
    if not evidence.strip():
        raise NoEvidenceError(f"exception {case.id} has no evidence")
    return replace(moved(case, CaseState.RESOLVED, By.SYSTEM), evidence=evidence)


def regress(case: CaseFacts) -> CaseFacts:
    """Return a resolved exception that came back, with its team, and counted.

    Raises:
        ForbiddenTransitionError: it was not resolved, or is closed.
    """
    again = moved(case, CaseState.NEW, By.SYSTEM)
    return replace(again, attempt=case.attempt + 1, regression_count=case.regression_count + 1)


def close(case: CaseFacts, by: By) -> CaseFacts:
    """Return a resolved exception closed for good.

    Raises:
        ForbiddenTransitionError: it is not resolved, or this hand may not close it.
    """
    return moved(case, CaseState.CLOSED, by)
