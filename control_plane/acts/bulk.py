"""What people do with bulk operations: plan, start, pause, go on, cancel; the ramp then does the items."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from control_plane.acts import approvals, bulk_plan
from control_plane.acts.approvals import Consequence
from control_plane.acts.bulk_items import wish_of
from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    OwnDocumentError,
    UnknownObjectError,
    record,
    scope_for,
)
from control_plane.domain.access import GROUP, Act, Actor, is_paid, may, scope_of
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.bulk import DOOR, BulkAct, BulkState, moved
from control_plane.domain.bulk_plan import (
    Item,
    Selection,
    difference,
    hash_of,
    in_order,
    selection_of,
    worth_of,
)
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By, ForbiddenTransitionError
from control_plane.store import approvals as proposals
from control_plane.store import bulk
from control_plane.store.queries import bulk as queries
from control_plane.store.tables import ApprovalRow, BulkOperationRow

KIND: Final = "bulk"
"""Of a proposal to do so much at once."""
SUBJECT: Final = "bulk_operation"
PREFIX: Final = "blk"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, and to what."""

    act: BulkAct
    selection: Selection
    parameters: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    """What the act needs to know beside the exception, the same for all."""


def plan(hand: Hand, order: Order) -> int:
    """Freeze what the selection holds now, and return the operation's id; above the limit a second person decides.

    Raises:
        NotAllowedError: the actor's roles do not allow the act anywhere.
        NotPossibleError: nothing fits, it is too much for one operation, it reaches over several legal entities
            while the actor does not, or it is a correction that corrects nothing.
    """
    scope_for(hand, DOOR[order.act])
    if order.act is BulkAct.CORRECT:
        wish_of(order.parameters)
    chosen = bulk_plan.choose(hand, order.act, order.selection)
    items = in_order(chosen.items)
    number = hand.unit.ids.draw()
    bulk.freeze(hand.unit.session, number, items, now=hand.unit.now)
    limits = bulk_plan.limits_for(hand, items)
    row = BulkOperationRow(
        id=number,
        act=order.act.value,
        parameters=dict(order.parameters),
        selection=order.selection.json,
        legal_entity_id=_entity_of(hand, order.act, items),
        state=BulkState.PLANNED.value,
        item_count=len(items),
        set_sha256=hash_of(order.act.value, items),
        plan=bulk_plan.figures(hand, order.act, number, chosen),
        limits=asdict(limits),
        maker_id=hand.actor.person_id,
        maker=hand.actor.login,
        reason=hand.reason,
        planned_at=hand.unit.now,
        updated_at=hand.unit.now,
    )
    if bulk_plan.is_too_much_for_one(hand, order.act, items, limits):
        row.approval_id, row.state = _propose(hand, row, items), BulkState.PENDING_APPROVAL.value
    bulk.add(hand.unit.session, row)
    _record(hand, row, "plan", after=_told(row))
    return number


def start(hand: Hand, operation_id: int, *, revision: int) -> None:
    """Begin with a planned operation, if its set is still the same and nobody else works on it.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `_see`.
        NotPossibleError: it is not planned or not approved, its set has changed, or another operation has a part of it.
    """
    row = _see_own(hand, operation_id, revision=revision)
    state = _next(row, BulkState.RUNNING, By.MAKER, BulkState.PLANNED)
    chosen = bulk_plan.choose_again(hand, BulkAct(row.act), selection_of(row.selection))
    changed = difference(queries.frozen(hand.unit.session, row.id), {one.case_id: one.frozen for one in chosen})
    if changed.sentence:
        raise NotPossibleError(changed.sentence)
    _hold(hand, row)
    _change(hand, row, "start", state, started_at=hand.unit.now)


def pause(hand: Hand, operation_id: int, *, revision: int) -> None:
    """Begin nothing more; what is on its way comes to its end.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `_see`.
        NotPossibleError: it does not run.
    """
    row = _see(hand, operation_id, revision=revision)
    _change(hand, row, "pause", _next(row, BulkState.PAUSED, By.TEAM))


def resume(hand: Hand, operation_id: int, *, revision: int) -> None:
    """Go on with a single document, and with those that failed; what succeeded is left alone.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `_see`.
        NotPossibleError: it is neither paused nor stopped.
    """
    row = _see_own(hand, operation_id, revision=revision)
    state = _next(row, BulkState.RUNNING, By.MAKER, BulkState.PAUSED, BulkState.STOPPED)
    bulk.take_up(hand.unit.session, row.id, now=hand.unit.now)
    _change(hand, row, "resume", state, step_size=0, stop_reason="", sentence="")


def cancel(hand: Hand, operation_id: int, *, revision: int) -> None:
    """End it for good: what was not begun is skipped.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `_see`.
        NotPossibleError: it has ended already.
    """
    row = _see(hand, operation_id, revision=revision)
    _end(hand, row, "cancel", _next(row, BulkState.CANCELLED, By.TEAM), f"Cancelled by {hand.actor.login}.")
    proposals.outdate(hand.unit.session, SUBJECT, [row.id], now=hand.unit.now)


def _approved(hand: Hand, proposal: ApprovalRow) -> None:
    """Let the maker start what a second person has agreed to.

    Raises:
        OwnDocumentError: one of the documents pays the second person.
        NotPossibleError: it no longer waits for them.
    """
    row = _row(hand, proposal.subject_id)
    if any(is_paid(hand.actor, one) for one in queries.counterparties(hand.unit.session, row.id)):
        raise OwnDocumentError("One of the documents pays you or somebody you report to; somebody else has to decide.")
    _change(hand, row, "approve", _next(row, BulkState.PLANNED, By.APPROVER))


def _let_go(hand: Hand, proposal: ApprovalRow) -> None:
    """End what a second person has refused, or its maker taken back.

    Raises:
        NotPossibleError: it no longer waits for them.
    """
    row = _row(hand, proposal.subject_id)
    is_withdrawn = hand.actor.person_id == row.maker_id
    to, by = (BulkState.CANCELLED, By.MAKER) if is_withdrawn else (BulkState.REFUSED, By.APPROVER)
    verb = "withdraw" if is_withdrawn else "refuse"
    _end(hand, row, verb, _next(row, to, by), f"{to.value.capitalize()} by {hand.actor.login}.")


CONSEQUENCE: Final = Consequence(_approved, _let_go)


def is_in_reach(actor: Actor, row: BulkOperationRow) -> bool:
    """Return whether the actor may see the operation."""
    return row.maker_id == actor.person_id or may(actor, Act.READ, row.legal_entity_id)


def acts_on(actor: Actor, row: BulkOperationRow) -> list[str]:
    """Return the names of the acts that the actor may do with the operation as it stands."""
    return [name for name, (states, fits) in _ACTS.items() if row.state in states and fits(actor, row)]


def _is_own(actor: Actor, row: BulkOperationRow) -> bool:
    return row.maker_id == actor.person_id


def _may_halt(actor: Actor, row: BulkOperationRow) -> bool:
    return _is_own(actor, row) or may(actor, DOOR[BulkAct(row.act)], row.legal_entity_id)


_S: Final = BulkState
_STANDING: Final = frozenset({_S.PAUSED, _S.STOPPED})
_ACTS: Final[Mapping[str, tuple[frozenset[BulkState], Callable[[Actor, BulkOperationRow], bool]]]] = {
    "start": (frozenset({_S.PLANNED}), _is_own),
    "pause": (frozenset({_S.RUNNING}), _may_halt),
    "resume": (_STANDING, _is_own),
    "cancel": (_STANDING | {_S.PENDING_APPROVAL, _S.PLANNED, _S.RUNNING}, _may_halt),
}


def _row(hand: Hand, operation_id: int) -> BulkOperationRow:
    row = bulk.row_of(hand.unit.session, operation_id)
    if row is None or not is_in_reach(hand.actor, row):
        raise UnknownObjectError(str(operation_id))
    return row


def _see(hand: Hand, operation_id: int, *, revision: int) -> BulkOperationRow:
    """Return the operation that the actor wants to halt.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: the actor's roles do not allow what it does.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
    """
    row = _row(hand, operation_id)
    if not _may_halt(hand.actor, row):
        raise NotAllowedError("What it does is not among your roles there.")
    if row.revision != revision:
        raise ChangedMeanwhileError("The operation has changed since you read it.")
    return row


def _see_own(hand: Hand, operation_id: int, *, revision: int) -> BulkOperationRow:
    if not _is_own(hand.actor, _row(hand, operation_id)):
        raise NotAllowedError("Only who planned it lets it run: it is done in their name.")
    return _see(hand, operation_id, revision=revision)


def _next(row: BulkOperationRow, to: BulkState, by: By, *only: BulkState) -> BulkState:
    """Return the next state, where the table allows it and it comes from one of the named states."""
    state = BulkState(row.state)
    try:
        after = moved(state, to, by)
    except ForbiddenTransitionError as error:
        raise NotPossibleError(f"It is {state.value.replace('_', ' ')}.") from error
    if only and state not in only:
        raise NotPossibleError(f"It is {state.value.replace('_', ' ')}.")
    return after


def _entity_of(hand: Hand, act: BulkAct, items: list[Item]) -> str:
    entities = {one.legal_entity_id for one in items}
    if len(entities) == 1:
        return entities.pop()
    if not scope_of(hand.actor, DOOR[act]).is_group:
        raise NotPossibleError("Plan one legal entity at a time: you do not act for the whole group.")
    return GROUP


def _propose(hand: Hand, row: BulkOperationRow, items: list[Item]) -> int:
    worth = worth_of(items)
    proposal = Proposal(
        kind=KIND,
        subject=Subject(SUBJECT, row.id),
        content={name: getattr(row, name) for name in ("act", "parameters", "set_sha256", "item_count", "plan")},
        legal_entity=row.legal_entity_id,
        amount_minor=worth.group_minor,
        group_minor=worth.group_minor if worth.is_known else None,
    )
    return approvals.propose(hand, proposal, act=DOOR[BulkAct(row.act)])


def _hold(hand: Hand, row: BulkOperationRow) -> None:
    others = queries.held_elsewhere(hand.unit.session, row.id)
    if others:
        names = ", ".join(public_id(PREFIX, number) for number in others)
        count = sum(map(len, others.values()))
        raise NotPossibleError(f"{count} of its documents are in another operation that is not done: {names}.")
    try:
        bulk.hold(hand.unit.session, row.id)
    except bulk.HeldElsewhereError as error:
        raise ChangedMeanwhileError("Another operation with the same documents was faster.") from error


def _end(hand: Hand, row: BulkOperationRow, name: str, state: BulkState, sentence: str) -> None:
    bulk.skip_waiting(hand.unit.session, row.id, sentence, now=hand.unit.now)
    _change(hand, row, name, state, ended_at=hand.unit.now, sentence=sentence)


def _change(hand: Hand, row: BulkOperationRow, name: str, state: BulkState, **sets: Any) -> None:  # column values
    before = {"state": row.state}
    if not bulk.change(hand.unit.session, row, now=hand.unit.now, state=state.value, **sets):
        raise ChangedMeanwhileError("Somebody else was faster.")
    _record(hand, row, name, before=before, after={"state": state.value})


def _record(
    hand: Hand, row: BulkOperationRow, name: str, *, after: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> None:  # JSON values
    record(
        hand,
        name=f"{SUBJECT}.{name}",
        object_type=SUBJECT,
        object_id=public_id(PREFIX, row.id),
        legal_entity=row.legal_entity_id,
        before=before,
        after=after,
    )


def _told(row: BulkOperationRow) -> dict[str, Any]:  # JSON values
    return {name: getattr(row, name) for name in ("act", "parameters", "state", "item_count", "set_sha256")}
