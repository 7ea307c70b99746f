from datetime import UTC, datetime

import pytest

from control_plane.domain.machine import By, ForbiddenTransitionError, check_arrow, is_final
from control_plane.domain.transaction import (
    MAY_BE_BOOKED,
    OPEN,
    PLACE_OF,
    TRANSITIONS,
    WITHDRAWABLE,
    Place,
    Reason,
    Seen,
    State,
    Transition,
    transition,
)

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
READY = Seen(
    id=7,
    state=State.READY,
    reason=Reason.NEW,
    fence=3,
    flow="expense_report",
    legal_entity_id="1000",
    currency="EUR",
    cohort="2026-10",
    posting_period="",
    amount_minor=100,
    group_minor=None,
)


def test_a_change_keeps_what_its_caller_saw() -> None:
    change = transition(READY, State.IN_FLIGHT, reason=Reason.NONE, by=By.LEASE, now=NOW)
    assert change == Transition(READY, State.IN_FLIGHT, Reason.NONE, By.LEASE, NOW)


@pytest.mark.parametrize(
    ("seen", "to", "by"),
    [
        (State.IN_DOUBT, State.IN_FLIGHT, By.LEASE),  # ask before sending
        (State.IN_DOUBT, State.FAILED, By.SYSTEM),  # two persons decide
        (State.READY, State.POSTED, By.LEASE),  # nothing is posted that was not sent
        (State.IN_FLIGHT, State.READY, By.REAPER),  # a lost lease is doubt, never a retry
        (State.FAILED, State.READY, By.SYSTEM),  # only a person brings it on
        (State.ON_HOLD, State.DUPLICATE, By.OWNER),  # an approver says so
        (State.POSTED, State.CANCELLED, By.SOURCE),  # what is booked is reversed
        (State.CANCELLED, State.READY, By.FOUR_EYES),  # withdrawn for good
    ],
)
def test_what_the_table_does_not_draw_cannot_happen(seen: State, to: State, by: By) -> None:
    with pytest.raises(ForbiddenTransitionError, match=f"{seen} → {to} by {by} is not allowed"):
        check_arrow(TRANSITIONS, seen, to, by)


def test_every_state_has_arrows_and_a_place() -> None:
    assert TRANSITIONS.keys() == PLACE_OF.keys() == set(State)
    assert set(PLACE_OF.values()) == set(Place)


def test_what_ended_moves_no_more() -> None:
    final = {state for state in State if is_final(TRANSITIONS, state)}
    assert final == {State.CANCELLED, State.DUPLICATE, State.SUPERSEDED, State.REVERSED}
    assert final.isdisjoint(OPEN | WITHDRAWABLE)


def test_the_source_may_take_back_exactly_what_cannot_be_booked_yet() -> None:
    takes_back = {state for state in State if By.SOURCE in TRANSITIONS[state].get(State.CANCELLED, frozenset())}
    assert takes_back == WITHDRAWABLE
    assert WITHDRAWABLE.isdisjoint(MAY_BE_BOOKED)
    assert MAY_BE_BOOKED < OPEN
