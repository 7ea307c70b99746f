"""A flow's policy under four eyes: its field mapping, its routes, its limits; what they held goes on by itself."""

from collections.abc import Mapping
from typing import Any, Final  # values are JSON

import jsonschema_rs

from control_plane.acts import approvals
from control_plane.acts.approvals import Consequence
from control_plane.acts.door import Hand, NotPossibleError, UnknownObjectError, pass_door
from control_plane.domain.access import GROUP, Act
from control_plane.domain.approval import Proposal, named_subject
from control_plane.flows.flow import Flow
from control_plane.store import policies
from control_plane.store.tables import ApprovalRow

KIND: Final = "flow_value"


def propose(hand: Hand, flow: str, key: str, value: Mapping[str, Any]) -> int:
    """Let a second person decide about a new version of a value, such as `accounts`, and return the proposal's id.

    Raises:
        NotPossibleError: the flow has no such value, or it must not look like this.
        UnknownObjectError: there is no such flow.
        NotAllowedError, AlreadyProposedError: see `approvals.propose`.
    """
    pass_door(hand, Act.CHANGE_POLICY, GROUP)
    _require_valid(_flow(hand, flow), key, value)
    content = {"flow": flow, "key": key, "value": dict(value), "over_version": _version(hand, flow, key)}
    return approvals.propose(
        hand, Proposal(KIND, named_subject(KIND, flow, key), content, GROUP), act=Act.CHANGE_POLICY
    )


def _approved(hand: Hand, row: ApprovalRow) -> None:
    flow, key, value = row.content["flow"], row.content["key"], row.content["value"]
    if _version(hand, flow, key) != row.content["over_version"]:
        raise NotPossibleError("Another version took effect meanwhile; propose it anew.")
    session, now = hand.unit.session, hand.unit.now
    kept = policies.propose(session, hand.unit.ids, flow, key, value, maker=row.maker, now=now)
    policies.approve(session, kept.id, checker=hand.actor.login, now=now)


CONSEQUENCE: Final = Consequence(_approved)


def _flow(hand: Hand, name: str) -> Flow:
    flow = hand.unit.flows.get(name)
    if flow is None:
        raise UnknownObjectError(name)
    return flow


def _require_valid(flow: Flow, key: str, value: Mapping[str, Any]) -> None:
    schema = flow.policy.schemas.get(key)
    if schema is None:
        raise NotPossibleError(f"{flow.name} has no value {key}.")
    for problem in jsonschema_rs.validator_for(dict(schema)).iter_errors(dict(value)):
        place = "/".join(map(str, problem.instance_path))
        raise NotPossibleError(f"{key}{'/' if place else ''}{place}: {problem.message}")


def _version(hand: Hand, flow: str, key: str) -> int:
    row = policies.newest(hand.unit.session, flow, key)
    return 0 if row is None else row.version
