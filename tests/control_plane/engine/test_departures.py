"""However late calls come after they have left, no second sees more of them than the limit."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from control_plane.engine.departures import COMES_WITHIN, Departure, Departures
from tests.stands.runtime import MORNING

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
EARLIER = MORNING - 100 * SECOND


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is made so long after the one before; milliseconds."""

    pause: int
    is_on_its_way: int
    is_answered_in: int


def calls(latest: int, slowest: int) -> st.SearchStrategy[Call]:
    return st.builds(Call, st.integers(0, 120), st.integers(0, latest), st.integers(0, slowest))


def busiest_second(moments: Sequence[datetime]) -> int:
    moments = sorted(moments)
    return max(bisect_left(moments, at + SECOND) - number for number, at in enumerate(moments))


def leave(departures: Departures, now: datetime, limit: float, burst: int = 1) -> tuple[datetime, Departure]:
    """Return when a call leaves that wants to leave now."""
    at = max(now, departures.room_at(limit, burst) or now)
    return at, departures.add(at)


def arrivals(departures: Departures, made: Sequence[Call], limit: int) -> list[datetime]:
    """Return when the calls come."""
    now, came, open_calls = MORNING, list[datetime](), list[tuple[datetime, Departure]]()
    for call in made:
        now += call.pause * MILLISECOND
        for answered_at, departure in [one for one in open_calls if one[0] <= now]:
            departures.answered(departure, answered_at)
        open_calls = [one for one in open_calls if one[0] > now]
        now, departure = leave(departures, now, limit)
        came.append(now + call.is_on_its_way * MILLISECOND)
        open_calls.append((came[-1] + call.is_answered_in * MILLISECOND, departure))
    return came


@given(st.lists(calls(latest=35, slowest=400), min_size=1, max_size=150), st.integers(1, 30))
def test_no_second_sees_more_calls_than_the_limit_however_long_answers_take(made: list[Call], limit: int) -> None:
    assert busiest_second(arrivals(Departures(), made, limit)) <= limit


@given(st.lists(st.tuples(*[calls(10, 10)] * 2, calls(900, 10)), min_size=1, max_size=60), st.integers(1, 30))
def test_no_second_sees_more_calls_than_the_limit_however_late_single_ones_come(
    made: list[tuple[Call, ...]], limit: int
) -> None:
    departures = Departures()
    for _ in range(2):
        departures.answered(departures.add(EARLIER), EARLIER)
    assert busiest_second(arrivals(departures, [call for few in made for call in few], limit)) <= limit


@given(st.integers(1, 300), st.integers(0, 5000))
def test_95_percent_of_the_limit_are_used_however_long_answers_take(limit: int, answering: int) -> None:
    departures, now, left = Departures(), MORNING, 0
    while now < MORNING + 5 * SECOND:
        now, departure = leave(departures, now, limit)
        departures.answered(departure, now + answering * MILLISECOND)
        left += 1
    assert left >= 0.95 * limit * 5


def test_a_limit_below_one_a_second_is_one_call_in_as_long_as_that_takes() -> None:
    departures = Departures()
    departures.answered(departures.add(MORNING), MORNING)
    assert departures.room_at(0.1) == MORNING + 10.15 * SECOND


def test_calls_that_may_leave_at_once_find_room_at_once() -> None:
    departures = Departures()
    moments = [leave(departures, MORNING, 2, burst=5)[0] for _ in range(7)]
    assert moments[:6] == [MORNING] * 6
    assert moments[6] == MORNING + 1.015 * SECOND + COMES_WITHIN
