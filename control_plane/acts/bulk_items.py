"""What is done to one item of a bulk operation: the same act, through the same door, as a person does it singly."""

from collections.abc import Callable, Mapping
from typing import Final

from control_plane.acts import claims
from control_plane.acts import exception_cases as acts
from control_plane.acts import transactions as documents
from control_plane.acts.door import Hand, NotPossibleError, UnknownObjectError
from control_plane.domain.bulk import BulkAct, ItemState, Outcome
from control_plane.domain.exception_case import CaseState
from control_plane.domain.replay import AsOf
from control_plane.store import exception_cases, transactions
from control_plane.store.tables import BulkItemRow, ExceptionCaseRow

Deed = Callable[[Hand, ExceptionCaseRow], None]


def perform(hand: Hand, act: BulkAct, item: BulkItemRow) -> Outcome | None:
    """Do the act to an item, and return its outcome where the act itself is its evidence.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError, NotPossibleError: as the single act does.
    """
    _DEEDS[act](hand, _unchanged(hand, item))
    hand.unit.session.expire_all()  # the deed wrote past the rows that it had read
    after = _case(hand, item)
    if act is BulkAct.CLAIM:
        return Outcome(ItemState.SUCCEEDED, f"Claimed by {hand.actor.login}.")
    return Outcome(ItemState.SUCCEEDED, after.evidence) if after.state == CaseState.RESOLVED else None


def _unchanged(hand: Hand, item: BulkItemRow) -> ExceptionCaseRow:
    case = _case(hand, item)
    document = transactions.row_of(hand.unit.session, item.transaction_id) if item.transaction_id else None
    fence = 0 if document is None else document.fence
    if fence != item.fence or case.fingerprint != item.fingerprint:
        raise NotPossibleError("It has changed since it was planned.")
    return case


def _case(hand: Hand, item: BulkItemRow) -> ExceptionCaseRow:
    case = exception_cases.row_of(hand.unit.session, item.case_id)
    if case is None:
        raise UnknownObjectError(str(item.case_id))
    return case


def _claimed(hand: Hand, case: ExceptionCaseRow) -> ExceptionCaseRow:
    """Return the exception, claimed where nobody has it."""
    if case.claimed_by not in {None, hand.actor.person_id}:
        raise NotPossibleError("Somebody else has claimed it.")
    if case.state != CaseState.NEW:
        return case
    claims.claim(hand, case.id, revision=case.revision)
    hand.unit.session.expire_all()
    taken = exception_cases.row_of(hand.unit.session, case.id)
    return case if taken is None else taken


def _retry(hand: Hand, case: ExceptionCaseRow) -> None:
    mine = _claimed(hand, case)
    acts.retry(hand, mine.id, revision=mine.revision)


def _return_to_source(hand: Hand, case: ExceptionCaseRow) -> None:
    mine = _claimed(hand, case)
    acts.return_to_source(hand, mine.id, revision=mine.revision)


def _replay(hand: Hand, case: ExceptionCaseRow) -> None:
    document = transactions.row_of(hand.unit.session, case.transaction_id) if case.transaction_id else None
    if document is None:
        raise NotPossibleError("It has no document.")
    documents.replay(hand, document.id, AsOf.NOW, revision=document.revision)


def _claim(hand: Hand, case: ExceptionCaseRow) -> None:
    claims.claim(hand, case.id, revision=case.revision)


def _release(hand: Hand, case: ExceptionCaseRow) -> None:
    acts.release(hand, case.id, revision=case.revision)


_DEEDS: Final[Mapping[BulkAct, Deed]] = {
    BulkAct.CLAIM: _claim,
    BulkAct.RETRY: _retry,
    BulkAct.REPLAY: _replay,
    BulkAct.RELEASE: _release,
    BulkAct.RETURN_TO_SOURCE: _return_to_source,
}
