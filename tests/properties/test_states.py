"""Random walks through the tables of states: whatever happens, nothing happens that is not drawn."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.machine import By, ForbiddenTransitionError, is_final
from control_plane.domain.transaction import (
    MAY_BE_BOOKED,
    PLACE_OF,
    TRANSITIONS,
    Place,
    Reason,
    Seen,
    State,
    transition,
)

NOW: Final = datetime(2026, 10, 15, 9, tzinfo=UTC)
WISHES = st.lists(st.tuples(st.sampled_from(list(State)), st.sampled_from(list(By))), max_size=60)


def seen_in(state: State) -> Seen:
    return Seen(
        id=1,
        state=state,
        reason=Reason.NONE,
        fence=0,
        flow="expense_report",
        legal_entity_id="1000",
        currency="EUR",
        cohort="2026-10",
        posting_period="",
        amount_minor=100,
        group_minor=None,
    )


def walk(wishes: list[tuple[State, By]]) -> list[tuple[State, By]]:
    """Return the states that a document really went through, from received, with the hand that led there."""
    way = [(State.RECEIVED, By.SYSTEM)]
    for place, (to, by) in enumerate(wishes):
        seen = seen_in(way[-1][0])
        try:
            change = transition(seen, to, reason=Reason.NONE, by=by, now=NOW + timedelta(seconds=place))
        except ForbiddenTransitionError:
            continue
        way.append((change.to, by))
    return way


@given(WISHES)
def test_a_walk_never_leaves_the_table(wishes: list[tuple[State, By]]) -> None:
    way = walk(wishes)
    for (seen, _), (to, by) in pairwise(way):
        assert by in TRANSITIONS[seen][to]


@given(WISHES)
def test_a_terminal_state_is_the_last(wishes: list[tuple[State, By]]) -> None:
    states = [state for state, _ in walk(wishes)]
    assert not any(is_final(TRANSITIONS, state) for state in states[:-1])


@given(WISHES)
def test_what_is_in_doubt_is_never_sent_before_it_was_asked_about(wishes: list[tuple[State, By]]) -> None:
    states = [state for state, _ in walk(wishes)]
    assert (State.IN_DOUBT, State.IN_FLIGHT) not in list(pairwise(states))


@given(WISHES)
def test_nothing_is_withdrawn_while_it_may_be_booked_or_after(wishes: list[tuple[State, By]]) -> None:
    way = walk(wishes)
    for (seen, _), (to, _) in pairwise(way):
        if PLACE_OF[to] is Place.WITHDRAWN:
            assert seen not in MAY_BE_BOOKED
            assert PLACE_OF[seen] is not Place.POSTED


@given(WISHES)
def test_nothing_counts_as_posted_that_was_neither_sent_nor_entered_by_two_persons(
    wishes: list[tuple[State, By]],
) -> None:
    way = walk(wishes)
    for place, (state, by) in enumerate(way):
        if state is State.POSTED and PLACE_OF[way[place - 1][0]] is not Place.POSTED:
            was_sent = any(before is State.IN_FLIGHT for before, _ in way[:place])
            assert was_sent or by is By.FOUR_EYES


def test_every_state_can_be_reached() -> None:
    reached, rest = {State.RECEIVED}, [State.RECEIVED]
    while rest:
        fresh = set(TRANSITIONS[rest.pop()]) - reached
        reached |= fresh
        rest += fresh
    assert reached == set(State)


@pytest.mark.parametrize("state", State)
def test_every_open_state_has_a_way_to_an_end(state: State) -> None:
    reached, rest = {state}, [state]
    while rest:
        fresh = set(TRANSITIONS[rest.pop()]) - reached
        reached |= fresh
        rest += fresh
    ends = {one for one in State if is_final(TRANSITIONS, one)} | {State.POSTED}
    assert reached & ends


@pytest.mark.parametrize("state", State)
def test_every_arrow_belongs_to_somebody(state: State) -> None:
    assert all(by for by in TRANSITIONS[state].values())
