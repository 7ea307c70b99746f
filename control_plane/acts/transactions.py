"""Acts on a transaction itself: replay what failed, from what is kept of it; send at once what would be tried later."""

from typing import Final

from control_plane.acts.door import (
    OWN_MONEY,
    ChangedMeanwhileError,
    Hand,
    NotPossibleError,
    OwnDocumentError,
    UnknownObjectError,
    document_since,
    is_own,
    pass_door,
    record,
)
from control_plane.domain.access import Act
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.replay import AsOf
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import succeed, trouble
from control_plane.store import payloads, postings, queue, transactions, transitions
from control_plane.store.queries import search
from control_plane.store.tables import TransactionRow
from control_plane.store.transitions import Change

NAME: Final = "replay"


def replay(hand: Hand, transaction_id: int, as_of: AsOf, *, revision: int) -> None:
    """Deliver a failed document again from what is kept; its posting, and nothing else, resolves its exception.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: the actor's roles do not allow this, or the document pays the actor.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
        NotPossibleError: it has not failed, somebody else works on it, or what a replay needs is not kept.
    """
    document = _seen(hand, transaction_id, revision=revision)
    _require(hand, document, as_of)
    to = State.READY if as_of is AsOf.THEN else State.RECEIVED
    taken = transition(transactions.seen_of(document), to, reason=Reason.REPLAY, by=By.OWNER, now=hand.unit.now)
    afresh = {"priority_at": hand.unit.now, "first_attempt_at": None, "attempt_count": 0}
    facts = {"because": hand.reason, "as_of": as_of.value, "mapping_version": document.mapping_version}
    change = Change(taken, name=NAME, sets=afresh, facts=facts, actor=hand.actor.login)
    recorded = transitions.record(hand.unit.session, [change], hand.unit.ids)
    if document.id not in recorded.applied:
        raise ChangedMeanwhileError("The document has moved on.")
    succeed.hold_successors(hand.unit, recorded.promoted)
    trouble.release_cases(hand.unit, [document.id])
    _audit(hand, document, as_of)


def retry_now(hand: Hand, transaction_id: int, *, revision: int) -> None:
    """Send at once what is tried again later by itself; of the tries that were planned none is left.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `replay`.
        NotPossibleError: it does not wait for another try.
    """
    document = _seen(hand, transaction_id, revision=revision)
    planned_at = document.priority_at
    if not queue.send_now(hand.unit.session, transactions.seen_of(document), now=hand.unit.now):
        raise NotPossibleError("It does not wait for another try.")
    record(
        hand,
        name="transaction.retry_now",
        object_type="transaction",
        object_id=public_id("txn", document.id),
        legal_entity=document.legal_entity_id,
        before={"planned_at": planned_at.isoformat()},
        after={"planned_at": hand.unit.now.isoformat()},
    )


def _seen(hand: Hand, transaction_id: int, *, revision: int) -> TransactionRow:
    document = transactions.row_of(hand.unit.session, transaction_id)
    if document is None:
        raise UnknownObjectError(str(transaction_id))
    pass_door(hand, Act.RETRY, document.legal_entity_id)
    if document.revision != revision:
        told = document_since(hand, document, revision)
        raise ChangedMeanwhileError("The document has changed since you read it.", told)
    if is_own(hand.actor, document):
        raise OwnDocumentError(OWN_MONEY)
    return document


def _require(hand: Hand, document: TransactionRow, as_of: AsOf) -> None:
    """Refuse what cannot be replayed.

    Raises:
        NotPossibleError: with the reason in a sentence.
    """
    if document.state != State.FAILED:
        raise NotPossibleError("Only a failed document is replayed.")
    case = search.last_case(hand.unit.session, document.id)
    if case is not None and case.resolved_at is None and case.claimed_by not in {None, hand.actor.person_id}:
        raise NotPossibleError("Somebody else has claimed its exception.")
    if as_of is AsOf.THEN and not _is_kept(hand, document.intents_payload_id):
        raise NotPossibleError("It never passed its checks: there is nothing from then to send. Replay it as of now.")
    if as_of is AsOf.NOW and not _is_kept(hand, document.payload_id):
        raise NotPossibleError("Its envelope was erased.")
    if as_of is AsOf.NOW and postings.references_of(hand.unit.session, [document.id]):
        raise NotPossibleError("A part of it is booked already: only the rest, as it was meant then, may follow.")


def _is_kept(hand: Hand, payload_id: int | None) -> bool:
    return payload_id is not None and bool(payloads.bodies(hand.unit.session, [payload_id]).get(payload_id))


def _audit(hand: Hand, document: TransactionRow, as_of: AsOf) -> None:
    record(
        hand,
        name=f"transaction.{NAME}",
        object_type="transaction",
        object_id=public_id("txn", document.id),
        legal_entity=document.legal_entity_id,
        before={"state": State.FAILED.value, "reason": document.reason},
        after={"as_of": as_of.value, "reason": Reason.REPLAY.value},
    )
