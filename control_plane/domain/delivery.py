"""The outcome protocol: what an answer of the target does to a transaction (PROMISES, "the heart")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import Dedupe, Outcome, OutcomeKind, Posting, Traits
from connectors.failures import Failure, FailureKind
from control_plane.domain.retry import RetryPolicy, next_attempt_at
from control_plane.domain.transaction import Reason, State

ABSENT_ANSWERS_NEEDED: Final = 2
"""How often the target must say "absent", the last time after the visibility grace, before we send again."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where a transaction goes after an answer, with the moment of the next act."""

    to: State
    reason: Reason
    at: datetime | None = None
    """When it is tried (`ready`) or asked about (`in_doubt`) next."""
    failure: Failure | None = None
    postings: tuple[Posting, ...] = ()
    absent_count: int = 0
    pauses_connection: bool = False


@dataclass(frozen=True, slots=True)
class Attempted:
    """What is known of a transaction's attempts when an answer is settled."""

    attempt_count: int
    first_attempt_at: datetime
    last_sent_at: datetime
    absent_count: int = 0


HOLD_FOR: Final[Mapping[str, Reason]] = {
    "inactive_master_data": Reason.MASTER_DATA,
    "missing_binding": Reason.MASTER_DATA,
    "unmapped_legal_entity": Reason.MASTER_DATA,
    "closed_period": Reason.PERIOD,
    "no_open_period": Reason.PERIOD,
    "budget_exceeded": Reason.BUDGET,
}
"""Refusals whose reason can go by itself: the document is held and released, not failed."""


def settle_post(
    outcomes: Sequence[Outcome],
    attempted: Attempted,
    traits: Traits,
    policy: RetryPolicy,
    *,
    now: datetime,
    jitter: float,
) -> Settlement:
    """Return what one transaction's answers mean together; one in doubt puts the whole document in doubt.

    `jitter` is a random number in 0 .. 1.
    """
    postings = tuple(outcome.posting for outcome in outcomes if outcome.posting is not None)
    by_kind = {outcome.kind: outcome for outcome in reversed(outcomes)}
    if OutcomeKind.UNKNOWN in by_kind:
        return _in_doubt(by_kind[OutcomeKind.UNKNOWN].failure, postings, traits, now=now)
    if OutcomeKind.REJECTED in by_kind:
        return _refused(by_kind[OutcomeKind.REJECTED], postings, attempted, policy, now=now, jitter=jitter)
    if OutcomeKind.NOT_SENT in by_kind or OutcomeKind.ABSENT in by_kind:
        unsent = by_kind.get(OutcomeKind.NOT_SENT) or by_kind[OutcomeKind.ABSENT]
        return _again(unsent.failure, postings, attempted, policy, now=now, jitter=jitter)
    if OutcomeKind.ACCEPTED in by_kind:
        return Settlement(
            to=State.AWAITING_ACK, reason=Reason.NONE, at=now + traits.visibility_grace, postings=postings
        )
    return Settlement(to=State.POSTED, reason=Reason.NONE, postings=postings)


def settle_find(outcomes: Sequence[Outcome], attempted: Attempted, traits: Traits, *, now: datetime) -> Settlement:
    """Return what the target's answers to our question mean for a transaction in doubt.

    Everything found: posted. Something absent, asked twice and past the grace: ready again under the same
    reference (found parts are kept and not sent again). Anything unclear: in doubt, asked again.
    """
    postings = tuple(outcome.posting for outcome in outcomes if outcome.posting is not None)
    kinds = {outcome.kind for outcome in outcomes}
    if kinds <= {OutcomeKind.POSTED}:
        return Settlement(to=State.POSTED, reason=Reason.NONE, postings=postings)
    if not kinds <= {OutcomeKind.POSTED, OutcomeKind.ABSENT, OutcomeKind.REJECTED}:
        return _in_doubt(None, postings, traits, now=now, absent_count=attempted.absent_count)
    absent_count = attempted.absent_count + 1
    is_past_grace = now >= attempted.last_sent_at + traits.visibility_grace
    if absent_count >= ABSENT_ANSWERS_NEEDED and is_past_grace:
        return Settlement(to=State.READY, reason=Reason.PROVED_ABSENT, at=now, postings=postings)
    return _in_doubt(None, postings, traits, now=now, absent_count=absent_count)


def first_inquiry_at(traits: Traits, *, now: datetime) -> datetime | None:
    """Return when a document in doubt is asked about first; None where the target cannot be asked."""
    return None if traits.dedupe is Dedupe.NONE else now + traits.visibility_grace


def _in_doubt(
    failure: Failure | None,
    postings: tuple[Posting, ...],
    traits: Traits,
    *,
    now: datetime,
    absent_count: int = 0,
) -> Settlement:
    at = first_inquiry_at(traits, now=now)
    if at is None:
        failure = Failure("cannot_be_asked")
    return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, at, failure, postings, absent_count)


def _refused(
    refusal: Outcome,
    postings: tuple[Posting, ...],
    attempted: Attempted,
    policy: RetryPolicy,
    *,
    now: datetime,
    jitter: float,
) -> Settlement:
    failure = refusal.failure or Failure("unlisted_failure")
    match failure.kind:
        case FailureKind.NOT_SENT | FailureKind.TRANSIENT | FailureKind.RATE_LIMITED:
            return _again(failure, postings, attempted, policy, now=now, jitter=jitter)
        case FailureKind.AUTH | FailureKind.CONFIGURATION:
            return Settlement(State.READY, Reason.CONNECTION_PAUSED, now, failure, postings, pauses_connection=True)
        case FailureKind.REJECTED:
            hold = HOLD_FOR.get(failure.code)
            to = State.FAILED if hold is None else State.ON_HOLD
            return Settlement(to, hold or Reason.REJECTED, None, failure, postings)
        case FailureKind.CONTRACT:
            return Settlement(State.FAILED, Reason.CONTRACT, None, failure, postings)
        case FailureKind.POISON:
            return Settlement(State.FAILED, Reason.POISON, None, failure, postings)
        case FailureKind.UNKNOWN | FailureKind.DEFECT:
            return Settlement(State.FAILED, Reason.DEFECT, None, failure, postings)


def _again(
    failure: Failure | None,
    postings: tuple[Posting, ...],
    attempted: Attempted,
    policy: RetryPolicy,
    *,
    now: datetime,
    jitter: float,
) -> Settlement:
    waited = timedelta(seconds=failure.retry_after_seconds) if failure and failure.retry_after_seconds else None
    at = next_attempt_at(
        policy,
        attempt_count=attempted.attempt_count,
        first_attempt_at=attempted.first_attempt_at,
        retry_after=waited,
        now=now,
        jitter=jitter,
    )
    if at is None:
        return Settlement(State.FAILED, Reason.HORIZON_PAST, None, Failure("retry_horizon_past"), postings)
    return Settlement(State.READY, Reason.RETRY, at, failure, postings)
