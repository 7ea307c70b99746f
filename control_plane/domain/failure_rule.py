"""Rules that give a target's unknown answer a code of the catalog, by the target's own code and words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import re2

from connectors.failures import CATALOG, UNKNOWN_ANSWER, Failure, FailureKind
from connectors.runbook import ADDED_TO_EVERY_SENTENCE, names_in

LONGEST_PATTERN: Final = 300
LONGEST_TEXT: Final = 2000
"""Letters of an answer that are searched: a search takes time linear to them, whatever the pattern."""
LONGEST_VALUE: Final = 200
_MEMORY: Final = 1 << 20
"""Bytes that a compiled pattern may take."""
_PROMOTED: Final = frozenset(
    {
        FailureKind.REJECTED,
        FailureKind.CONTRACT,
        FailureKind.TRANSIENT,
        FailureKind.RATE_LIMITED,
        FailureKind.CONFIGURATION,
        FailureKind.UNKNOWN,
    }
)
"""What an answer may turn out to mean; no words prove that nothing was sent, and ours are no target's faults."""


class UnusableRuleError(ValueError):
    """The rule can be neither kept nor applied; its text says why."""


@dataclass(frozen=True, slots=True)
class FailureRule:
    """One rule: which answers it knows, and what they mean."""

    name: str
    code: str
    """Of the catalog."""
    connection: str = ""
    """Empty: whoever answers."""
    answer_code: str = ""
    """In the target's own words; empty: any."""
    pattern: str = ""
    """Searched in the answer's text; its named groups become values. Empty: any text."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the sentence needs and the text does not tell."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target said, in its own words."""

    connection: str
    code: str
    text: str
    field_path: str = ""


def check(rule: FailureRule) -> None:
    """Return quietly if the rule can be kept.

    Raises:
        UnusableRuleError: its pattern is too long, too large or cannot be matched in linear time; its code is none of
            the catalog; or the sentence of that code lacks a value.
    """
    for problem in _problems(rule):
        raise UnusableRuleError(problem)


def named(answer: Answer, rules: Sequence[FailureRule]) -> tuple[FailureRule, Failure] | None:
    """Return the first rule that knows the answer, with what it means."""
    for rule in rules:
        found = _found(rule, answer)
        if found is not None:
            values = {**rule.values, **found}
            return rule, Failure(rule.code, values, answer.field_path, detail=answer.text)
    return None


def _problems(rule: FailureRule) -> Iterator[str]:
    if not rule.answer_code and not rule.pattern:
        yield "It would know every answer: name a code of the target, or a pattern."
    entry = CATALOG.get(rule.code)
    if entry is None or rule.code == UNKNOWN_ANSWER:
        yield f"The catalog has no code {rule.code}."
        return
    if entry.kind not in _PROMOTED:
        yield f"What a target answers is never {entry.kind.value}."
    if len(rule.pattern) > LONGEST_PATTERN:
        yield f"The pattern is longer than {LONGEST_PATTERN} letters."
        return
    told = {*_groups(rule.pattern), *rule.values} | ADDED_TO_EVERY_SENTENCE
    if missing := sorted(names_in(entry) - told):
        yield f"The sentence of {rule.code} needs {', '.join(missing)}: name groups of the pattern so, or give values."
    if any(len(value) > LONGEST_VALUE for value in rule.values.values()):
        yield f"A value is longer than {LONGEST_VALUE} letters."


def _found(rule: FailureRule, answer: Answer) -> Mapping[str, str] | None:
    """Return the values that the rule reads from an answer, or None where it does not know it."""
    if rule.connection not in {"", answer.connection} or rule.answer_code not in {"", answer.code}:
        return None
    if not rule.pattern:
        return {}
    match = _compiled(rule.pattern).search(answer.text[:LONGEST_TEXT])
    if match is None:
        return None
    return {name: value[:LONGEST_VALUE] for name, value in match.groupdict().items() if value is not None}


def _groups(pattern: str) -> frozenset[str]:
    return frozenset(_compiled(pattern).groupindex) if pattern else frozenset()


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> Any:  # the library ships no types
    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise UnusableRuleError(f"The pattern cannot be used: {told}.") from error
