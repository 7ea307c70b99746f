"""Corrections and postings by hand: what may be corrected, what people propose, and what was corrected."""

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import corrections as acts
from control_plane.acts import hand_posting
from control_plane.acts.corrections import Wish
from control_plane.acts.door import Hand, NotPossibleError
from control_plane.api import answers
from control_plane.api.acting import Acting, Acts, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import number_of
from control_plane.api.problem_json import ProblemError, not_found
from control_plane.api.routes.approvals import view_of
from control_plane.api.schemas import (
    ApprovalView,
    CorrectableField,
    CorrectableFields,
    Correction,
    CorrectionView,
    FieldDifference,
    HandPosting,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act, may
from control_plane.domain.correction import TWO_PERSONS, Change, CorrectionReason, FieldClass
from control_plane.domain.hand_posting import Said
from control_plane.domain.identity import public_id
from control_plane.engine.parts import Unit
from control_plane.engine.policy import policy_of
from control_plane.flows.corrections import FieldValue
from control_plane.store import approvals, corrections, exception_cases, transactions
from control_plane.store.corrections import Kept
from control_plane.store.tables import ExceptionCaseRow, TransactionRow

router: Final = APIRouter(prefix="/v1", tags=["corrections"], route_class=StrictRoute)

_READERS: Final = (Act.PROPOSE, Act.APPROVE, Act.READ_AUDIT)
"""Who may see what a document said."""


@router.get("/exceptions/{exception_id}/correctable-fields")
def show_correctable_fields(asks: Asks, response: Response, exception_id: str) -> CorrectableFields:
    """Show what of the document may be corrected, and what it says now."""
    with asks.services.database.read() as session:
        row, document = _case(session, asks, exception_id)
        unit = Unit(session, asks.now, asks.services.runtime.ids, asks.services.flows)
        hand = Hand(unit, asks.actor, b"", sources=asks.services.sources)
        response.headers["etag"] = etag(row.revision)
        alone = policy_of(unit, document.flow)["corrections"]["alone_up_to_minor"]
        return CorrectableFields(
            items=_fields(hand, document),
            alone_up_to=answers.money(alone, asks.group_currency),
            reason_codes=list(CorrectionReason),
            revision=row.revision,
        )


@router.post("/exceptions/{exception_id}/propose-correction", response_model=ApprovalView)
def propose_correction(acting: Acts, exception_id: str, correction: Correction) -> Response:
    """Correct the document: at once where one person may, else as a proposal for a second one."""
    changes = tuple(Change(one.path, one.before, one.after) for one in correction.changes)
    wish = Wish(changes, correction.reason_code)

    def propose(hand: Hand, case_id: int, revision: int) -> int:
        return acts.propose(hand, case_id, wish, revision=revision).approval_id

    return _propose(acting, exception_id, propose, correction.reason)


@router.post("/exceptions/{exception_id}/propose-hand-posting", response_model=ApprovalView)
def propose_hand_posting(acting: Acts, exception_id: str, posting: HandPosting) -> Response:
    """Say what became of the document in the target's books, for a second person; numbers are read back."""
    said = None if posting.posting_date is None else Said(posting.numbers, posting.posting_date)
    claim = hand_posting.Claim(posting.claimed, said, accepts_difference=posting.accepts_difference)

    def propose(hand: Hand, case_id: int, revision: int) -> int:
        return hand_posting.claim_posted(hand, case_id, claim, revision=revision)

    return _propose(acting, exception_id, propose, posting.reason)


@router.get("/transactions/{transaction_id}/correction")
def show_correction(asks: Asks, transaction_id: str) -> CorrectionView:
    """Show what was corrected in this version."""
    with asks.services.database.read() as session:
        number = number_of("txn", transaction_id)
        kept = corrections.of(session, [number]).get(number)
        if kept is None or not asks.scope().includes(kept.row.legal_entity_id):
            raise not_found()
        if not any(may(asks.actor, act, kept.row.legal_entity_id) for act in _READERS):
            raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "Your roles do not show what was corrected.")
        return _view(kept)


def _propose(acting: Acting, exception_id: str, propose: Callable[[Hand, int, int], int], reason: str) -> Response:
    case_id = number_of("exc", exception_id)
    made: list[int] = []

    def done(hand: Hand, revision: int) -> None:
        made.append(propose(hand, case_id, revision))

    def shown(session: Session) -> tuple[BaseModel, int]:
        row = approvals.row_of(session, made[-1])
        assert row is not None  # noqa: S101  # it was written a moment ago
        return view_of(acting.asking, row), row.revision

    return acting.perform(done, shown, reason=reason)


def _case(session: Session, asks: Asking, exception_id: str) -> tuple[ExceptionCaseRow, TransactionRow]:
    row = exception_cases.row_of(session, number_of("exc", exception_id))
    if row is None or row.transaction_id is None or not asks.scope().includes(row.legal_entity_id):
        raise not_found()
    if not may(asks.actor, Act.PROPOSE, row.legal_entity_id):
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "To propose is not among your roles here.")
    document = transactions.row_of(session, row.transaction_id)
    if document is None:
        raise not_found()
    return row, document


def _fields(hand: Hand, document: TransactionRow) -> list[CorrectableField]:
    try:
        found = acts.fields(hand, document)
    except NotPossibleError as error:
        raise ProblemError(HTTPStatus.CONFLICT, "not_possible", str(error)) from error
    return [_field(one) for one in found]


def _field(one: FieldValue) -> CorrectableField:
    default_act = "return_to_source" if one.field_class is FieldClass.AMOUNT else "propose_correction"
    needs_second_person = one.field_class in TWO_PERSONS
    return CorrectableField(**asdict(one), needs_second_person=needs_second_person, default_act=default_act)


def _view(kept: Kept) -> CorrectionView:
    row = kept.row
    return CorrectionView(
        transaction_id=public_id("txn", row.transaction_id),
        corrects_id=public_id("txn", row.corrects_id),
        approval_id=public_id("apr", row.approval_id),
        changes=[FieldDifference(**asdict(change)) for change in kept.changes],
        reason_code=CorrectionReason(row.reason_code),
        reason=row.reason,
        maker=row.maker,
        recorded_at=row.recorded_at,
    )
