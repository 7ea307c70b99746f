from dataclasses import replace

import pytest

from control_plane.domain.case_ends import resolve
from control_plane.domain.exception_case import (
    CaseFacts,
    CaseState,
    NotClaimedByActorError,
    release,
)
from control_plane.domain.machine import By, ForbiddenTransitionError
from control_plane.domain.merging import NotMergeableError, merge, unmerge

KIM, LEE = 1, 2
CASE = CaseFacts(5, CaseState.IN_PROGRESS, claimed_by=KIM)
INTO = CaseFacts(6, CaseState.NEW)
MERGED = merge(CASE, INTO, KIM)


def test_a_merged_exception_is_told_in_the_other_one_and_nobody_owns_it_any_more() -> None:
    assert (MERGED.state, MERGED.merged_into, MERGED.claimed_by) == (CaseState.MERGED, 6, None)


def test_only_who_claimed_it_merges_it() -> None:
    with pytest.raises(NotClaimedByActorError):
        merge(CASE, INTO, LEE)
    with pytest.raises(ForbiddenTransitionError):
        merge(replace(CASE, state=CaseState.PENDING_APPROVAL), INTO, KIM)


@pytest.mark.parametrize("into", [CASE, replace(INTO, state=CaseState.RESOLVED), MERGED])
def test_nothing_is_told_in_itself_or_in_what_is_settled(into: CaseFacts) -> None:
    with pytest.raises(NotMergeableError):
        merge(CASE, into, KIM)


def test_what_is_taken_apart_is_new_again() -> None:
    assert unmerge(MERGED, By.TEAM) == CaseFacts(5, CaseState.NEW)
    with pytest.raises(ForbiddenTransitionError):
        unmerge(CASE, By.TEAM)


def test_its_own_evidence_resolves_what_is_merged() -> None:
    assert resolve(release(MERGED), "posting 17").merged_into is None
