"""What unknown answers of a target mean: rules, trials on the answers that were kept, and proposals."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from control_plane.acts import failure_rules as acts
from control_plane.acts.door import Hand, NotPossibleError
from control_plane.acts.failure_rules import Tried
from control_plane.api.acting import Begins
from control_plane.api.auth import Asks
from control_plane.api.problem_json import ProblemError
from control_plane.api.proposing import propose
from control_plane.api.schemas import (
    FailureRuleDraft,
    FailureRuleProposal,
    FailureRules,
    FailureRuleTrial,
    FailureRuleView,
    Proposed,
    TriedAnswer,
    UnknownAnswerView,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act
from control_plane.domain.failure_rule import FailureRule, named
from control_plane.domain.identity import public_id
from control_plane.store import failure_rules
from control_plane.store.tables import FailureRuleRow, UnknownAnswerRow

router: Final = APIRouter(prefix="/v1/failure-rules", tags=["exceptions"], route_class=StrictRoute)

MOST: Final = 200
"""Answers that are shown, and tried; the last ones."""


@router.get("")
def show_rules(asks: Asks) -> FailureRules:
    """Show the rules, and what targets answered that nobody knew."""
    asks.scope(Act.READ)
    with asks.services.database.read() as session:
        rows = failure_rules.newest(session)
        rules = [failure_rules.rule_of(row) for row in rows if row.is_active]
        heard = failure_rules.unknown(session, limit=MOST) if asks.scope().is_group else []
    return FailureRules(rules=[_rule(row) for row in rows], unknown_answers=[_unknown(row, rules) for row in heard])


@router.post("/propose", response_model=Proposed)
def propose_rule(begins: Begins, proposal: FailureRuleProposal) -> Response:
    """Propose a rule's next version; it takes effect when somebody else approves it."""

    def deed(hand: Hand) -> int:
        return acts.propose(hand, _draft(proposal), is_active=proposal.is_active)

    return propose(begins, deed, proposal.reason)


@router.post("/dry-run")
def try_rule(asks: Asks, draft: FailureRuleDraft) -> FailureRuleTrial:
    """Say what a rule would make of the answers that were kept; nothing is written."""
    asks.scope(Act.CHANGE_POLICY)
    with asks.services.database.read() as session:
        rows = failure_rules.unknown(session, limit=MOST) if asks.scope().is_group else []
    try:
        items = [_tried(one) for one in acts.tried(rows, _draft(draft))]
    except NotPossibleError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", str(error)) from error
    return FailureRuleTrial(known_count=sum(one.is_known for one in items), items=items)


def _draft(draft: FailureRuleDraft) -> FailureRule:
    fields = {"name", "code", "connection", "answer_code", "pattern", "values"}
    return FailureRule(**draft.model_dump(include=fields))


def _rule(row: FailureRuleRow) -> FailureRuleView:
    return FailureRuleView(**row.model_dump(include=set(FailureRuleView.model_fields)))


def _unknown(row: UnknownAnswerRow, rules: list[FailureRule]) -> UnknownAnswerView:
    found = named(failure_rules.answer_of(row), rules)
    return UnknownAnswerView(
        transaction_id=None if row.transaction_id is None else public_id("txn", row.transaction_id),
        rule="" if found is None else found[0].name,
        **row.model_dump(include=set(UnknownAnswerView.model_fields) - {"transaction_id", "rule"}),
    )


def _tried(one: Tried) -> TriedAnswer:
    failure = one.failure
    return TriedAnswer(
        is_known=failure is not None,
        code="" if failure is None else failure.code,
        values={} if failure is None else dict(failure.values),
        **one.row.model_dump(include={"connection", "answer_code", "text", "count"}),
    )
