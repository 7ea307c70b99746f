"""Posting by hand: two persons name the target's numbers; the document counts as posted once they are read back."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from control_plane.acts.approvals import Consequence, propose
from control_plane.acts.corrections import let_go, subject_of
from control_plane.acts.door import OWN_MONEY, Hand, NotPossibleError, OwnDocumentError, Seen, is_own, see_exception
from control_plane.acts.steps import change_step, document_of, in_work, move_document
from control_plane.domain import exception_case
from control_plane.domain.access import Act
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.hand_posting import Claimed, Said
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.store import hand_postings
from control_plane.store.hand_postings import Wanted
from control_plane.store.tables import ApprovalRow, TransactionRow

KIND: Final = "hand_posting"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a person says about the document in the target's books."""

    claimed: Claimed
    said: Said | None = None
    """Given exactly with `posted`."""
    accepts_difference: bool = False
    """Of what is in doubt: it is that document although it differs from what was meant."""


def can_claim(document: TransactionRow) -> bool:
    """Return whether people may say what became of the document: it failed, or nobody asks the target any more."""
    is_past_asking = document.state == State.IN_DOUBT and document.inquire_at is None
    return bool(document.target) and (document.state == State.FAILED or is_past_asking)


def claim_posted(hand: Hand, case_id: int, claim: Claim, *, revision: int) -> int:
    """Say what became of a claimed exception's document in the target's books; a second person decides.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or the document is neither failed nor past asking about.
    """
    seen = see_exception(hand, Act.PROPOSE, case_id, revision=revision)
    document = document_of(seen, can_claim, "It has not failed, is still asked about, or was never meant for a target.")
    if claim.claimed is Claimed.NOT_POSTED and document.state != State.IN_DOUBT:
        raise NotPossibleError("Only a document in doubt is declared not posted.")
    if claim.accepts_difference and document.state != State.IN_DOUBT:
        raise NotPossibleError("Only for a document in doubt a difference is accepted: correct it, or return it.")
    number = propose(hand, _proposal(seen, document, claim))
    person_id = hand.actor.person_id
    change_step(hand, seen, "propose", lambda case: exception_case.propose(in_work(case, person_id), person_id))
    return number


def approved(hand: Hand, row: ApprovalRow) -> None:
    """Let the target be asked for what two persons say; what they declare not posted fails, and its owner goes on.

    Raises:
        OwnDocumentError: it pays who approves it.
        NotPossibleError: the document has gone on.
    """
    seen = subject_of(hand, row)
    document = document_of(seen, can_claim, "The document has gone on.")
    if document.fence != row.content["fence"]:
        raise NotPossibleError("The document has gone on.")
    if is_own(hand.actor, document):
        raise OwnDocumentError(OWN_MONEY)
    if row.content["claimed"] == Claimed.NOT_POSTED:
        change_step(hand, seen, "approve", _back_in_work)
        move_document(hand, document, State.FAILED, Reason.NO_POSTING, By.FOUR_EYES, {"inquire_at": None})
        return
    change_step(hand, seen, "approve", lambda case: exception_case.decide(case, is_approved=True))
    hand_postings.add(hand.unit.session, _wanted(hand, document, row), now=hand.unit.now)


CONSEQUENCE: Final = Consequence(approved, let_go)


def _back_in_work(case: exception_case.CaseFacts) -> exception_case.CaseFacts:
    return exception_case.fail_again(exception_case.decide(case, is_approved=True))


def _wanted(hand: Hand, document: TransactionRow, row: ApprovalRow) -> Wanted:
    said = Said(tuple(row.content["numbers"]), date.fromisoformat(row.content["posting_date"]))
    by = f"{row.maker}, {hand.actor.login}"
    return Wanted(row.id, document.id, document.target, said, document.fence, by)


def _proposal(seen: Seen, document: TransactionRow, claim: Claim) -> Proposal:
    said = claim.said
    return Proposal(
        kind=KIND,
        subject=Subject("exception", seen.row.id),
        content={
            "transaction": public_id("txn", document.id),
            "document_number": document.document_number,
            "fence": document.fence,
            "target": document.target,
            "claimed": claim.claimed.value,
            "accepts_difference": claim.accepts_difference,
            "numbers": list(said.numbers) if said else [],
            "posting_date": said.posting_date.isoformat() if said else "",
        },
        legal_entity=seen.row.legal_entity_id,
        currency=document.currency,
        amount_minor=document.amount_minor,
        group_minor=document.group_minor,
        beneficiary=document.counterparty,
    )
