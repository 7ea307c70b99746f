"""Recognize: a target's refusal that no table of its connector lists is named by a rule, or kept to be named."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.contract import Outcome
from connectors.exchange import outcome_kind_of
from connectors.failures import CATALOG, UNKNOWN_ANSWER, Failure, unknown_answer
from control_plane.domain.failure_rule import Answer, FailureRule, named
from control_plane.engine.parts import Unit
from control_plane.store import failure_rules
from control_plane.store.failure_rules import Heard

Said = tuple[int, str, tuple[Outcome, ...]]
"""A transaction, its target, and the answers for its documents."""


def recognize(unit: Unit, said: Sequence[Said]) -> list[tuple[Outcome, ...]]:
    """Return the answers with every failure under a code of the catalog, in order."""
    if not any(_is_strange(outcome.failure) for _, _, outcomes in said for outcome in outcomes):
        return [outcomes for _, _, outcomes in said]
    rules = failure_rules.current(unit.session)
    read = [tuple(_read(outcome, target, rules) for outcome in outcomes) for _, target, outcomes in said]
    heard = [
        Heard(_answer(target, outcome.failure), number)
        for (number, target, _), outcomes in zip(said, read, strict=True)
        for outcome in outcomes
        if outcome.failure is not None and outcome.failure.code == UNKNOWN_ANSWER
    ]
    failure_rules.hear(unit.session, unit.ids, heard, now=unit.now)
    return read


def _is_strange(failure: Failure | None) -> bool:
    return failure is not None and (failure.code == UNKNOWN_ANSWER or failure.code not in CATALOG)


def _read(outcome: Outcome, target: str, rules: Sequence[FailureRule]) -> Outcome:
    failure = outcome.failure
    if failure is None or not _is_strange(failure):
        return outcome
    if failure.code != UNKNOWN_ANSWER:
        failure = unknown_answer(failure.code, failure.detail or failure.code, failure.field_path)
    found = named(_answer(target, failure), rules)
    if found is None:
        return replace(outcome, failure=failure)
    return replace(outcome, failure=found[1], kind=outcome_kind_of(found[1]))


def _answer(target: str, failure: Failure) -> Answer:
    return Answer(target, failure.values.get("answer_code", ""), failure.detail, failure.field_path)
