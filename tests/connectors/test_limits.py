import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.limits import LONGEST_SECONDS, SHORTEST_SECONDS, Allowance, allowance_of

DATE = "Fri, 16 Oct 2026 09:00:00 GMT"
EPOCH = 1792141200
NAMES = ("ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset", "date")


@pytest.mark.parametrize(
    ("headers", "allowance"),
    [
        ({"ratelimit": '"default";r=50;t=10'}, Allowance(5.0, 10.0)),
        ({"ratelimit": '"default";r=0;t=30', "ratelimit-policy": '"default";q=100;w=60'}, Allowance(0.0, 30.0)),
        ({"ratelimit": "limit=100, remaining=20, reset=5"}, Allowance(4.0, 5.0)),
        ({"ratelimit-limit": "10", "ratelimit-remaining": "8", "ratelimit-reset": "4"}, Allowance(2.0, 4.0)),
        ({"x-ratelimit-remaining": "6", "x-ratelimit-reset": "3"}, Allowance(2.0, 3.0)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{EPOCH + 40}", "date": DATE}, Allowance(0.0, 40.0)),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "0"}, Allowance(5.0, SHORTEST_SECONDS)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "315360000"}, Allowance(0.0, LONGEST_SECONDS)),
        (
            {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "400", "x-ratelimit-reset": "1000"},
            Allowance(0.4, 1000.0),
        ),
    ],
)
def test_what_is_left_is_spread_over_what_is_left_of_the_window(headers: dict[str, str], allowance: Allowance) -> None:
    assert allowance_of(headers) == allowance


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json"},
        {"x-ratelimit-remaining": "5"},
        {"x-ratelimit-reset": "5"},
        {"x-ratelimit-remaining": "-5", "x-ratelimit-reset": "10"},
        {"x-ratelimit-remaining": "many", "x-ratelimit-reset": "soon"},
        {"x-ratelimit-remaining": "9" * 40, "x-ratelimit-reset": "10"},
        {"x-ratelimit-remaining": "5", "x-ratelimit-reset": f"{EPOCH}"},
        {"x-ratelimit-remaining": "5", "x-ratelimit-reset": f"{EPOCH}", "date": "some day"},
    ],
)
def test_what_cannot_be_read_binds_nobody(headers: dict[str, str]) -> None:
    assert allowance_of(headers) is None


def test_an_ample_quota_for_an_hour_is_not_spread_over_it() -> None:
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4000", "x-ratelimit-reset": "3000"}
    assert allowance_of(headers) is None


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60)))
def test_no_headers_break_anything(headers: dict[str, str]) -> None:
    found = allowance_of(headers)
    assert found is None or (found.calls_per_second >= 0 and SHORTEST_SECONDS <= found.seconds <= LONGEST_SECONDS)
