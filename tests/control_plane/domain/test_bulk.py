"""What decides about bulk operations: states, steps, stop rules, what became of an item."""

import pytest

from control_plane.domain.bulk import (
    BULK_TRANSITIONS,
    DOOR,
    ITEM_TRANSITIONS,
    BulkAct,
    BulkState,
    ItemState,
    Outcome,
    Stand,
    StopReason,
    Tally,
    moved,
    next_size,
    outcome_of,
    stop,
)
from control_plane.domain.bulk_plan import Limits
from control_plane.domain.exception_case import CaseState
from control_plane.domain.machine import By, ForbiddenTransitionError
from control_plane.domain.transaction import State

LIMITS = Limits()


def tally(succeeded: int = 0, failed: int = 0, same: int = 0, waiting: int = 0) -> Tally:
    states = {ItemState.SUCCEEDED: succeeded, ItemState.FAILED: failed, ItemState.WAITING: waiting}
    return Tally(states, same)


def reason(step: Tally, size: int, limits: Limits = LIMITS) -> StopReason | None:
    why = stop(step, limits, size=size)
    return None if why is None else why.reason


def test_an_operation_moves_by_the_hands_of_its_table() -> None:
    assert moved(BulkState.STOPPED, BulkState.RUNNING, By.MAKER) is BulkState.RUNNING
    with pytest.raises(ForbiddenTransitionError):
        moved(BulkState.PENDING_APPROVAL, BulkState.RUNNING, By.MAKER)
    with pytest.raises(ForbiddenTransitionError):
        moved(BulkState.PENDING_APPROVAL, BulkState.PLANNED, By.MAKER)


def test_every_state_has_its_row_and_every_act_its_door() -> None:
    assert BULK_TRANSITIONS.keys() == set(BulkState)
    assert ITEM_TRANSITIONS.keys() == set(ItemState)
    assert DOOR.keys() == set(BulkAct)


def test_steps_grow_by_ten_as_long_as_something_succeeds() -> None:
    assert [next_size(size, tally(succeeded=1)) for size in (0, 1, 10, 100)] == [1, 10, 100, 1000]
    assert next_size(1, tally()) == 1


def test_one_failed_canary_stops_it() -> None:
    assert reason(tally(failed=1), size=1) is StopReason.CANARY_FAILED
    assert reason(tally(succeeded=1), size=1) is None


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (tally(succeeded=90, failed=10), None),
        (tally(succeeded=89, failed=11), StopReason.TOO_MANY_FAILED),
        (tally(failed=11, waiting=89), StopReason.TOO_MANY_FAILED),
        (tally(succeeded=99, failed=1, same=1), StopReason.SAME_FAILURE),
    ],
)
def test_a_later_step_stops_at_more_than_its_share_or_at_the_same_failure(
    step: Tally, expected: StopReason | None
) -> None:
    assert reason(step, size=100) is expected


def test_the_same_failure_may_be_let_pass_by_policy() -> None:
    patient = Limits(stops_on_same_failure=False)
    assert reason(tally(succeeded=99, failed=1, same=1), size=100, limits=patient) is None


@pytest.mark.parametrize(
    ("act", "case_state", "state", "expected"),
    [
        (BulkAct.RETRY, CaseState.RETRYING, State.READY, None),
        (BulkAct.RETRY, CaseState.RETRYING, State.IN_DOUBT, None),
        (BulkAct.RETRY, CaseState.IN_PROGRESS, State.IN_DOUBT, ItemState.FAILED),
        (BulkAct.RETRY, CaseState.RESOLVED, State.POSTED, ItemState.SUCCEEDED),
        (BulkAct.RETRY, CaseState.IN_PROGRESS, State.FAILED, ItemState.FAILED),
        (BulkAct.RELEASE, CaseState.NEW, State.ON_HOLD, ItemState.FAILED),
        (BulkAct.RETRY, CaseState.RESOLVED, State.RETURNED_TO_SOURCE, ItemState.SKIPPED),
        (BulkAct.RETURN_TO_SOURCE, CaseState.RESOLVED, State.RETURNED_TO_SOURCE, ItemState.SUCCEEDED),
        (BulkAct.RETRY, CaseState.RESOLVED, State.SUPERSEDED, ItemState.SKIPPED),
        (BulkAct.CORRECT, CaseState.PENDING_APPROVAL, State.FAILED, None),
        (BulkAct.CLAIM, CaseState.NEW, None, None),
    ],
)
def test_an_item_ends_with_what_became_of_its_document(
    act: BulkAct, case_state: CaseState, state: State | None, expected: ItemState | None
) -> None:
    outcome = outcome_of(act, Stand(case_state, state, "It was refused.", "evidence"))
    assert (None if outcome is None else outcome.state) is expected


def test_a_failed_item_says_why_and_a_withdrawn_one_what_is_known() -> None:
    failed = outcome_of(BulkAct.RETRY, Stand(CaseState.NEW, State.FAILED, "It was refused.", ""))
    gone = outcome_of(BulkAct.RETRY, Stand(CaseState.CANCELLED, State.CANCELLED, "", ""))
    assert failed == Outcome(ItemState.FAILED, "It was refused.")
    assert gone == Outcome(ItemState.SKIPPED, "It was withdrawn meanwhile.")
