"""What people decide about an exception and its document; what then happens is the engine's business."""

from functools import partial
from typing import Final

from control_plane.acts.door import Hand, NotPossibleError, see_exception
from control_plane.acts.duties import require_second_person
from control_plane.acts.steps import (
    change_step,
    document_of,
    end,
    go_on,
    move_document,
    take_step,
)
from control_plane.domain import case_ends, exception_case
from control_plane.domain.access import Act, may
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.flows.flow import LIFTABLE
from control_plane.store import overrides, transactions
from control_plane.store.tables import TransactionRow

_HELD_OR_FAILED: Final = frozenset({State.ON_HOLD, State.FAILED})


def retry(hand: Hand, case_id: int, *, revision: int) -> None:
    """Let a failed document go on unchanged; its posting, and nothing else, resolves the exception.

    One that had passed its checks is sent again, one that had not is checked again.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or the document does not wait for a person.
    """
    seen = see_exception(hand, Act.RETRY, case_id, revision=revision)
    document = document_of(seen, can_retry, "Only a failed document is retried.")
    go_on(hand, seen, "retry")
    afresh = {"priority_at": hand.unit.now, "first_attempt_at": None, "attempt_count": 0}
    has_passed = document.intents_payload_id is not None
    move_document(hand, document, State.READY if has_passed else State.RECEIVED, Reason.RETRY, By.OWNER, afresh)


def return_to_source(hand: Hand, case_id: int, *, revision: int) -> None:
    """Give the document back to the system that it came from; that resolves the exception.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or the document is neither held nor failed.
    """
    seen = see_exception(hand, Act.RETURN, case_id, revision=revision)
    document = document_of(seen, can_return, "Only a held or failed document is returned.")
    go_on(hand, seen, "return_to_source")
    move_document(hand, document, State.RETURNED_TO_SOURCE, Reason.MANUAL, By.OWNER, {"sla_next_at": None})
    end(hand, document, f"returned to {document.source_system}")


def release(hand: Hand, case_id: int, *, revision: int) -> None:
    """Lift a hold as the second pair of eyes; the document is checked again without it.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: nobody may lift this hold.
    """
    seen = see_exception(hand, Act.LIFT_HOLD, case_id, revision=revision)
    document = document_of(seen, can_lift, "This hold goes by itself; nobody may lift it.")
    require_second_person(hand, seen, Act.LIFT_HOLD)
    change_step(hand, seen, "release", exception_case.release)
    overrides.lift(hand.unit.session, document.id, Reason(document.reason), now=hand.unit.now)


def declare_duplicate(hand: Hand, case_id: int, *, revision: int, of: int) -> None:
    """Declare the document the repetition of another one, as the second pair of eyes.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the document is not held as a suspect, or the other one is not there.
    """
    seen = see_exception(hand, Act.DECLARE_DUPLICATE, case_id, revision=revision)
    document = document_of(seen, is_suspect, "Only a document that is held as a suspect is declared a duplicate.")
    require_second_person(hand, seen, Act.DECLARE_DUPLICATE)
    other = transactions.row_of(hand.unit.session, of)
    if other is None or other.id == document.id or not may(hand.actor, Act.READ, other.legal_entity_id):
        raise NotPossibleError("There is no such other document.")
    change_step(hand, seen, "declare_duplicate", exception_case.release)
    sets = {"linked_id": other.id, "sla_next_at": None}
    move_document(hand, document, State.DUPLICATE, Reason.EXACT_DUPLICATE, By.APPROVER, sets)
    end(hand, document, f"duplicate of {public_id('txn', other.id)}")


def close(hand: Hand, case_id: int, *, revision: int) -> None:
    """Close a resolved exception for good, as a controller; what comes later is a new one.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: it is not resolved.
    """
    step = partial(case_ends.close, by=By.CONTROLLER)
    take_step(hand, Act.CLOSE, case_id, "close", step, revision=revision)


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
