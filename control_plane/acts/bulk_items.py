"""What is done to one item of a bulk operation: the same act, through the same door, as a person does it singly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from control_plane.acts import approvals, claims, corrections
from control_plane.acts import exception_cases as acts
from control_plane.acts import transactions as documents
from control_plane.acts.corrections import Wish
from control_plane.acts.door import Hand, NotPossibleError, UnknownObjectError
from control_plane.domain.approval import objection
from control_plane.domain.bulk import BulkAct, ItemState, Outcome
from control_plane.domain.correction import Change, CorrectionReason
from control_plane.domain.exception_case import CaseState
from control_plane.domain.replay import AsOf
from control_plane.flows.corrections import FieldValue
from control_plane.store import approvals as proposals
from control_plane.store import exception_cases, people, transactions
from control_plane.store.tables import BulkItemRow, BulkOperationRow, ExceptionCaseRow

EVERY_LINE: Final = ".*."
"""In the path of a change: on whichever lines the former value stands."""

Deed = Callable[[Hand, BulkOperationRow, ExceptionCaseRow], None]


def perform(hand: Hand, operation: BulkOperationRow, item: BulkItemRow) -> Outcome | None:
    """Do the operation's act to an item, and return its outcome where the act itself is its evidence.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError, NotPossibleError: as the single act does.
    """
    act = BulkAct(operation.act)
    _DEEDS[act](hand, operation, _unchanged(hand, item))
    after = _case(hand, item.case_id)
    if act is BulkAct.CLAIM:
        return Outcome(ItemState.SUCCEEDED, f"Claimed by {hand.actor.login}.")
    return Outcome(ItemState.SUCCEEDED, after.evidence) if after.state == CaseState.RESOLVED else None


def wish_of(parameters: Mapping[str, Any]) -> Wish:  # JSON values
    """Return the correction that an operation makes to all of its documents.

    Raises:
        NotPossibleError: it is none.
    """
    try:
        changes = tuple(Change(**one) for one in parameters["changes"])
        return Wish(changes, CorrectionReason(parameters["reason_code"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NotPossibleError("Say what is to be corrected, and for which reason.") from error


def _unchanged(hand: Hand, item: BulkItemRow) -> ExceptionCaseRow:
    case = _case(hand, item.case_id)
    document = transactions.row_of(hand.unit.session, case.transaction_id) if case.transaction_id else None
    fence = 0 if document is None else document.fence
    is_same = (case.transaction_id, case.fingerprint, fence) == (item.transaction_id, item.fingerprint, item.fence)
    if not is_same:
        raise NotPossibleError("It has changed since it was planned.")
    return case


def _case(hand: Hand, case_id: int) -> ExceptionCaseRow:
    hand.unit.session.expire_all()  # deeds write past the rows that were read
    case = exception_cases.row_of(hand.unit.session, case_id)
    if case is None:
        raise UnknownObjectError(str(case_id))
    return case


def _claimed(hand: Hand, case: ExceptionCaseRow) -> ExceptionCaseRow:
    """Return the exception, claimed where nobody has it."""
    if case.claimed_by not in {None, hand.actor.person_id}:
        raise NotPossibleError("Somebody else has claimed it.")
    if case.state != CaseState.NEW:
        return case
    claims.claim(hand, case.id, revision=case.revision)
    return _case(hand, case.id)


def _claim(hand: Hand, _operation: BulkOperationRow, case: ExceptionCaseRow) -> None:
    claims.claim(hand, case.id, revision=case.revision)


def _retry(hand: Hand, _operation: BulkOperationRow, case: ExceptionCaseRow) -> None:
    mine = _claimed(hand, case)
    acts.retry(hand, mine.id, revision=mine.revision)


def _replay(hand: Hand, operation: BulkOperationRow, case: ExceptionCaseRow) -> None:
    document = transactions.row_of(hand.unit.session, case.transaction_id) if case.transaction_id else None
    if document is None:
        raise NotPossibleError("It has no document.")
    as_of = AsOf(operation.parameters.get("as_of", AsOf.NOW))
    documents.replay(hand, document.id, as_of, revision=document.revision)


def _release(hand: Hand, _operation: BulkOperationRow, case: ExceptionCaseRow) -> None:
    acts.release(hand, case.id, revision=case.revision)


def _return_to_source(hand: Hand, _operation: BulkOperationRow, case: ExceptionCaseRow) -> None:
    mine = _claimed(hand, case)
    acts.return_to_source(hand, mine.id, revision=mine.revision)


def _correct(hand: Hand, operation: BulkOperationRow, case: ExceptionCaseRow) -> None:
    wish = _wish_for(hand, wish_of(operation.parameters), case)
    mine = _claimed(hand, case)
    submitted = corrections.propose(hand, mine.id, wish, revision=mine.revision)
    if not submitted.is_waived:
        _agree(hand, operation, submitted.approval_id)


def _wish_for(hand: Hand, wish: Wish, case: ExceptionCaseRow) -> Wish:
    """Return the wish with the lines of this document in place of `lines.*`."""
    document = transactions.row_of(hand.unit.session, case.transaction_id) if case.transaction_id else None
    if document is None:
        raise NotPossibleError("It has no document.")
    said = corrections.fields(hand, document) if any(EVERY_LINE in one.path for one in wish.changes) else ()
    return replace(wish, changes=tuple(each for one in wish.changes for each in _on_lines(one, said)))


def _on_lines(change: Change, said: Sequence[FieldValue]) -> list[Change]:
    head, every, tail = change.path.partition(EVERY_LINE)
    if not every:
        return [change]
    meant = [one for one in said if one.path.startswith(f"{head}.") and one.path.endswith(f".{tail}")]
    return [replace(change, path=one.path) for one in meant if one.value == change.before]


def _agree(hand: Hand, operation: BulkOperationRow, approval_id: int) -> None:
    """Approve a correction by whoever agreed to this very one for this very set; else somebody else decides singly."""
    session = hand.unit.session
    session.expire_all()  # the proposal wrote past the rows that were read
    agreed = proposals.row_of(session, operation.approval_id) if operation.approval_id else None
    checker = people.actor(session, agreed.checker_id, now=hand.unit.now) if agreed and agreed.checker_id else None
    row = proposals.row_of(session, approval_id)
    if checker is None or row is None or objection(proposals.asked_of(row), checker):
        return
    approvals.approve(
        replace(hand, actor=checker),
        row.id,
        revision=row.revision,
        content_sha256=row.content_sha256,
        consequences={corrections.KIND: corrections.CONSEQUENCE},
    )


_DEEDS: Final[Mapping[BulkAct, Deed]] = {
    BulkAct.CLAIM: _claim,
    BulkAct.RETRY: _retry,
    BulkAct.REPLAY: _replay,
    BulkAct.RELEASE: _release,
    BulkAct.CORRECT: _correct,
    BulkAct.RETURN_TO_SOURCE: _return_to_source,
}
