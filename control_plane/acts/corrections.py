"""Governed correction: what a document should say instead, by its owner alone or with a second person."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from connectors.canonical.expense import ExpenseReport
from connectors.contract import Document
from control_plane.acts.approvals import Consequence, Submitted, submit
from control_plane.acts.door import (
    OWN_MONEY,
    ChangedMeanwhileError,
    Hand,
    NotPossibleError,
    OwnDocumentError,
    Seen,
    is_own,
    see_exception,
)
from control_plane.acts.steps import change_step, document_of, in_work
from control_plane.domain import exception_case
from control_plane.domain.access import Act, is_paid
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.correction import TWO_PERSONS, Change, CorrectionReason, FieldClass
from control_plane.domain.exception_case import CaseFacts
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.transaction import State
from control_plane.engine.correct import Decided, MovedOnError, as_it_stands, correct
from control_plane.engine.policy import policy_of
from control_plane.engine.understand import as_corrected
from control_plane.flows.corrections import (
    FieldValue,
    OutdatedValueError,
    UncorrectableError,
    classes_of,
    corrected,
    fields_of,
)
from control_plane.store import approvals, exception_cases, people, postings, transactions
from control_plane.store.tables import ApprovalRow, TransactionRow

KIND: Final = "correction"
MOST_CHANGES: Final = 200

_STATES: Final = frozenset({State.ON_HOLD, State.FAILED})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants a document to say instead, and why."""

    changes: tuple[Change, ...]
    reason_code: CorrectionReason


def can_correct(document: TransactionRow) -> bool:
    """Return whether a person may correct the document."""
    return document.state in _STATES


def fields(hand: Hand, document: TransactionRow) -> tuple[FieldValue, ...]:
    """Return the fields of the document that may be corrected, with what they say now.

    Raises:
        NotPossibleError: nobody here can read the document.
    """
    report = _report(_said(hand, document))
    return fields_of(report, hand.unit.flows[document.flow].policy.correctable)


def propose(hand: Hand, case_id: int, wish: Wish, *, revision: int) -> Submitted:
    """Correct the document of a claimed exception: words and coding at once, all else with a second person.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, the document cannot be corrected, or not so.
    """
    seen = see_exception(hand, Act.PROPOSE, case_id, revision=revision)
    document = document_of(seen, can_correct, "Only a held or failed document is corrected.")
    classes = _checked(hand, document, wish.changes)
    alone = _alone_up_to(hand, document, classes)
    submitted = submit(hand, _proposal(seen, document, wish, classes), free_up_to_minor=alone)
    person_id = hand.actor.person_id
    if not submitted.is_waived:
        change_step(hand, seen, "propose", lambda case: exception_case.propose(in_work(case, person_id), person_id))
        return submitted
    change_step(hand, seen, "correct", lambda case: exception_case.retry(in_work(case, person_id), person_id))
    row = approvals.row_of(hand.unit.session, submitted.approval_id)
    assert row is not None  # noqa: S101  # it was written a moment ago
    _carry_out(hand, document, row, By.OWNER)
    return submitted


def approved(hand: Hand, row: ApprovalRow) -> None:
    """Carry an approved correction out.

    Raises:
        OwnDocumentError: it pays who approves it.
        NotPossibleError: the document has gone on, or says something else meanwhile.
    """
    seen = subject_of(hand, row)
    document = document_of(seen, can_correct, "The document has gone on without the correction.")
    if document.fence != row.content["fence"]:
        raise NotPossibleError("The document has gone on without the correction.")
    _checked(hand, document, _changes(row))
    change_step(hand, seen, "approve", lambda case: exception_case.decide(case, is_approved=True))
    _carry_out(hand, document, row, By.FOUR_EYES)


def let_go(hand: Hand, row: ApprovalRow) -> None:
    """Give the exception back to who proposed something about it.

    Raises:
        NotPossibleError: the exception has gone on.
    """
    seen = subject_of(hand, row)
    if row.maker_id == hand.actor.person_id:
        change_step(hand, seen, "withdraw", lambda case: exception_case.withdraw(case, row.maker_id))
    elif people.actor(hand.unit.session, row.maker_id, now=hand.unit.now) is None:
        change_step(hand, seen, "refuse", _back_with_its_team)
    else:
        change_step(hand, seen, "refuse", lambda case: exception_case.decide(case, is_approved=False))


CONSEQUENCE: Final = Consequence(approved, let_go)


def subject_of(hand: Hand, row: ApprovalRow) -> Seen:
    """Return the exception that a proposal is about, with its document.

    Raises:
        NotPossibleError: it is not there.
    """
    case = exception_cases.row_of(hand.unit.session, row.subject_id)
    if case is None:
        raise NotPossibleError("Its exception is not there.")
    document = transactions.row_of(hand.unit.session, case.transaction_id) if case.transaction_id else None
    return Seen(case, document)


def _back_with_its_team(case: CaseFacts) -> CaseFacts:
    """Return the exception after a refusal whose maker nobody lets in any more."""
    return exception_case.take_back(exception_case.decide(case, is_approved=False))


def _checked(hand: Hand, document: TransactionRow, changes: Sequence[Change]) -> frozenset[FieldClass]:
    """Return what the changes touch, once nothing stands against them."""
    if not 0 < len(changes) <= MOST_CHANGES:
        raise NotPossibleError(f"A correction has between 1 and {MOST_CHANGES} changes.")
    if postings.standing(hand.unit.session, [document.id]):
        raise NotPossibleError("A part of it is booked already: that is reversed first.")
    before = _report(_said(hand, document))
    try:
        classes = classes_of(changes, hand.unit.flows[document.flow].policy.correctable)
        after = corrected(before, changes)
    except (UncorrectableError, OutdatedValueError) as error:
        raise NotPossibleError(f"{error}.") from error
    if is_own(hand.actor, document) or is_paid(hand.actor, after.employee.employee_ref):
        raise OwnDocumentError(OWN_MONEY)
    return classes


def _alone_up_to(hand: Hand, document: TransactionRow, classes: frozenset[FieldClass]) -> int | None:
    if classes & TWO_PERSONS:
        return None
    limit: int = policy_of(hand.unit, document.flow)["corrections"]["alone_up_to_minor"]
    return limit


def _proposal(seen: Seen, document: TransactionRow, wish: Wish, classes: frozenset[FieldClass]) -> Proposal:
    content = {
        "transaction": public_id("txn", document.id),
        "document_number": document.document_number,
        "fence": document.fence,
        "classes": sorted(classes),
        "changes": [asdict(change) for change in wish.changes],
    }
    return Proposal(
        kind=KIND,
        subject=Subject("exception", seen.row.id),
        content=content,
        legal_entity=seen.row.legal_entity_id,
        currency=document.currency,
        amount_minor=document.amount_minor,
        group_minor=None if FieldClass.AMOUNT in classes else document.group_minor,
        reason_code=wish.reason_code.value,
        beneficiary=document.counterparty,
    )


def _carry_out(hand: Hand, document: TransactionRow, row: ApprovalRow, by: By) -> None:
    decided = Decided(document, _changes(row), row, by, hand.actor.login)
    said = as_corrected(_said(hand, document), decided.changes)
    assert isinstance(said, Document)  # noqa: S101  # checked in this unit of work
    try:
        correct(hand.unit, decided, said)
    except MovedOnError as error:
        raise ChangedMeanwhileError("The document has moved on.") from error


def _changes(row: ApprovalRow) -> tuple[Change, ...]:
    return tuple(Change(**one) for one in row.content["changes"])


def _said(hand: Hand, document: TransactionRow) -> Document:
    source = hand.sources.get(document.connection)
    if source is None:
        raise NotPossibleError(f"No connection {document.connection} is configured to read the document.")
    said = as_it_stands(hand.unit, source, document)
    if not isinstance(said, Document):
        raise NotPossibleError("The document cannot be read; only its source can correct it.")
    return said


def _report(said: Document) -> ExpenseReport:
    if not isinstance(said.content, ExpenseReport):
        raise NotPossibleError("It is no document that is corrected here.")
    return said.content
