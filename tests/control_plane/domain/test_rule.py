from typing import Any

import pytest

from control_plane.domain.rule import first_match

RULES: list[dict[str, Any]] = [
    {"when": {"entity": "1000", "payee": ["card", "paid"]}, "then": {"to": "one"}},
    {"when": {"entity": {"prefix": "1"}}, "then": {"to": "two"}},
    {"then": {"to": "three"}},
]


@pytest.mark.parametrize(
    ("facts", "number"),
    [
        ({"entity": "1000", "payee": "card"}, 1),
        ({"entity": "1000", "payee": "paid"}, 1),
        ({"entity": "1000", "payee": "employee"}, 2),
        ({"entity": "1999"}, 2),
        ({"entity": "2000", "payee": "card"}, 3),
        ({}, 3),
    ],
)
def test_the_first_rule_whose_conditions_all_hold_wins(facts: dict[str, str], number: int) -> None:
    found = first_match(RULES, facts)
    assert found == (number, RULES[number - 1]["then"])


def test_without_a_match_there_is_no_answer() -> None:
    assert first_match(RULES[:1], {"entity": "2000"}) is None
    assert first_match([], {}) is None
