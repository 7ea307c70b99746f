"""Random histories of an exception: one owner at a time, and nothing resolved without evidence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain import case_ends
from control_plane.domain import exception_case as acts
from control_plane.domain.exception_case import CASE_TRANSITIONS, SETTLED, CaseFacts, CaseState
from control_plane.domain.hand_over import (
    OFFER_LASTS,
    NotOfferedError,
    NotOverdueError,
    Receiver,
    accept,
    bounce,
    hand_over,
    refuse,
    take_over,
)
from control_plane.domain.machine import By, ForbiddenTransitionError, is_final
from control_plane.domain.merging import merge, unmerge

Act = Callable[[CaseFacts, int, datetime], CaseFacts]

NOW: Final = datetime(2026, 10, 15, 9, tzinfo=UTC)
DAY: Final = timedelta(days=1)
TO_TEAM: Final = Receiver(team="erp_team")
TEAMS: Final = {1: frozenset[str](), 2: frozenset({"erp_team"}), 3: frozenset[str]()}
OTHER: Final = CaseFacts(id=6, state=CaseState.NEW)
ACTS: Final[dict[str, Act]] = {
    "claim": lambda case, person, now: acts.claim(case, person, now=now),
    "keep_open": lambda case, person, now: acts.keep_open(case, person, now=now),
    "start_work": lambda case, person, _now: acts.start_work(case, person),
    "defer": lambda case, person, now: acts.defer(case, person, wake_at=now + DAY, reason="a mail", now=now),
    "wake": lambda case, _person, _now: acts.wake(case),
    "give_back": lambda case, person, _now: acts.give_back(case, person),
    "take_back": lambda case, _person, _now: acts.take_back(case),
    "expire": lambda case, _person, now: acts.expire(case, now=now),
    "hand_over": lambda case, person, now: hand_over(case, person, Receiver(3), until=now + OFFER_LASTS),
    "hand_to_team": lambda case, person, now: hand_over(case, person, TO_TEAM, until=now + OFFER_LASTS),
    "accept": lambda case, person, now: accept(case, person, teams=TEAMS[person], now=now),
    "take_over": lambda case, person, now: take_over(case, person, now=now),
    "refuse_offer": lambda case, person, now: refuse(case, person, teams=TEAMS[person], now=now),
    "bounce": lambda case, _person, now: bounce(case, now=now),
    "retry": lambda case, person, _now: acts.retry(case, person),
    "release": lambda case, _person, _now: acts.release(case),
    "fail_again": lambda case, _person, _now: acts.fail_again(case),
    "resolve": lambda case, _person, _now: case_ends.resolve(case, "posting 17"),
    "resolve by a click": lambda case, _person, _now: case_ends.resolve(case, ""),
    "propose": lambda case, person, _now: acts.propose(case, person),
    "withdraw": lambda case, person, _now: acts.withdraw(case, person),
    "approve": lambda case, _person, _now: acts.decide(case, is_approved=True),
    "refuse": lambda case, _person, _now: acts.decide(case, is_approved=False),
    "close": lambda case, _person, _now: case_ends.close(case, By.SYSTEM),
    "close as a controller": lambda case, _person, _now: case_ends.close(case, By.CONTROLLER),
    "close by a click": lambda case, _person, _now: case_ends.close(case, By.OWNER),
    "regress": lambda case, _person, _now: case_ends.regress(case),
    "cancel": lambda case, _person, _now: acts.moved(case, CaseState.CANCELLED, By.SYSTEM),
    "merge": lambda case, person, _now: merge(case, OTHER, person),
    "unmerge": lambda case, _person, _now: unmerge(case, By.TEAM),
}
REFUSALS: Final = (
    ForbiddenTransitionError,
    acts.ClaimedBySomebodyElseError,
    acts.NotClaimedByActorError,
    acts.NotExpiredError,
    case_ends.NoEvidenceError,
    NotOfferedError,
    NotOverdueError,
)
HISTORIES = st.lists(
    st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from(sorted(TEAMS)), st.integers(0, 60)),
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
def test_a_claim_changes_hands_only_over_the_team_or_by_who_accepts_it(history: list[tuple[str, int, int]]) -> None:
    for (_, _, before), (name, person, after) in pairwise(lived(history)):
        if after.claimed_by is not None and after.claimed_by != before.claimed_by:
            assert after.claimed_by == person
            assert before.claimed_by is None or name == "take_over" or (name == "accept" and before.is_offered)


@given(HISTORIES)
def test_an_exception_keeps_nothing_that_its_state_has_no_use_for(history: list[tuple[str, int, int]]) -> None:
    for name, _, case in lived(history):
        assert (case.wake_at is not None) == (case.state is CaseState.DEFERRED), name
        assert (case.merged_into is not None) == (case.state is CaseState.MERGED), name
        assert case.claimed_by is None or case.state not in {CaseState.NEW, *SETTLED}, name
        assert not case.is_offered or case.state in {CaseState.ASSIGNED, CaseState.IN_PROGRESS}, name
        assert case.claim_expires_at is None or case.state is CaseState.ASSIGNED, name
        if case.state is CaseState.ASSIGNED:  # an unworked claim always ends
            assert (case.claim_expires_at is None) == case.is_offered, name


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
    assert attempts[-1] == 1 + sum(name in {"fail_again", "regress"} for name, _, _ in lived(history))


def test_every_state_is_in_the_table_and_settled_ones_need_nobody() -> None:
    assert CASE_TRANSITIONS.keys() == set(CaseState)
    people = {By.OWNER, By.RECEIVER, By.APPROVER}
    assert all(people.isdisjoint(by) for state in SETTLED for by in CASE_TRANSITIONS[state].values())
    assert [state for state in CaseState if is_final(CASE_TRANSITIONS, state)] == [
        CaseState.CLOSED,
        CaseState.CANCELLED,
    ]
