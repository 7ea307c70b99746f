"""What the ERP's calls say about a drain."""

from http import HTTPStatus

import pytest

from bench.drain import Drained, since_first_success
from bench.erp import Call

LIMIT = 100


def calls(count: int, *, per_second: float, begins_at: float = 10.0) -> list[Call]:
    return [Call(begins_at + place / per_second, 1, HTTPStatus.OK) for place in range(count)]


def test_a_drain_at_the_limit_takes_as_long_as_the_limit_has_it() -> None:
    drained = Drained(calls(1000, per_second=LIMIT), LIMIT)
    assert drained.over_ideal == pytest.approx(1.0, abs=0.01)
    assert drained.used_percent == pytest.approx(100, abs=0.5)
    assert (drained.above, drained.failed_percent) == (0, 0)


def test_a_drain_at_half_the_limit_takes_twice_as_long() -> None:
    drained = Drained(calls(1000, per_second=LIMIT / 2), LIMIT)
    assert drained.over_ideal == pytest.approx(2.0, abs=0.01)
    assert drained.used_percent == pytest.approx(50, abs=0.5)


def test_calls_that_are_refused_count_and_those_before_the_first_success_do_not() -> None:
    refused = Call(20.0, 1, HTTPStatus.TOO_MANY_REQUESTS)
    early = [Call(1.0, 1, HTTPStatus.SERVICE_UNAVAILABLE)]
    told = since_first_success([*early, *calls(99, per_second=LIMIT), refused])
    drained = Drained(told, LIMIT)
    assert (drained.above, drained.failed_percent) == (1, 1.0)
