"""The only rule engine: rules are data, the first one that matches wins."""

from collections.abc import Mapping, Sequence
from typing import Any  # rules are JSON


def first_match(rules: Sequence[Mapping[str, Any]], facts: Mapping[str, str]) -> tuple[int, Mapping[str, Any]] | None:
    """Return the number (from 1) and the `then` of the first rule whose conditions all hold, or None.

    A condition is a text (the field equals it), a list (one of these) or `{"prefix": text}`. A field that the facts
    do not name is empty; a rule without conditions always matches.
    """
    for number, rule in enumerate(rules, start=1):
        if all(_holds(condition, facts.get(field, "")) for field, condition in rule.get("when", {}).items()):
            return number, rule["then"]
    return None


def _holds(condition: Any, value: str) -> bool:  # one of the three forms
    if isinstance(condition, str):
        return value == condition
    if isinstance(condition, Mapping):
        return value.startswith(condition["prefix"])
    return value in condition
