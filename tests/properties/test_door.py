"""The door through random walks: only what still stands as it was seen is changed, and the story tells all of it."""

from hypothesis import given

from control_plane.domain.machine import is_final
from control_plane.domain.transaction import OPEN, TRANSITIONS, State
from control_plane.store import lineage
from control_plane.store.database import Database
from tests.properties.walking import QUICK, STEPS, Move, Step, Walk, changes_of
from tests.stands.runtime import CountingIds


@QUICK
@given(steps=STEPS)
def test_the_door_lets_through_what_stands_as_it_was_seen_and_nothing_else(
    database: Database, ids: CountingIds, steps: list[Step]
) -> None:
    walk = Walk(database, ids)
    for step in steps:
        standing = {(one.id, one.state, one.fence) for one in walk.seen[-1]}
        wanted = changes_of(step, walk.seen[-1 - min(step.age, len(walk.seen) - 1)]) if isinstance(step, Move) else []
        walk.take(step)
        seen = [change.transition.seen for change in wanted]
        fitting = [one for one in seen if (one.id, one.state, one.fence) in standing]
        if isinstance(step, Move):
            assert walk.applied == (0 if step.fails else len(fitting))
    assert_the_story_is_whole(walk)


def assert_the_story_is_whole(walk: Walk) -> None:
    rows = {row.id: row for row in walk.rows()}
    with walk.database.read() as session:
        story = lineage.story_of(session, list(rows))
    states: dict[int, State] = {}
    fences: dict[int, int] = {}
    for entry in story:
        if entry.kind == lineage.Kind.TRANSITION:
            assert State(entry.from_state) is states[entry.transaction_id]
            assert State(entry.to_state) in TRANSITIONS[State(entry.from_state)]
            assert not is_final(TRANSITIONS, State(entry.from_state))
        states[entry.transaction_id] = State(entry.to_state)
        fences[entry.transaction_id] = entry.fence
    assert states == {number: State(row.state) for number, row in rows.items()}
    assert fences == {number: row.fence for number, row in rows.items()}
    assert all(row.is_open == (State(row.state) in OPEN) for row in rows.values())
