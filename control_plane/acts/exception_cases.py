"""What people do with exceptions; what then happens to the document is the door's and the engine's business."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    Seen,
    change_exception,
    is_own,
    see_exception,
)
from control_plane.domain import exception_case
from control_plane.domain.access import Act, Actor, may
from control_plane.domain.exception_case import (
    CaseFacts,
    CaseState,
    ClaimedBySomebodyElseError,
    NotClaimedByActorError,
)
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By, ForbiddenTransitionError
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import succeed
from control_plane.flows.flow import LIFTABLE
from control_plane.store import exception_cases, holds, overrides, transactions, transitions
from control_plane.store.tables import ExceptionCaseRow, TransactionRow
from control_plane.store.transitions import Change

_HELD_OR_FAILED: Final = frozenset({State.ON_HOLD, State.FAILED})


def claim(hand: Hand, case_id: int, *, revision: int) -> None:
    """Take an exception; of all who try at once, one gets it.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: another person has it, or it is settled.
    """
    seen = see_exception(hand, Act.CLAIM, case_id, revision=revision)
    with _as_a_refusal():
        after = exception_case.claim(seen.case, hand.actor.person_id, now=hand.unit.now)
    change_exception(hand, seen, after, "claim")


def give_back(hand: Hand, case_id: int, *, revision: int) -> None:
    """Give a claimed exception back to its team.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it.
    """
    seen = see_exception(hand, Act.CLAIM, case_id, revision=revision)
    with _as_a_refusal():
        after = exception_case.give_back(seen.case, hand.actor.person_id)
    change_exception(hand, seen, after, "give_back")


def retry(hand: Hand, case_id: int, *, revision: int) -> None:
    """Let a failed document go on unchanged; its posting, and nothing else, resolves the exception.

    One that had passed its checks is sent again, one that had not is checked again.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or the document does not wait for a person.
    """
    seen = see_exception(hand, Act.RETRY, case_id, revision=revision)
    document = _document(seen, can_retry, "Only a failed document is retried.")
    _go_on(hand, seen, "retry")
    afresh = {"priority_at": hand.unit.now, "first_attempt_at": None, "attempt_count": 0}
    has_passed = document.intents_payload_id is not None
    _move(hand, document, State.READY if has_passed else State.RECEIVED, Reason.RETRY, By.OWNER, afresh)


def return_to_source(hand: Hand, case_id: int, *, revision: int) -> None:
    """Give the document back to the system that it came from; that resolves the exception.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or the document is neither held nor failed.
    """
    seen = see_exception(hand, Act.RETURN, case_id, revision=revision)
    document = _document(seen, can_return, "Only a held or failed document is returned.")
    _go_on(hand, seen, "return_to_source")
    _move(hand, document, State.RETURNED_TO_SOURCE, Reason.MANUAL, By.OWNER, {"sla_next_at": None})
    _end(hand, document, f"returned to {document.source_system}")


def release(hand: Hand, case_id: int, *, revision: int) -> None:
    """Lift a hold as the second pair of eyes; the document is checked again without it.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: nobody may lift this hold.
    """
    seen = see_exception(hand, Act.LIFT_HOLD, case_id, revision=revision)
    document = _document(seen, can_lift, "This hold goes by itself; nobody may lift it.")
    _require_other_eyes(hand, seen)
    with _as_a_refusal():
        after = exception_case.release(seen.case)
    change_exception(hand, seen, after, "release")
    overrides.lift(hand.unit.session, document.id, Reason(document.reason), now=hand.unit.now)


def declare_duplicate(hand: Hand, case_id: int, *, revision: int, of: int) -> None:
    """Declare the document the repetition of another one, as the second pair of eyes.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the document is not held as a suspect, or the other one is not there.
    """
    seen = see_exception(hand, Act.DECLARE_DUPLICATE, case_id, revision=revision)
    document = _document(seen, is_suspect, "Only a document that is held as a suspect is declared a duplicate.")
    _require_other_eyes(hand, seen)
    other = transactions.row_of(hand.unit.session, of)
    if other is None or other.id == document.id or not may(hand.actor, Act.READ, other.legal_entity_id):
        raise NotPossibleError("There is no such other document.")
    with _as_a_refusal():
        after = exception_case.release(seen.case)
    change_exception(hand, seen, after, "declare_duplicate")
    sets = {"linked_id": other.id, "sla_next_at": None}
    _move(hand, document, State.DUPLICATE, Reason.EXACT_DUPLICATE, By.APPROVER, sets)
    _end(hand, document, f"duplicate of {public_id('txn', other.id)}")


def acts_on(actor: Actor, row: ExceptionCaseRow, document: TransactionRow | None) -> list[str]:
    """Return the names of the acts that the actor may do with the exception as it stands."""
    if document is not None and is_own(actor, document):
        return []
    return [
        name
        for name, (act, fits) in _ACTS.items()
        if may(actor, act, row.legal_entity_id) and fits(actor, exception_cases.case_of(row), document)
    ]


def can_retry(document: TransactionRow) -> bool:
    """Return whether a person may let the document go on unchanged."""
    return document.state == State.FAILED


def can_return(document: TransactionRow) -> bool:
    """Return whether a person may give the document back."""
    return document.state in _HELD_OR_FAILED


def can_lift(document: TransactionRow) -> bool:
    """Return whether an approver may lift the document's hold."""
    return document.state == State.ON_HOLD and document.reason in LIFTABLE


def is_suspect(document: TransactionRow) -> bool:
    """Return whether an approver may declare the document a duplicate."""
    return document.state == State.ON_HOLD and document.reason == Reason.DUPLICATE_SUSPECT


_Fits = Callable[[Actor, CaseFacts, TransactionRow | None], bool]


def _when_open(_actor: Actor, case: CaseFacts, _document: TransactionRow | None) -> bool:
    return case.state is CaseState.NEW


def _when_claimed(actor: Actor, case: CaseFacts, _document: TransactionRow | None) -> bool:
    return case.claimed_by == actor.person_id and case.state in {CaseState.ASSIGNED, CaseState.IN_PROGRESS}


def _when_mine(check: Callable[[TransactionRow], bool]) -> _Fits:
    def fits(actor: Actor, case: CaseFacts, document: TransactionRow | None) -> bool:
        return _when_claimed(actor, case, document) and document is not None and check(document)

    return fits


def _when_not_mine(check: Callable[[TransactionRow], bool]) -> _Fits:
    def fits(actor: Actor, case: CaseFacts, document: TransactionRow | None) -> bool:
        is_waiting = case.state in {CaseState.NEW, CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.DEFERRED}
        return is_waiting and case.claimed_by != actor.person_id and document is not None and check(document)

    return fits


_ACTS: Final[Mapping[str, tuple[Act, _Fits]]] = {
    "claim": (Act.CLAIM, _when_open),
    "give_back": (Act.CLAIM, _when_claimed),
    "retry": (Act.RETRY, _when_mine(can_retry)),
    "return_to_source": (Act.RETURN, _when_mine(can_return)),
    "release": (Act.LIFT_HOLD, _when_not_mine(can_lift)),
    "declare_duplicate": (Act.DECLARE_DUPLICATE, _when_not_mine(is_suspect)),
}


@contextmanager
def _as_a_refusal() -> Iterator[None]:
    try:
        yield
    except ClaimedBySomebodyElseError as error:
        raise NotPossibleError("Somebody else has claimed the exception.") from error
    except NotClaimedByActorError as error:
        raise NotPossibleError("Claim the exception first.") from error
    except ForbiddenTransitionError as error:
        raise NotPossibleError("The state of the exception does not allow this.") from error


def _document(seen: Seen, fits: Callable[[TransactionRow], bool], otherwise: str) -> TransactionRow:
    if seen.document is None or not fits(seen.document):
        raise NotPossibleError(otherwise)
    return seen.document


def _require_other_eyes(hand: Hand, seen: Seen) -> None:
    if seen.row.claimed_by == hand.actor.person_id:
        raise NotAllowedError("You work on this exception; somebody else has to decide.")


def _go_on(hand: Hand, seen: Seen, name: str) -> None:
    with _as_a_refusal():
        case = seen.case
        if case.state is CaseState.ASSIGNED:
            case = exception_case.start_work(case, hand.actor.person_id)
        after = exception_case.retry(case, hand.actor.person_id)
    change_exception(hand, seen, after, name)


def _move(  # a transition has as many parts
    hand: Hand, document: TransactionRow, to: State, reason: Reason, by: By, sets: Mapping[str, Any]
) -> None:
    taken = transition(transactions.seen_of(document), to, reason=reason, by=by, now=hand.unit.now)
    change = Change(taken, name="act", sets=sets, facts={"because": hand.reason}, actor=hand.actor.login)
    recorded = transitions.record(hand.unit.session, [change], hand.unit.ids)
    if document.id not in recorded.applied:
        raise ChangedMeanwhileError("The document has moved on.")
    succeed.hold_successors(hand.unit, recorded.promoted)


def _end(hand: Hand, document: TransactionRow, evidence: str) -> None:
    holds.replace(hand.unit.session, {document.id: ()})
    exception_cases.resolve_for(hand.unit.session, {document.id: evidence}, now=hand.unit.now)
