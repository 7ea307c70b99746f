"""Figures as they are printed and judged."""

import pytest

from bench.figures import NONE, Figure, at_least, at_most, middle, percentile, ratio, shown


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        (Figure("w_sqlite", 1234.5, "tx/s"), "figure w_sqlite 1234 tx/s target - - -"),
        (Figure("share", 12.0, "%", at_least(12)), "figure share 12 % target >= 12 ok"),
        (Figure("share", 11.999, "%", at_least(12)), "figure share 12 % target >= 12 short"),
        (Figure("lease", 19.25, "ms", at_most(20)), "figure lease 19.2 ms target <= 20 ok"),
        (Figure("lost", 1, "documents", NONE), "figure lost 1 documents target = 0 short"),
    ],
)
def test_a_figure_is_one_line_and_what_is_rounded_is_judged_unrounded(figure: Figure, line: str) -> None:
    assert figure.line == line


def test_a_figure_is_kept_with_its_target_and_its_verdict() -> None:
    kept = Figure("two_over_one", 1.75, "times", at_least(1.7)).json
    assert kept == {
        "name": "two_over_one",
        "value": 1.75,
        "unit": "times",
        "target": {"op": ">=", "value": 1.7},
        "verdict": "ok",
    }
    assert Figure("w_dbos", 56.0, "tx/s").json["target"] is None


def test_what_is_compared_with_nothing_is_nothing() -> None:
    assert ratio(5.0, 0.0) == 0.0
    assert ratio(5.0, 2.0) == 2.5


def test_the_median_of_two_runs_lies_between_them() -> None:
    assert middle([3.0, 1.0]) == 2.0


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (0.5, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], percent) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.05, "1.05"), (20000.0, "20000"), (345.6, "346"), (0.01234, "0.0123")]
)
def test_a_number_shows_three_digits_that_count(value: float, text: str) -> None:
    assert shown(value) == text
