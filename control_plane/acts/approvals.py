"""Four eyes: propose, approve, refuse, withdraw; what was proposed happens with the decision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    UnknownObjectError,
    pass_door,
    record,
)
from control_plane.domain.access import Act, Actor, may
from control_plane.domain.approval import ApprovalState, Proposal, needs_second_person, objection
from control_plane.domain.identity import public_id
from control_plane.store import approvals, people
from control_plane.store.approvals import Decision
from control_plane.store.tables import ApprovalRow

ADDED_UP_OVER: Final = timedelta(days=1)
"""How long what a person did alone counts when the next small thing is weighed."""


class EditedProposalError(NotAllowedError):
    """Nobody approves another content than the one they read."""


class AlreadyProposedError(NotPossibleError):
    """One proposal of a kind may be open about one subject."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from the decision about one kind of proposals, in the decision's own unit of work."""

    approved: Callable[[Hand, ApprovalRow], None]
    """Do what was proposed; whatever it raises leaves the proposal open."""
    let_go: Callable[[Hand, ApprovalRow], None] = lambda _hand, _row: None
    """It was refused or withdrawn: its subject, where it was held, is free again."""


Consequences = Mapping[str, Consequence]
"""By kind of proposal."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A proposal that waits for a second person, or that was small enough without one."""

    approval_id: int
    is_waived: bool


def propose(hand: Hand, proposal: Proposal, *, act: Act = Act.PROPOSE) -> int:
    """Let a second person decide, and return the proposal's id.

    Raises:
        UnknownObjectError, NotAllowedError: see `door.pass_door`.
        AlreadyProposedError: one of its kind waits already.
    """
    pass_door(hand, act, proposal.legal_entity)
    return _keep(hand, proposal, ApprovalState.OPEN)


def submit(hand: Hand, proposal: Proposal, *, free_up_to_minor: int | None, act: Act = Act.PROPOSE) -> Submitted:
    """Let a second person decide where it is too much for one, together with what the maker did alone lately.

    `free_up_to_minor` is in the group's currency; None: always two persons. What is waived is on record as such,
    and the caller does it at once.

    Raises:
        UnknownObjectError, NotAllowedError: see `door.pass_door`.
        AlreadyProposedError: one of its kind waits already.
    """
    pass_door(hand, act, proposal.legal_entity)
    since = hand.unit.now - ADDED_UP_OVER
    earlier = approvals.waived_minor(hand.unit.session, proposal.kind, hand.actor.person_id, since=since)
    worth = proposal.group_minor if proposal.amount_minor else 0
    is_too_much = needs_second_person(worth, earlier_minor=earlier, free_up_to_minor=free_up_to_minor)
    state = ApprovalState.OPEN if is_too_much else ApprovalState.WAIVED
    return Submitted(_keep(hand, proposal, state), is_waived=not is_too_much)


def approve(hand: Hand, approval_id: int, *, revision: int, content_sha256: str, consequences: Consequences) -> None:
    """Agree as the second person; what was proposed happens in the same unit of work.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: it is the actor's own in any way, or above their limit, or they are shut out meanwhile.
        EditedProposalError: it is not the content that the actor read.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
        NotPossibleError: it is decided already, or its subject has gone on.
    """
    checker, row = _see(hand, approval_id, revision=revision, content_sha256=content_sha256)
    _require_maker(checker, row)
    _decide(checker, row, ApprovalState.APPROVED)
    consequences[row.kind].approved(checker, row)


def refuse(hand: Hand, approval_id: int, *, revision: int, content_sha256: str, consequences: Consequences) -> None:
    """Disagree as the second person; its subject is free again.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError, NotPossibleError: see `approve`.
    """
    checker, row = _see(hand, approval_id, revision=revision, content_sha256=content_sha256)
    _decide(checker, row, ApprovalState.REFUSED)
    consequences[row.kind].let_go(checker, row)


def withdraw(hand: Hand, approval_id: int, *, revision: int, consequences: Consequences) -> None:
    """Take the own proposal back; its subject is free again.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: somebody else proposed it.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
        NotPossibleError: it is decided already.
    """
    row = _row(hand, approval_id)
    if row.maker_id != hand.actor.person_id:
        pass_door(hand, Act.READ, row.legal_entity_id)
        raise NotAllowedError("Somebody else proposed it.")
    _require_open(row, revision)
    _decide(hand, row, ApprovalState.WITHDRAWN)
    consequences[row.kind].let_go(hand, row)


def acts_on(actor: Actor, row: ApprovalRow) -> list[str]:
    """Return the names of the acts that the actor may do with the proposal as it stands."""
    if row.state != ApprovalState.OPEN:
        return []
    own = ["withdraw"] if row.maker_id == actor.person_id else []
    return own if objection_to(actor, row) else ["approve", "refuse", *own]


def objection_to(actor: Actor, row: ApprovalRow) -> str:
    """Return in a sentence why the actor may not decide the open proposal; empty where they may."""
    if row.state != ApprovalState.OPEN:
        return ""
    if not may(actor, Act.APPROVE, row.legal_entity_id):
        return "To approve is not among your roles here."
    return objection(approvals.asked_of(row), actor)


def _keep(hand: Hand, proposal: Proposal, state: ApprovalState) -> int:
    number = approvals.add(
        hand.unit.session, hand.unit.ids, proposal, hand.actor, reason=hand.reason, now=hand.unit.now, state=state
    )
    if number is None:
        raise AlreadyProposedError("This is proposed already; it waits for somebody's decision.")
    name = "waive" if state is ApprovalState.WAIVED else "propose"
    after = {"state": state.value, "kind": proposal.kind, "content_sha256": approvals.digest(proposal.content)}
    record(
        hand,
        name=f"approval.{name}",
        object_type="approval",
        object_id=public_id("apr", number),
        legal_entity=proposal.legal_entity,
        after=after,
    )
    return number


def _see(hand: Hand, approval_id: int, *, revision: int, content_sha256: str) -> tuple[Hand, ApprovalRow]:
    """Return the proposal with the hand of whoever decides, as they are known in this very moment."""
    row = _row(hand, approval_id)
    pass_door(hand, Act.READ, row.legal_entity_id)
    checker = people.actor(hand.unit.session, hand.actor.person_id, now=hand.unit.now)
    if checker is None:
        raise NotAllowedError("You were shut out meanwhile.")
    hand = replace(hand, actor=checker)
    pass_door(hand, Act.APPROVE, row.legal_entity_id)
    said = objection(approvals.asked_of(row), checker)
    if said:
        raise NotAllowedError(said)
    if content_sha256 != row.content_sha256 or approvals.digest(row.content) != row.content_sha256:
        raise EditedProposalError("The proposal is not the one that you read.")
    _require_open(row, revision)
    return hand, row


def _row(hand: Hand, approval_id: int) -> ApprovalRow:
    row = approvals.row_of(hand.unit.session, approval_id)
    if row is None:
        raise UnknownObjectError(str(approval_id))
    return row


def _require_open(row: ApprovalRow, revision: int) -> None:
    if row.state != ApprovalState.OPEN:
        raise NotPossibleError(f"It is {row.state} already.")
    if row.revision != revision:
        raise ChangedMeanwhileError("The proposal has changed since you read it.")


def _require_maker(hand: Hand, row: ApprovalRow) -> None:
    if people.actor(hand.unit.session, row.maker_id, now=hand.unit.now) is None:
        raise NotAllowedError("Who proposed it was shut out meanwhile; somebody else has to propose it anew.")


def _decide(hand: Hand, row: ApprovalRow, state: ApprovalState) -> None:
    checker = None if state is ApprovalState.WITHDRAWN else hand.actor
    if not approvals.decide(hand.unit.session, row, Decision(state, hand.unit.now, hand.reason, checker)):
        raise ChangedMeanwhileError("Somebody else was faster.")
    told = {"kind": row.kind, "content_sha256": row.content_sha256}
    record(
        hand,
        name=f"approval.{_NAMES[state]}",
        object_type="approval",
        object_id=public_id("apr", row.id),
        legal_entity=row.legal_entity_id,
        before={"state": ApprovalState.OPEN.value, "maker": row.maker, **told},
        after={"state": state.value, **told},
    )


_NAMES: Final[Mapping[ApprovalState, str]] = {
    ApprovalState.APPROVED: "approve",
    ApprovalState.REFUSED: "refuse",
    ApprovalState.WITHDRAWN: "withdraw",
}
