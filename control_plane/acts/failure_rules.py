"""Failure rules under four eyes: proposed, tried on the answers that were kept, retired."""

from dataclasses import asdict, dataclass
from typing import Final

from connectors.failures import Failure
from control_plane.acts import approvals
from control_plane.acts.approvals import Consequence
from control_plane.acts.door import Hand, NotPossibleError, pass_door, record
from control_plane.domain.access import GROUP, Act
from control_plane.domain.approval import Proposal, named_subject
from control_plane.domain.failure_rule import FailureRule, UnusableRuleError, check, named
from control_plane.store import failure_rules
from control_plane.store.failure_rules import Hands
from control_plane.store.tables import ApprovalRow, UnknownAnswerRow

KIND: Final = "failure_rule"


@dataclass(frozen=True, slots=True)
class Tried:
    """A kept answer, and what the rule makes of it; None: the rule does not know it."""

    row: UnknownAnswerRow
    failure: Failure | None


def propose(hand: Hand, rule: FailureRule, *, is_active: bool = True) -> int:
    """Let a second person decide about a rule's next version, and return the proposal's id.

    Raises:
        NotPossibleError: the rule cannot be used; says why.
        UnknownObjectError, NotAllowedError, AlreadyProposedError: see `approvals.propose`.
    """
    pass_door(hand, Act.CHANGE_POLICY, GROUP)
    _require_usable(rule)
    over = _version(hand, rule.name)
    if not is_active and not over:
        raise NotPossibleError("There is no such rule to retire.")
    content = asdict(rule) | {"is_active": is_active, "version": over + 1}
    return approvals.propose(
        hand, Proposal(KIND, named_subject(KIND, rule.name), content, GROUP), act=Act.CHANGE_POLICY
    )


def tried(rows: list[UnknownAnswerRow], rule: FailureRule) -> list[Tried]:
    """Return what a rule would make of answers that were kept; nothing is written.

    Raises:
        NotPossibleError: the rule cannot be used; says why.
    """
    _require_usable(rule)
    found = [(row, named(failure_rules.answer_of(row), [rule])) for row in rows]
    return [Tried(row, None if known is None else known[1]) for row, known in found]


def _approved(hand: Hand, row: ApprovalRow) -> None:
    content = dict(row.content)
    is_active, version = content.pop("is_active"), content["version"]
    rule = FailureRule(**content)
    if _version(hand, rule.name) + 1 != version:
        raise NotPossibleError("Another version took effect meanwhile; propose it anew.")
    _require_usable(rule)
    hands = Hands(row.maker_id, row.maker, hand.actor.person_id, hand.actor.login)
    failure_rules.add(hand.unit.session, hand.unit.ids, rule, hands, is_active=is_active, now=hand.unit.now)
    record(
        hand,
        name="failure_rule.approve" if is_active else "failure_rule.retire",
        object_type="failure_rule",
        object_id=rule.name,
        legal_entity=GROUP,
        after=content,
    )


CONSEQUENCE: Final = Consequence(_approved)


def _require_usable(rule: FailureRule) -> None:
    try:
        check(rule)
    except UnusableRuleError as error:
        raise NotPossibleError(str(error)) from error


def _version(hand: Hand, name: str) -> int:
    rows = failure_rules.versions(hand.unit.session, name)
    return rows[0].version if rows else 0
