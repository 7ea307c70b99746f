"""Read back: what was posted by hand counts once the target shows it, as it was said."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from connectors.contract import Dedupe, Intent, OutcomeKind, Posting, Target
from connectors.failures import Failure
from control_plane.domain.delivery import Settlement
from control_plane.domain.hand_posting import ReadBack, Said, Worth, meant_by, read_back, said_only
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.engine import permits, trouble
from control_plane.engine.errands import load_errands
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.settle import Answered, apply
from control_plane.store import approvals, hand_postings, postings, transactions
from control_plane.store.tables import HandPostingRow
from control_plane.store.transactions import Work

LOG: Final = logging.getLogger(__name__)

ASKED_AT_MOST: Final = 20
"""After so many questions without an answer a person looks again."""
_AGAIN_AFTER: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Claim:
    """A document that two persons say was posted by hand, with what was meant to be booked."""

    row: HandPostingRow
    work: Work
    meant: tuple[Intent, ...]

    @property
    def said(self) -> Said:
        """Return the numbers and the day that were said."""
        return hand_postings.said_of(self.row)


async def read_claims_back(parts: Parts) -> int:
    """Ask the targets about what was posted by hand; return how many documents were asked about."""
    now = parts.runtime.now()
    if not await parts.read(lambda session: hand_postings.has_due(session, now=now)):  # nearly always
        return 0
    claims = await parts.write(partial(_pick, parts))
    for claim in claims:
        found = await _found(parts, claim)
        await parts.write(partial(_settle, claim, found))
    return len(claims)


def _pick(parts: Parts, unit: Unit) -> list[Claim]:
    targets = permits.open_now(unit, parts, parts.targets)
    rows = hand_postings.due(unit.session, targets, now=unit.now, limit=parts.settings.batch)
    for row in rows:  # meanwhile nobody else asks; after a crash somebody does
        hand_postings.ask_again(unit.session, row, at=unit.now + parts.settings.lease)
    works = transactions.by_ids(unit.session, [row.transaction_id for row in rows])
    errands = {errand.work.id: errand for errand in load_errands(unit.session, works)}
    return [_claim(row, errands[row.transaction_id].work, errands[row.transaction_id].intents) for row in rows]


def _claim(row: HandPostingRow, work: Work, intents: tuple[Intent, ...]) -> Claim:
    seen = work.seen
    worth = Worth(work.business_reference, work.source_id, seen.legal_entity_id, seen.currency, seen.amount_minor)
    return Claim(row, work, intents or (meant_by(worth, hand_postings.said_of(row)),))


async def _found(parts: Parts, claim: Claim) -> ReadBack | None:
    """Return what the target's books prove; None where it does not answer now."""
    target = parts.targets[claim.row.target]
    if target.traits.dedupe is Dedupe.NONE:  # two persons' word is all there is
        return said_only(claim.said, claim.meant, claim.row.target)
    latest = parts.runtime.now() + parts.settings.lease - target.traits.deadline
    try:
        found = await permits.call(parts, claim.row.target, partial(_postings, target, claim), latest=latest)
    except Exception:  # a connector's mistake leaves the question open
        LOG.exception("connector failed while reading back", extra={"transaction": claim.work.id})
        return None
    return None if isinstance(found, Failure) else read_back(claim.said, claim.meant, found)


async def _postings(target: Target, claim: Claim) -> list[Posting] | Failure:
    """Return everything that the target holds for the document, under its references and its source's number."""
    outcomes = await target.find([intent.reference for intent in claim.meant])
    found = [posting for one in outcomes if one.posting for posting in (one.posting, *one.surplus)]
    if not _names_all(claim, found):
        others = await target.find_by_source(sorted({intent.source_document for intent in claim.meant}))
        if isinstance(others, Failure):
            return others
        found += [posting for postings_of_one in others.values() for posting in postings_of_one]
    is_unclear = any(one.kind is OutcomeKind.UNKNOWN for one in outcomes)
    return Failure("answer_lost") if is_unclear and not _names_all(claim, found) else found


def _names_all(claim: Claim, found: Sequence[Posting]) -> bool:
    return {posting.number for posting in found} >= set(claim.row.numbers)


def _settle(claim: Claim, found: ReadBack | None, unit: Unit) -> None:
    work = next(iter(transactions.by_ids(unit.session, [claim.work.id])), None)
    if work is None or work.seen.fence != claim.row.fence:
        hand_postings.settle(unit.session, claim.row, "the document had gone on", now=unit.now)
    elif found is None and claim.row.asked_count < ASKED_AT_MOST:
        hand_postings.ask_again(unit.session, claim.row, at=unit.now + _AGAIN_AFTER)
    else:
        _conclude(unit, claim, work, found or ReadBack(problem="it did not answer"))


def _conclude(unit: Unit, claim: Claim, work: Work, found: ReadBack) -> None:
    is_accepted = bool(found.postings) and _accepts_difference(unit, claim)
    problem = _of_others(unit, work, found.postings) or ("" if is_accepted else found.problem)
    hand_postings.settle(unit.session, claim.row, problem or found.problem or "found", now=unit.now)
    if problem:
        other = ", ".join(claim.row.numbers)
        failure = Failure("hand_posting_differs", {"other": other, "problem": problem})
        trouble.open_cases(unit, [trouble.Trouble(work, (failure,), step="read_back")])
        return
    settlement = Settlement(State.POSTED, Reason.MANUAL, postings=found.postings)
    apply(unit, [(Answered(work, claim.meant, ()), settlement)], by=By.FOUR_EYES)


def _accepts_difference(unit: Unit, claim: Claim) -> bool:
    """Return whether the two persons knew that the posting differs: of what is in doubt they decide."""
    row = approvals.row_of(unit.session, claim.row.approval_id)
    return row is not None and bool(row.content.get("accepts_difference"))


def _of_others(unit: Unit, work: Work, found: Sequence[Posting]) -> str:
    proofs = [postings.Proof(work.id, work.seen.legal_entity_id, posting) for posting in found]
    taken = postings.proofs_of_others(unit.session, proofs)
    return "it already proves another document" if taken else ""
