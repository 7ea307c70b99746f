"""Random histories of an exception: one owner at a time, and nothing resolved without evidence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain import exception_case as acts
from control_plane.domain.exception_case import CASE_TRANSITIONS, SETTLED, CaseFacts, CaseState
from control_plane.domain.machine import By, ForbiddenTransitionError, is_final

Act = Callable[[CaseFacts, int, datetime], CaseFacts]

NOW: Final = datetime(2026, 10, 15, 9, tzinfo=UTC)
ACTS: Final[dict[str, Act]] = {
    "claim": lambda case, person, now: acts.claim(case, person, now=now),
    "start_work": lambda case, person, _now: acts.start_work(case, person),
    "defer": lambda case, person, now: acts.defer(case, person, wake_at=now + timedelta(days=1)),
    "wake": lambda case, _person, _now: acts.wake(case),
    "give_back": lambda case, person, _now: acts.give_back(case, person),
    "expire": lambda case, _person, now: acts.expire(case, now=now),
    "retry": lambda case, person, _now: acts.retry(case, person),
    "release": lambda case, _person, _now: acts.release(case),
    "fail_again": lambda case, _person, _now: acts.fail_again(case),
    "resolve": lambda case, _person, _now: acts.resolve(case, "posting 17"),
    "resolve by a click": lambda case, _person, _now: acts.resolve(case, ""),
    "propose": lambda case, _person, _now: acts.moved(case, CaseState.PENDING_APPROVAL, By.OWNER),
    "approve": lambda case, _person, _now: acts.moved(case, CaseState.RETRYING, By.APPROVER),
    "refuse": lambda case, _person, _now: acts.moved(case, CaseState.IN_PROGRESS, By.APPROVER),
    "close": lambda case, _person, _now: acts.moved(case, CaseState.CLOSED, By.SYSTEM),
    "regress": lambda case, _person, _now: acts.moved(case, CaseState.NEW, By.SYSTEM),
    "cancel": lambda case, _person, _now: acts.moved(case, CaseState.CANCELLED, By.SYSTEM),
    "merge": lambda case, _person, _now: acts.moved(case, CaseState.MERGED, By.SYSTEM),
}
REFUSALS: Final = (
    ForbiddenTransitionError,
    acts.ClaimedBySomebodyElseError,
    acts.NotClaimedByActorError,
    acts.NotExpiredError,
    acts.NoEvidenceError,
)
HISTORIES = st.lists(
    st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from([1, 2]), st.integers(0, 60)),
    max_size=60,
)


def lived(history: list[tuple[str, int, int]]) -> list[tuple[str, int, CaseFacts]]:
    """Return the acts that were allowed, who did them, and the exception after each."""
    now, life = NOW, [("open", 0, CaseFacts(id=5, state=CaseState.NEW))]
    for name, person, minutes in history:
        now += timedelta(minutes=minutes)
        try:
            after = ACTS[name](life[-1][2], person, now)
        except REFUSALS:
            continue
        life.append((name, person, after))
    return life


@given(HISTORIES)
def test_a_history_never_leaves_the_table(history: list[tuple[str, int, int]]) -> None:
    for (_, _, before), (_, _, after) in pairwise(lived(history)):
        ways = CASE_TRANSITIONS[before.state]
        is_back_with_the_team = CaseState.IN_PROGRESS in ways and after.state is CaseState.NEW
        assert after.state in {before.state, *ways} or is_back_with_the_team
        assert not is_final(CASE_TRANSITIONS, before.state)


@given(HISTORIES)
def test_a_claim_changes_hands_only_over_the_team(history: list[tuple[str, int, int]]) -> None:
    for (_, _, before), (_, person, after) in pairwise(lived(history)):
        if after.claimed_by is not None and after.claimed_by != before.claimed_by:
            assert before.claimed_by is None
            assert after.claimed_by == person


@given(HISTORIES)
def test_whoever_works_on_it_has_claimed_it(history: list[tuple[str, int, int]]) -> None:
    for name, _, after in lived(history):
        if after.state in {CaseState.ASSIGNED, CaseState.DEFERRED, CaseState.PENDING_APPROVAL}:
            assert after.claimed_by is not None, name


@given(HISTORIES)
def test_nothing_is_resolved_without_evidence(history: list[tuple[str, int, int]]) -> None:
    life = lived(history)
    for (_, _, before), (_, _, after) in pairwise(life):
        if after.state is CaseState.RESOLVED and before.state is not CaseState.RESOLVED:
            assert before.state is CaseState.RETRYING
            assert after.evidence
    assert all(after.evidence for _, _, after in life if after.state in {CaseState.RESOLVED, CaseState.CLOSED})


@given(HISTORIES)
def test_attempts_only_count_up(history: list[tuple[str, int, int]]) -> None:
    attempts = [after.attempt for _, _, after in lived(history)]
    assert attempts == sorted(attempts)
    assert attempts[-1] == 1 + sum(name == "fail_again" for name, _, _ in lived(history))


def test_every_state_is_in_the_table_and_settled_ones_need_nobody() -> None:
    assert CASE_TRANSITIONS.keys() == set(CaseState)
    people = {By.APPROVER}
    assert all(people.isdisjoint(by) for state in SETTLED for by in CASE_TRANSITIONS[state].values())
