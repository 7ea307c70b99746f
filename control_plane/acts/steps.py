"""What acts on an exception have in common: one step in its life, its document's way on, and refusals in words."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotPossibleError,
    Seen,
    change_exception,
    see_exception,
)
from control_plane.domain import exception_case
from control_plane.domain.access import Act
from control_plane.domain.exception_case import (
    CaseFacts,
    CaseState,
    ClaimedBySomebodyElseError,
    NotClaimedByActorError,
    NoWakeTimeError,
)
from control_plane.domain.hand_over import NotOfferedError
from control_plane.domain.machine import By, ForbiddenTransitionError
from control_plane.domain.merging import NotMergeableError
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import succeed
from control_plane.store import exception_cases, holds, transactions, transitions
from control_plane.store.tables import TransactionRow
from control_plane.store.transitions import Change

_REFUSALS: Final[Mapping[type[ValueError], str]] = {
    ClaimedBySomebodyElseError: "Somebody else has claimed the exception.",
    NotClaimedByActorError: "Claim the exception first.",
    NoWakeTimeError: "Say why, and name a moment within the next quarter.",
    NotOfferedError: "It is not handed over to you, nor by you to somebody else.",
    NotMergeableError: "It cannot be told in that one.",
    ForbiddenTransitionError: "The state of the exception does not allow this.",
}


@contextmanager
def as_a_refusal() -> Iterator[None]:
    """Let the state table's refusals be said in words.

    Raises:
        NotPossibleError: it refused.
    """
    try:
        yield
    except tuple(_REFUSALS) as error:
        raise NotPossibleError(_REFUSALS[type(error)]) from error


def take_step(  # an act has as many parts
    hand: Hand, act: Act, case_id: int, name: str, step: Callable[[CaseFacts], CaseFacts], *, revision: int
) -> None:
    """Let an exception take one step in its life.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the state table does not allow it.
    """
    change_step(hand, see_exception(hand, act, case_id, revision=revision), name, step)


def change_step(hand: Hand, seen: Seen, name: str, step: Callable[[CaseFacts], CaseFacts]) -> None:
    """Let an exception that was seen through the door take one step.

    Raises:
        NotPossibleError: the state table does not allow it.
        ChangedMeanwhileError: somebody else was faster.
    """
    with as_a_refusal():
        after = step(seen.case)
    change_exception(hand, seen, after, name)


def in_work(case: CaseFacts, person_id: int) -> CaseFacts:
    """Return the exception in work, where its owner has only claimed it or put it aside.

    Raises:
        NotClaimedByActorError: somebody else, or nobody, has claimed it.
    """
    if case.state in {CaseState.ASSIGNED, CaseState.DEFERRED}:
        return exception_case.start_work(case, person_id)
    return case


def document_of(seen: Seen, fits: Callable[[TransactionRow], bool], otherwise: str) -> TransactionRow:
    """Return the exception's document.

    Raises:
        NotPossibleError: it has none, or it does not fit; says otherwise.
    """
    if seen.document is None or not fits(seen.document):
        raise NotPossibleError(otherwise)
    return seen.document


def go_on(hand: Hand, seen: Seen, name: str) -> None:
    """Let the exception wait for its document's end, by its owner.

    Raises:
        NotPossibleError: the actor has not claimed it, or it cannot be retried in its state.
        ChangedMeanwhileError: somebody else was faster.
    """
    person_id = hand.actor.person_id
    change_step(hand, seen, name, lambda case: exception_case.retry(in_work(case, person_id), person_id))


def move_document(  # a transition has as many parts
    hand: Hand, document: TransactionRow, to: State, reason: Reason, by: By, sets: Mapping[str, Any]
) -> None:
    """Bring the document into another state.

    Raises:
        ChangedMeanwhileError: it has moved on.
    """
    taken = transition(transactions.seen_of(document), to, reason=reason, by=by, now=hand.unit.now)
    change = Change(taken, name="act", sets=sets, facts={"because": hand.reason}, actor=hand.actor.login)
    recorded = transitions.record(hand.unit.session, [change], hand.unit.ids)
    if document.id not in recorded.applied:
        raise ChangedMeanwhileError("The document has moved on.")
    succeed.hold_successors(hand.unit, recorded.promoted)


def end(hand: Hand, document: TransactionRow, evidence: str) -> None:
    """Let nothing hold the document any more, and resolve its exception by this evidence."""
    holds.replace(hand.unit.session, {document.id: ()})
    exception_cases.resolve_for(hand.unit.session, {document.id: evidence}, now=hand.unit.now)
