"""Random histories of the real engine: whatever answers, dies or changes, each document is booked once and rightly."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from control_plane.domain.transaction import MAY_BE_BOOKED, TRANSITIONS, State
from control_plane.store.database import open_database
from tests.stands.actions import Action, Approve, Flip, Meanwhile, Pull, Retry, Run, Say, Second, TakeBack, Wait, live
from tests.stands.databases import SqliteStand
from tests.stands.histories import PASSES, STREAMS, History, history
from tests.stands.processes import Beginning, beginning
from tests.stands.scripted import Answer

LOST = (Answer.LOST_BEFORE, Answer.LOST_AFTER)
SAYS = [
    *(Say("post", answer) for answer in Answer),
    *(Say("find", answer) for answer in (Answer.LOST_BEFORE, Answer.BROKEN)),
    *(Say(door, answer) for door in ("reverse", "confirm") for answer in (*LOST, Answer.BROKEN)),
    *(Say("acknowledge", answer) for answer in LOST),
    Say("pull", Answer.LOST_BEFORE),
]
OBJECTS = st.integers(0, 2)
WORK = st.builds(Run, st.sampled_from(sorted(PASSES)))
SIMPLE: st.SearchStrategy[Action] = st.one_of(
    st.builds(Approve, OBJECTS, st.integers(1, 3), st.integers(1, 2), st.booleans()),
    st.builds(TakeBack, OBJECTS),
    st.builds(Pull, st.sampled_from(sorted(STREAMS))),
    WORK,
    st.sampled_from([Run("check"), Run("deliver"), Run("inquire"), Run("reverse")]),
    st.builds(Wait, st.sampled_from([1, 6, 31, 130])),
    st.sampled_from(SAYS),
    st.builds(Flip, st.booleans()),
    st.just(Retry()),
)
MEANWHILE = st.builds(
    Meanwhile, st.integers(1, 12), st.lists(SIMPLE, max_size=4).map(tuple), st.booleans(), st.booleans()
)
ACTIONS: st.SearchStrategy[Action] = st.one_of(SIMPLE, SIMPLE, SIMPLE, st.builds(Second, WORK), MEANWHILE)
OPENING: Sequence[Action] = (
    Approve(0, 1),
    Approve(1, 1, parts=2),
    Approve(2, 1, parts=2, with_project=True),
    Pull("expense_reports"),
    Run("check"),
)


@pytest.fixture(scope="module")
def start(sqlite_stand: SqliteStand) -> Iterator[Beginning]:
    with sqlite_stand.fresh() as url:
        database = open_database(url)
        with beginning(database) as one:
            yield one
        database.dispose()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=st.lists(ACTIONS, min_size=6, max_size=20))
@example([Say("post", Answer.REFUSED), Run("deliver")])
@example([Say("post", Answer.LIMITED), Run("deliver"), TakeBack(1)])
@example([Say("post", Answer.LIMITED), Run("deliver"), Approve(1, 3)])
@example([Approve(2, 3), Say("acknowledge", Answer.LOST_BEFORE), Pull("expense_reports"), Approve(2, 1), TakeBack(2)])
@example(
    [Meanwhile(3, (Approve(0, 2), Pull("expense_reports"))), Say("post", Answer.REFUSED), Run("deliver"), Run("check")]
)
@example([Flip(is_active=False), Run("deliver"), Flip(is_active=True)])
def test_a_history_ends_well(start: Beginning, actions: list[Action]) -> None:
    with history(start) as told:
        asyncio.run(live(told, [*OPENING, *actions]))
        asyncio.run(told.settle())

        assert told.erp.sins == []
        assert told.erp.live == told.wanted()
        assert told.is_balanced
        assert_nothing_is_lost(told)
        assert_everybody_knows(told)
        assert_the_story_is_lawful(told)


def assert_nothing_is_lost(told: History) -> None:
    counted = Counter(row.source_document_id for row in told.rows())
    assert set(counted.values()) <= {1}
    unseen = {one.document_id for one in told.approvals} - set(counted)
    assert unseen <= told.source.recalled


def assert_everybody_knows(told: History) -> None:
    assert told.open_cases() == []
    assert told.standing() == {one.posting.number for one in told.erp.books if not one.reversed_by}
    posted = {row.source_document_id for row in told.rows() if row.state == State.POSTED}
    assert posted <= {one.source_document_id for one in told.source.told}


def assert_the_story_is_lawful(told: History) -> None:
    order_keys = {row.id: row.order_key for row in told.rows()}
    states: dict[int, State] = dict.fromkeys(order_keys, State.RECEIVED)
    for entry in told.story():
        seen, to = State(entry.from_state), State(entry.to_state)
        assert states[entry.transaction_id] is seen
        assert to in TRANSITIONS[seen]
        assert (seen, to) != (State.IN_DOUBT, State.IN_FLIGHT)
        states[entry.transaction_id] = to
        may_be_booked = Counter(order_keys[number] for number, state in states.items() if state in MAY_BE_BOOKED)
        assert all(count == 1 for count in may_be_booked.values())
