"""The only rule engine: rules are data, the first one that matches wins."""

from collections.abc import Mapping, Sequence
from typing import Any  # rules are JSON


class MalformedRuleError(ValueError):
    """A rule is not of the form `{"when": {field: condition}, "then": {...}}`."""


def first_match(rules: Sequence[Mapping[str, Any]], facts: Mapping[str, str]) -> tuple[int, Mapping[str, Any]] | None:
    """Return the number (from 1) and the `then` of the first rule whose conditions all hold, or None.

    A condition is a text (the field equals it), a list (one of these) or `{"prefix": text}`. A field that the facts
    do not name is empty; a rule without conditions always matches.
    """
    for number, rule in enumerate(rules, start=1):
        if all(_holds(condition, facts.get(field, "")) for field, condition in rule.get("when", {}).items()):
            return number, rule["then"]
    return None


def check_rules(rules: Any, fields: frozenset[str]) -> None:  # comes from a file or a person
    """Return quietly if the rules can be read and ask only for these fields.

    Raises:
        MalformedRuleError: they cannot, with the number of the rule and what is wrong.
    """
    if not isinstance(rules, list):
        raise MalformedRuleError("rules are a list")
    for number, rule in enumerate(rules, start=1):
        problem = _problem(rule, fields)
        if problem:
            raise MalformedRuleError(f"rule {number}: {problem}")


def _holds(condition: Any, value: str) -> bool:  # one of the three forms
    if isinstance(condition, str):
        return value == condition
    if isinstance(condition, Mapping):
        return value.startswith(condition["prefix"])
    return value in condition


def _problem(rule: Any, fields: frozenset[str]) -> str:  # see check_rules
    if not isinstance(rule, Mapping) or not rule.keys() <= {"when", "then"}:
        return "it has `when` and `then`, nothing else"
    conditions = rule.get("when", {})
    if not isinstance(conditions, Mapping) or not isinstance(rule.get("then"), Mapping):
        return "`when` and `then` are tables"
    unknown = sorted(conditions.keys() - fields)
    if unknown:
        return f"{unknown[0]} is none of {', '.join(sorted(fields))}"
    wrong = next((field for field, condition in conditions.items() if not _is_condition(condition)), None)
    return f"the condition on {wrong} is a text, a list of texts, or a prefix" if wrong else ""


def _is_condition(condition: Any) -> bool:  # see check_rules
    if isinstance(condition, Mapping):
        return condition.keys() == {"prefix"} and isinstance(condition["prefix"], str)
    if isinstance(condition, list):
        return all(isinstance(one, str) for one in condition)
    return isinstance(condition, str)
