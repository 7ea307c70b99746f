from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.domain.exception_case import (
    CLAIM_LASTS,
    CaseFacts,
    CaseState,
    ClaimedBySomebodyElseError,
    NoEvidenceError,
    NotClaimedByActorError,
    NotExpiredError,
    claim,
    defer,
    expire,
    fail_again,
    give_back,
    moved,
    release,
    resolve,
    retry,
    start_work,
    wake,
)
from control_plane.domain.machine import By, ForbiddenTransitionError

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
KIM, LEE = 1, 2
NEW = CaseFacts(id=5, state=CaseState.NEW)
CLAIMED = claim(NEW, KIM, now=NOW)
WORKED = start_work(CLAIMED, KIM)


def test_a_claim_has_one_winner_and_a_deadline() -> None:
    assert (CLAIMED.state, CLAIMED.claimed_by) == (CaseState.ASSIGNED, KIM)
    assert CLAIMED.claim_expires_at == NOW + CLAIM_LASTS
    with pytest.raises(ClaimedBySomebodyElseError, match="exception 5 is claimed by person 1"):
        claim(CLAIMED, LEE, now=NOW)


def test_claiming_again_prolongs_the_own_claim() -> None:
    later = NOW + timedelta(minutes=10)
    assert claim(CLAIMED, KIM, now=later).claim_expires_at == later + CLAIM_LASTS
    assert claim(WORKED, KIM, now=later).state is CaseState.IN_PROGRESS


def test_what_is_settled_cannot_be_claimed() -> None:
    with pytest.raises(ForbiddenTransitionError):
        claim(CaseFacts(5, CaseState.RESOLVED), KIM, now=NOW)


def test_a_claim_that_is_worked_does_not_expire() -> None:
    assert (WORKED.state, WORKED.claim_expires_at) == (CaseState.IN_PROGRESS, None)
    with pytest.raises(NotExpiredError):
        expire(WORKED, now=NOW + timedelta(days=9))


def test_a_claim_that_is_not_worked_expires_to_the_team() -> None:
    with pytest.raises(NotExpiredError, match="the claim on exception 5 stands"):
        expire(CLAIMED, now=NOW + CLAIM_LASTS - timedelta(seconds=1))
    assert expire(CLAIMED, now=NOW + CLAIM_LASTS) == NEW


def test_giving_back_returns_it_to_the_team() -> None:
    assert give_back(CLAIMED, KIM) == NEW
    assert give_back(WORKED, KIM).state is CaseState.NEW


def test_a_deferred_exception_wakes_in_work() -> None:
    tomorrow = NOW + timedelta(days=1)
    deferred = defer(WORKED, KIM, wake_at=tomorrow)
    assert (deferred.state, deferred.wake_at) == (CaseState.DEFERRED, tomorrow)
    assert wake(deferred) == WORKED
    assert start_work(deferred, KIM) == WORKED


@pytest.mark.parametrize(
    "act",
    [
        lambda case: start_work(case, LEE),
        lambda case: give_back(case, LEE),
        lambda case: retry(case, LEE),
        lambda case: defer(case, LEE, wake_at=NOW),
    ],
    ids=["start_work", "give_back", "retry", "defer"],
)
def test_only_who_claimed_it_works_on_it(act: Callable[[CaseFacts], CaseFacts]) -> None:
    for case in (NEW, CLAIMED, WORKED):
        with pytest.raises(NotClaimedByActorError):
            act(case)


def test_a_retry_that_fails_comes_back_to_its_owner_one_attempt_later() -> None:
    again = fail_again(retry(WORKED, KIM))
    assert (again.state, again.attempt, again.claimed_by) == (CaseState.IN_PROGRESS, 2, KIM)


def test_a_release_that_fails_comes_back_to_the_team_where_nobody_had_claimed_it() -> None:
    again = fail_again(release(NEW))
    assert (again.state, again.attempt, again.claimed_by) == (CaseState.NEW, 2, None)


@pytest.mark.parametrize("state", [CaseState.NEW, CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.DEFERRED])
def test_a_hold_that_has_gone_takes_the_exception_along(state: CaseState) -> None:
    released = release(CaseFacts(5, state, wake_at=NOW))
    assert (released.state, released.wake_at) == (CaseState.RETRYING, None)


def test_only_evidence_resolves() -> None:
    under_way = retry(WORKED, KIM)
    for nothing in ("", "  "):
        with pytest.raises(NoEvidenceError, match="exception 5 has no evidence"):
            resolve(under_way, nothing)
    done = resolve(under_way, "posting 0000000017")
    assert (done.state, done.evidence, done.claimed_by) == (CaseState.RESOLVED, "posting 0000000017", None)


def test_a_click_does_not_resolve() -> None:
    for case in (NEW, CLAIMED, WORKED):
        with pytest.raises(ForbiddenTransitionError):
            resolve(case, "posting 0000000017")
    with pytest.raises(ForbiddenTransitionError):
        moved(retry(WORKED, KIM), CaseState.RESOLVED, By.OWNER)


def test_a_refused_proposal_goes_back_to_work() -> None:
    proposed = moved(WORKED, CaseState.PENDING_APPROVAL, By.OWNER)
    assert moved(proposed, CaseState.IN_PROGRESS, By.APPROVER).state is CaseState.IN_PROGRESS
    assert moved(proposed, CaseState.RETRYING, By.APPROVER).state is CaseState.RETRYING
    with pytest.raises(ForbiddenTransitionError):
        moved(proposed, CaseState.RETRYING, By.OWNER)
