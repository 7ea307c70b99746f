from typing import Any

import pytest

from control_plane.domain.rule import MalformedRuleError, check_rules, first_match

RULES: list[dict[str, Any]] = [
    {"when": {"entity": "1000", "payee": ["card", "paid"]}, "then": {"to": "one"}},
    {"when": {"entity": {"prefix": "1"}}, "then": {"to": "two"}},
    {"then": {"to": "three"}},
]
FIELDS = frozenset({"entity", "payee"})


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


def test_rules_that_can_be_read_are_accepted() -> None:
    check_rules(RULES, FIELDS)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"then": {}}, "rules are a list"),
        (["then"], "rule 1: it has `when` and `then`"),
        ([RULES[0], {"then": {}, "else": {}}], "rule 2: it has `when` and `then`"),
        ([{"when": {}}], "rule 1: `when` and `then` are tables"),
        ([{"when": [], "then": {}}], "rule 1: `when` and `then` are tables"),
        ([{"when": {"entitty": "1000"}, "then": {}}], "rule 1: entitty is none of entity, payee"),
        ([{"when": {"entity": 1000}, "then": {}}], "rule 1: the condition on entity"),
        ([{"when": {"entity": [1000]}, "then": {}}], "rule 1: the condition on entity"),
        ([{"when": {"entity": {"prefix": 1}}, "then": {}}], "rule 1: the condition on entity"),
        ([{"when": {"entity": {"suffix": "1"}}, "then": {}}], "rule 1: the condition on entity"),
    ],
)
def test_rules_that_cannot_be_read_are_refused_by_number(rules: object, problem: str) -> None:
    with pytest.raises(MalformedRuleError, match=problem):
        check_rules(rules, FIELDS)
