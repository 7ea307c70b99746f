from datetime import UTC, datetime, timedelta

import pytest

from control_plane.domain.exception_case import (
    CLAIM_LASTS,
    CaseFacts,
    CaseState,
    NotClaimedByActorError,
    claim,
    release,
    start_work,
)
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
from control_plane.domain.machine import ForbiddenTransitionError

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
UNTIL = NOW + OFFER_LASTS
KIM, LEE, MAX = 1, 2, 3
CLAIMED = claim(CaseFacts(5, CaseState.NEW, team="finance_operations"), KIM, now=NOW)
WORKED = start_work(CLAIMED, KIM)
OFFERED = hand_over(WORKED, KIM, Receiver(LEE), until=UNTIL)
OFFERED_TO_TEAM = hand_over(CLAIMED, KIM, Receiver(team="erp_team"), until=UNTIL)
ERP = frozenset({"erp_team"})


def test_until_somebody_accepts_it_stays_with_its_owner_and_does_not_expire() -> None:
    for offered in (OFFERED, OFFERED_TO_TEAM):
        assert (offered.claimed_by, offered.claim_expires_at, offered.is_offered) == (KIM, None, True)


def test_who_accepts_owns_it_and_has_a_claim_of_their_own() -> None:
    taken = accept(OFFERED, LEE, teams=(), now=NOW)
    assert (taken.state, taken.claimed_by, taken.is_offered) == (CaseState.ASSIGNED, LEE, False)
    assert (taken.claimed_at, taken.claim_expires_at, taken.team) == (NOW, NOW + CLAIM_LASTS, "finance_operations")


def test_a_team_that_accepts_is_accountable_from_then_on() -> None:
    taken = accept(OFFERED_TO_TEAM, MAX, teams=ERP, now=NOW)
    assert (taken.claimed_by, taken.team) == (MAX, "erp_team")


def test_who_does_somebodys_work_accepts_for_them_and_takes_over_what_they_had() -> None:
    assert accept(OFFERED, MAX, teams=(), now=NOW, stands_for={LEE}).claimed_by == MAX
    taken = take_over(WORKED, MAX, now=NOW)
    assert (taken.state, taken.claimed_by, taken.claim_expires_at) == (CaseState.ASSIGNED, MAX, NOW + CLAIM_LASTS)
    with pytest.raises(ForbiddenTransitionError):
        take_over(release(WORKED), MAX, now=NOW)


def test_nobody_accepts_what_was_not_handed_to_them() -> None:
    for case, person, teams in ((OFFERED, MAX, ERP), (OFFERED_TO_TEAM, LEE, frozenset()), (WORKED, LEE, ERP)):
        with pytest.raises(NotOfferedError):
            accept(case, person, teams=teams, now=NOW)
    with pytest.raises(NotOfferedError):
        accept(OFFERED_TO_TEAM, KIM, teams=ERP, now=NOW)


@pytest.mark.parametrize("person", [LEE, KIM])
def test_refusing_and_thinking_better_of_it_bounce_at_once(person: int) -> None:
    assert refuse(OFFERED, person, teams=(), now=NOW) == WORKED
    back = refuse(OFFERED_TO_TEAM, MAX, teams=ERP, now=NOW)
    assert back == CLAIMED


def test_nobody_else_refuses() -> None:
    with pytest.raises(NotOfferedError):
        refuse(OFFERED, MAX, teams=ERP, now=NOW)
    with pytest.raises(NotOfferedError):
        refuse(WORKED, KIM, teams=ERP, now=NOW)


def test_what_nobody_accepts_in_time_bounces_to_its_owner() -> None:
    with pytest.raises(NotOverdueError):
        bounce(OFFERED, now=UNTIL - timedelta(seconds=1))
    with pytest.raises(NotOverdueError):
        bounce(WORKED, now=UNTIL)
    assert bounce(OFFERED, now=UNTIL) == WORKED
    assert bounce(OFFERED_TO_TEAM, now=UNTIL).claim_expires_at == UNTIL + CLAIM_LASTS


def test_only_its_owner_hands_it_over_and_to_somebody_else() -> None:
    with pytest.raises(NotClaimedByActorError):
        hand_over(WORKED, LEE, Receiver(MAX), until=UNTIL)
    for nobody in (Receiver(KIM), Receiver()):
        with pytest.raises(NotOfferedError):
            hand_over(WORKED, KIM, nobody, until=UNTIL)
    with pytest.raises(ForbiddenTransitionError):
        hand_over(release(WORKED), KIM, Receiver(LEE), until=UNTIL)


def test_what_goes_on_by_itself_is_no_longer_offered() -> None:
    assert not release(OFFERED).is_offered
