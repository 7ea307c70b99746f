"""The outcome protocol: what an answer of the target does to a transaction (PROMISES, "the heart")."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from connectors.contract import Dedupe, Intent, Outcome, OutcomeKind, Posting, Traits
from connectors.failures import Failure, FailureKind
from control_plane.domain.retry import RetryPolicy, next_attempt_at
from control_plane.domain.transaction import Reason, State

ABSENT_ANSWERS_NEEDED: Final = 2
"""How often the target must say "absent", the last time after the visibility grace, before we send again."""

ASK_AGAIN_CEILING: Final = timedelta(seconds=30)


class Settlement(NamedTuple):
    """Where a transaction goes after an answer, with the moment of the next act."""

    to: State
    reason: Reason
    at: datetime | None = None
    """When it is tried (`ready`) or asked about (`in_doubt`) next."""
    failure: Failure | None = None
    postings: tuple[Posting, ...] = ()
    absent_count: int = 0
    pauses_connection: bool = False


class Attempted(NamedTuple):
    """What is known of a transaction's attempts when an answer is settled."""

    attempt_count: int
    first_attempt_at: datetime
    last_sent_at: datetime
    absent_count: int = 0


class Asked(NamedTuple):
    """What was meant to be booked, what the target says of it, and the state that the transaction waits in."""

    intents: tuple[Intent, ...]
    outcomes: tuple[Outcome, ...]
    state: State = State.IN_DOUBT


_ON_ITS_WAY: Final = frozenset({OutcomeKind.POSTED, OutcomeKind.ACCEPTED})

HOLD_FOR: Final[Mapping[str, Reason]] = {
    "inactive_master_data": Reason.MASTER_DATA,
    "missing_binding": Reason.MASTER_DATA,
    "unmapped_legal_entity": Reason.MASTER_DATA,
    "closed_period": Reason.PERIOD,
    "no_open_period": Reason.PERIOD,
    "budget_exceeded": Reason.BUDGET,
    "changed_after_post": Reason.CHANGED_AFTER_POST,
}
"""Refusals whose reason can go by itself: the document is held and released, not failed."""
_FAILED_AS: Final[Mapping[FailureKind, Reason]] = {
    FailureKind.REJECTED: Reason.REJECTED,
    FailureKind.CONTRACT: Reason.CONTRACT,
    FailureKind.POISON: Reason.POISON,
    FailureKind.UNKNOWN: Reason.DEFECT,
    FailureKind.DEFECT: Reason.DEFECT,
}


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
    if OutcomeKind.ACCEPTED in by_kind and not by_kind.keys() <= _ON_ITS_WAY:  # what was taken may still be booked
        return _in_doubt(None, postings, traits, now=now)
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


def settle_find(asked: Asked, attempted: Attempted, traits: Traits, *, now: datetime) -> Settlement:
    """Return what the target's answers to our question mean for a transaction that may be booked.

    Everything found as it was meant: posted. Found, but different or twice: a person decides. Something absent,
    asked twice and past the grace: ready again under the same reference (found parts are kept and not sent again).
    Anything unclear: asked again.
    """
    postings = tuple(outcome.posting for outcome in asked.outcomes if outcome.posting is not None)
    difference = _difference(asked)
    if difference is not None:
        return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, None, difference, (), attempted.absent_count)
    kinds = {outcome.kind for outcome in asked.outcomes}
    if kinds <= {OutcomeKind.POSTED}:
        return Settlement(to=State.POSTED, reason=Reason.NONE, postings=postings)
    if asked.state is State.AWAITING_ACK:
        return _still_accepted(asked, kinds, attempted, traits, now=now)
    if not kinds <= {OutcomeKind.POSTED, OutcomeKind.ABSENT, OutcomeKind.REJECTED}:
        return _ask_again(attempted, traits, now=now)
    absent_count = attempted.absent_count + 1
    is_past_grace = now >= attempted.last_sent_at + traits.visibility_grace
    if absent_count >= ABSENT_ANSWERS_NEEDED and is_past_grace:
        return Settlement(to=State.READY, reason=Reason.PROVED_ABSENT, at=now, postings=postings)
    return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, now + traits.visibility_grace, absent_count=absent_count)


def ask_again_at(attempted: Attempted, traits: Traits, *, now: datetime) -> datetime:
    """Return when to ask next: after the grace, and the later the longer it has been unclear, up to 30 s."""
    waited = (now - attempted.last_sent_at) / 2
    return now + max(traits.visibility_grace, min(waited, ASK_AGAIN_CEILING))


def _difference(asked: Asked) -> Failure | None:
    meant = {intent.reference: intent for intent in asked.intents}
    for outcome in asked.outcomes:
        if outcome.surplus:
            numbers = [outcome.posting.number] if outcome.posting else []
            return Failure("found_twice", {"other": ", ".join([*numbers, *(one.number for one in outcome.surplus)])})
        if outcome.posting is not None and outcome.reference in meant:
            problem = differs(meant[outcome.reference], outcome.posting)
            if problem:
                return Failure("reference_conflict", {"other": outcome.posting.number, "problem": problem})
    return None


def differs(intent: Intent, found: Posting) -> str:
    """Return in words how a found posting differs from what was meant; empty where it does not.

    Company, period, currency and amount are compared, as far as the target tells them.
    """
    pairs = {
        "company": (intent.company, found.company),
        "period": (f"{intent.posting_date:%Y-%m}", f"{found.posting_date:%Y-%m}"),
        "currency": (intent.currency, found.currency or intent.currency),
        "amount": (intent.total_minor, intent.total_minor if found.total_minor is None else found.total_minor),
    }
    if found.is_reversed:
        return "it has been reversed there"
    return ", ".join(f"{name} {theirs} instead of {ours}" for name, (ours, theirs) in pairs.items() if ours != theirs)


def _still_accepted(
    asked: Asked, kinds: set[OutcomeKind], attempted: Attempted, traits: Traits, *, now: datetime
) -> Settlement:
    refused = next((outcome for outcome in asked.outcomes if outcome.kind is OutcomeKind.REJECTED), None)
    if refused is not None:
        return Settlement(State.FAILED, Reason.REJECTED, None, refused.failure or Failure("rejected_by_target"))
    if OutcomeKind.ABSENT in kinds:
        return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, now + traits.visibility_grace, absent_count=1)
    return Settlement(State.AWAITING_ACK, Reason.NONE, ask_again_at(attempted, traits, now=now))


def _ask_again(attempted: Attempted, traits: Traits, *, now: datetime) -> Settlement:
    at = ask_again_at(attempted, traits, now=now)
    return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, at, absent_count=attempted.absent_count)


def first_inquiry_at(traits: Traits, *, now: datetime) -> datetime | None:
    """Return when a document in doubt is asked about first; None where the target cannot be asked."""
    return None if traits.dedupe is Dedupe.NONE else now + traits.visibility_grace


def _in_doubt(failure: Failure | None, postings: tuple[Posting, ...], traits: Traits, *, now: datetime) -> Settlement:
    at = first_inquiry_at(traits, now=now)
    if at is None:
        failure = Failure("cannot_be_asked")
    return Settlement(State.IN_DOUBT, Reason.NO_ANSWER, at, failure, postings)


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
        case FailureKind.REJECTED if failure.code in HOLD_FOR:
            return Settlement(State.ON_HOLD, HOLD_FOR[failure.code], None, failure, postings)
        case FailureKind.REJECTED | FailureKind.CONTRACT:
            return _by_rule(failure, postings, attempted, policy, now=now, jitter=jitter)
        case FailureKind.POISON | FailureKind.UNKNOWN | FailureKind.DEFECT:
            return Settlement(State.FAILED, _FAILED_AS[failure.kind], None, failure, postings)


def _by_rule(
    failure: Failure,
    postings: tuple[Posting, ...],
    attempted: Attempted,
    policy: RetryPolicy,
    *,
    now: datetime,
    jitter: float,
) -> Settlement:
    """Return that a refused document is a person's, unless the rule of its code lets it be tried again first."""
    if failure.code in policy.codes:
        again = _again(failure, postings, attempted, policy, now=now, jitter=jitter)
        if again.to is State.READY:
            return again
    return Settlement(State.FAILED, _FAILED_AS[failure.kind], None, failure, postings)


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
        kind=failure.kind if failure else None,
        code=failure.code if failure else "",
    )
    if at is None:
        return Settlement(State.FAILED, Reason.HORIZON_PAST, None, Failure("retry_horizon_past"), postings)
    return Settlement(State.READY, Reason.RETRY, at, failure, postings)
