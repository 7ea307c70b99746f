from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.domain.case_ends import NoEvidenceError, close, regress, resolve
from control_plane.domain.exception_case import (
    CLAIM_LASTS,
    CLAIM_LASTS_AT_MOST,
    DEFERS_AT_MOST,
    FORM_LASTS,
    CaseFacts,
    CaseState,
    ClaimedBySomebodyElseError,
    NotClaimedByActorError,
    NotExpiredError,
    NoWakeTimeError,
    claim,
    decide,
    defer,
    expire,
    fail_again,
    give_back,
    keep_open,
    moved,
    propose,
    release,
    retry,
    start_work,
    take_back,
    wake,
    withdraw,
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
    deferred = defer(WORKED, KIM, wake_at=tomorrow, reason="Mail sent", now=NOW)
    assert (deferred.state, deferred.wake_at, deferred.defer_reason) == (CaseState.DEFERRED, tomorrow, "Mail sent")
    assert wake(deferred) == WORKED
    assert start_work(deferred, KIM) == WORKED


@pytest.mark.parametrize(
    "act",
    [
        lambda case: start_work(case, LEE),
        lambda case: give_back(case, LEE),
        lambda case: retry(case, LEE),
        lambda case: defer(case, LEE, wake_at=NOW + timedelta(days=1), reason="Mail sent", now=NOW),
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
    proposed = propose(WORKED, KIM)
    assert (proposed.state, proposed.claimed_by) == (CaseState.PENDING_APPROVAL, KIM)
    assert decide(proposed, is_approved=False) == WORKED
    assert decide(proposed, is_approved=True).state is CaseState.RETRYING
    assert withdraw(proposed, KIM) == WORKED
    with pytest.raises(ForbiddenTransitionError):
        moved(proposed, CaseState.RETRYING, By.OWNER)
    with pytest.raises(ForbiddenTransitionError):
        withdraw(WORKED, KIM)


@pytest.mark.parametrize("wake_at", [NOW, NOW - timedelta(days=1), NOW + DEFERS_AT_MOST + timedelta(seconds=1)])
def test_nothing_is_put_aside_without_a_near_future(wake_at: datetime) -> None:
    with pytest.raises(NoWakeTimeError):
        defer(WORKED, KIM, wake_at=wake_at, reason="Mail sent", now=NOW)


def test_nothing_is_put_aside_without_a_reason() -> None:
    with pytest.raises(NoWakeTimeError):
        defer(WORKED, KIM, wake_at=NOW + timedelta(days=1), reason=" ", now=NOW)


def test_an_open_form_keeps_a_claim_but_not_for_ever() -> None:
    later = NOW + CLAIM_LASTS - timedelta(minutes=1)
    assert keep_open(CLAIMED, KIM, now=NOW) == CLAIMED
    assert keep_open(CLAIMED, KIM, now=later).claim_expires_at == later + FORM_LASTS
    kept = keep_open(CLAIMED, KIM, now=NOW + timedelta(hours=9))
    assert kept.claim_expires_at == NOW + CLAIM_LASTS_AT_MOST
    assert keep_open(WORKED, KIM, now=NOW) == WORKED
    with pytest.raises(NotClaimedByActorError):
        keep_open(CLAIMED, LEE, now=NOW)


def test_what_comes_back_after_it_was_resolved_is_counted_and_what_is_closed_does_not_come_back() -> None:
    resolved = resolve(retry(WORKED, KIM), "posting 17")
    again = regress(resolved)
    assert (again.state, again.regression_count, again.attempt, again.evidence) == (CaseState.NEW, 1, 2, "")
    with pytest.raises(ForbiddenTransitionError):
        regress(close(resolved, By.SYSTEM))


def test_only_a_controller_or_the_system_closes() -> None:
    resolved = resolve(retry(WORKED, KIM), "posting 17")
    assert close(resolved, By.CONTROLLER).evidence == "posting 17"
    with pytest.raises(ForbiddenTransitionError):
        close(resolved, By.OWNER)


def test_who_is_away_gives_back_what_they_had() -> None:
    assert take_back(CLAIMED) == take_back(WORKED) == NEW
