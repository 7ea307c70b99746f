"""What holds for the whole group and changes under four eyes: routing, materiality, replies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final  # values are JSON

from control_plane.acts import approvals
from control_plane.acts.approvals import Consequence
from control_plane.acts.door import Hand, NotPossibleError, pass_door
from control_plane.domain import materiality, replies, routing
from control_plane.domain.access import GROUP, Act
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.governed import Problem
from control_plane.store import policies
from control_plane.store.policies import EVERY_FLOW
from control_plane.store.tables import ApprovalRow

KIND: Final = "group_value"


class InvalidValueError(NotPossibleError):
    """The value cannot be used; `problems` says where and why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} part(s) of it cannot be used.")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value."""

    number: int
    """Names it as the subject of a proposal."""
    problems_of: Callable[[Mapping[str, Any]], list[Problem]]


KINDS: Final[Mapping[str, Kind]] = {
    routing.KEY: Kind(1, routing.problems_of),
    materiality.KEY: Kind(2, materiality.problems_of),
    replies.KEY: Kind(3, replies.problems_of),
}
"""By the key under which it is governed."""


def propose(hand: Hand, key: str, value: Mapping[str, Any]) -> int:
    """Let a second person decide about a new version of a value, and return the proposal's id.

    Raises:
        InvalidValueError: it cannot be used.
        UnknownObjectError, NotAllowedError, AlreadyProposedError: see `approvals.propose`.
    """
    pass_door(hand, Act.CHANGE_POLICY, GROUP)
    fatal = [one for one in KINDS[key].problems_of(value) if one.is_fatal]
    if fatal:
        raise InvalidValueError(fatal)
    content = {"key": key, "value": dict(value), "over_version": _version(hand, key)}
    subject = Subject(key, KINDS[key].number)
    return approvals.propose(hand, Proposal(KIND, subject, content, GROUP), act=Act.CHANGE_POLICY)


def _approved(hand: Hand, row: ApprovalRow) -> None:
    key, session, now = row.content["key"], hand.unit.session, hand.unit.now
    if _version(hand, key) != row.content["over_version"]:
        raise NotPossibleError("Another version took effect meanwhile; propose it anew.")
    kept = policies.propose(session, hand.unit.ids, EVERY_FLOW, key, row.content["value"], maker=row.maker, now=now)
    policies.approve(session, kept.id, checker=hand.actor.login, now=now)


CONSEQUENCE: Final = Consequence(_approved)


def _version(hand: Hand, key: str) -> int:
    row = policies.newest(hand.unit.session, EVERY_FLOW, key)
    return 0 if row is None else row.version
