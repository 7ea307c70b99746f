from datetime import datetime, timedelta

import pytest

from control_plane.domain.cure import BY_ITSELF, Cure, Treated, cures, episodes, is_back, regressions
from tests.stands.runtime import MORNING

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def treated(opened: timedelta, took: timedelta | None, *, failed: int = 0, act: str = BY_ITSELF) -> Treated:
    opened_at = MORNING + opened
    return Treated(opened_at, None if took is None else opened_at + took, failed, act)


def test_a_cure_is_told_by_its_successes_its_tries_and_its_median() -> None:
    healed = [treated(number * MINUTE, (number + 1) * MINUTE) for number in range(3)]
    in_vain = treated(MINUTE, None, failed=2)
    by_hand = treated(MINUTE, DAY, failed=1, act="retry")
    assert cures([by_hand, in_vain, *healed]) == [
        Cure(BY_ITSELF, 3, 5, 2 * MINUTE),
        Cure("retry", 1, 2, DAY),
    ]


def test_what_nobody_has_tried_yet_is_no_cure() -> None:
    assert cures([treated(MINUTE, None)]) == []


def test_a_cure_that_never_helped_has_no_median() -> None:
    assert cures([treated(MINUTE, None, failed=1, act="retry")]) == [Cure("retry", 0, 1, None)]


def test_exceptions_that_stand_at_the_same_time_are_one_episode_ended_by_the_last_of_them() -> None:
    (one,) = episodes([treated(MINUTE, 5 * MINUTE, act="retry"), treated(0 * MINUTE, 2 * MINUTE)])
    assert (one.began_at, one.ended_at) == (MORNING, MORNING + 6 * MINUTE)
    assert (one.exception_count, one.act) == (2, "retry")


def test_an_episode_lasts_as_long_as_one_exception_is_open() -> None:
    (one,) = episodes([treated(0 * DAY, None), treated(9 * DAY, MINUTE)])
    assert (one.ended_at, one.exception_count) == (None, 2)


def test_a_cause_that_stands_again_soon_was_not_cured() -> None:
    found = episodes([treated(0 * DAY, MINUTE), treated(3 * DAY, MINUTE), treated(30 * DAY, None)])
    assert [one.exception_count for one in found] == [1, 1, 1]
    assert regressions(found) == found[:1]


@pytest.mark.parametrize(
    ("resolved_at", "is_so"),
    [(None, False), (MORNING, False), (MORNING - DAY, True), (MORNING - 7 * DAY, True), (MORNING - 8 * DAY, False)],
)
def test_the_window_is_a_week(resolved_at: datetime | None, *, is_so: bool) -> None:
    assert is_back(resolved_at, MORNING) is is_so
