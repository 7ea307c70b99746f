from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Dedupe, Intent, Outcome, OutcomeKind, Posting, PostingLine, Traits
from connectors.failures import CATALOG, Failure, FailureKind
from control_plane.domain.delivery import (
    HOLD_FOR,
    Asked,
    Attempted,
    Settlement,
    ask_again_at,
    differs,
    first_inquiry_at,
    settle_find,
    settle_post,
)
from control_plane.domain.retry import AutoRetry, Patience, RetryPolicy
from control_plane.domain.transaction import TRANSITIONS, Reason, State

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
SENT = NOW - timedelta(seconds=2)
TRAITS = Traits(visibility_grace=timedelta(seconds=5))
POLICY = RetryPolicy()
FRESH = Attempted(attempt_count=1, first_attempt_at=SENT, last_sent_at=SENT)
LATE = FRESH._replace(last_sent_at=NOW - timedelta(minutes=1), absent_count=1)

INTENT = Intent(
    reference="R",
    source_document="S",
    company="1000",
    ledger="main",
    document_type="EX",
    posting_date=date(2026, 10, 12),
    document_date=date(2026, 10, 12),
    currency="EUR",
    lines=(PostingLine("474120", debit_minor=100), PostingLine("331000", credit_minor=100)),
)
POSTING = Posting("erp", "1000", "2026", "EX", "17", date(2026, 10, 12), "R", "EUR", 100)


def outcome(kind: OutcomeKind, code: str = "", *, reference: str = "R", **values: float) -> Outcome:
    failure = Failure(code, retry_after_seconds=values.get("retry_after")) if code else None
    posting = POSTING if kind is OutcomeKind.POSTED else None
    return Outcome(reference, kind, posting, failure)


POSTED = outcome(OutcomeKind.POSTED)
UNKNOWN = outcome(OutcomeKind.UNKNOWN, "answer_lost")
ABSENT = outcome(OutcomeKind.ABSENT)
NOT_SENT = outcome(OutcomeKind.NOT_SENT, "connection_refused")
ACCEPTED = outcome(OutcomeKind.ACCEPTED)


def refused(code: str) -> Outcome:
    return outcome(OutcomeKind.REJECTED, code)


def posted(*outcomes: Outcome, attempted: Attempted = FRESH, traits: Traits = TRAITS) -> Settlement:
    return settle_post(outcomes, attempted, traits, POLICY, now=NOW, jitter=1.0)


def found(
    *outcomes: Outcome,
    attempted: Attempted = FRESH,
    state: State = State.IN_DOUBT,
    intents: Sequence[Intent] = (INTENT,),
) -> Settlement:
    return settle_find(Asked(tuple(intents), outcomes, state), attempted, TRAITS, now=NOW)


@pytest.mark.parametrize(
    ("outcomes", "to", "reason"),
    [
        ((POSTED, POSTED), State.POSTED, Reason.NONE),
        ((POSTED, ACCEPTED), State.AWAITING_ACK, Reason.NONE),
        ((POSTED, NOT_SENT, ACCEPTED), State.IN_DOUBT, Reason.NO_ANSWER),
        ((ACCEPTED, refused("rejected_by_target")), State.IN_DOUBT, Reason.NO_ANSWER),
        ((POSTED, NOT_SENT), State.READY, Reason.RETRY),
        ((ABSENT,), State.READY, Reason.RETRY),
        ((refused("inactive_master_data"), NOT_SENT), State.ON_HOLD, Reason.MASTER_DATA),
        ((POSTED, UNKNOWN, refused("closed_period")), State.IN_DOUBT, Reason.NO_ANSWER),
    ],
)
def test_the_least_clear_of_several_answers_decides(outcomes: tuple[Outcome, ...], to: State, reason: Reason) -> None:
    settled = posted(*outcomes)
    assert (settled.to, settled.reason) == (to, reason)
    assert len(settled.postings) == sum(one.kind is OutcomeKind.POSTED for one in outcomes)


def test_a_document_in_doubt_is_asked_about_after_the_grace() -> None:
    settled = posted(UNKNOWN)
    assert (settled.at, settled.failure) == (NOW + TRAITS.visibility_grace, UNKNOWN.failure)


def test_a_target_that_cannot_be_asked_leaves_it_to_a_person() -> None:
    settled = posted(UNKNOWN, traits=Traits(dedupe=Dedupe.NONE))
    assert (settled.to, settled.at) == (State.IN_DOUBT, None)
    assert settled.failure == Failure("cannot_be_asked")
    assert first_inquiry_at(Traits(dedupe=Dedupe.NONE), now=NOW) is None


@pytest.mark.parametrize(
    ("code", "to", "reason"),
    [
        ("temporarily_unavailable", State.READY, Reason.RETRY),
        ("rate_limited", State.READY, Reason.RETRY),
        ("connection_refused", State.READY, Reason.RETRY),
        ("credentials_refused", State.READY, Reason.CONNECTION_PAUSED),
        ("access_denied", State.READY, Reason.CONNECTION_PAUSED),
        ("rejected_by_target", State.FAILED, Reason.REJECTED),
        ("closed_period", State.ON_HOLD, Reason.PERIOD),
        ("budget_exceeded", State.ON_HOLD, Reason.BUDGET),
        ("missing_binding", State.ON_HOLD, Reason.MASTER_DATA),
        ("schema_violation", State.FAILED, Reason.CONTRACT),
        ("unbalanced", State.FAILED, Reason.DEFECT),
        ("answer_lost", State.FAILED, Reason.DEFECT),
        ("never_heard_of", State.FAILED, Reason.DEFECT),
    ],
)
def test_the_kind_of_a_refusal_decides_what_happens_next(code: str, to: State, reason: Reason) -> None:
    settled = posted(refused(code))
    assert (settled.to, settled.reason) == (to, reason)
    assert settled.pauses_connection == (reason is Reason.CONNECTION_PAUSED)
    assert settled.failure == Failure(code)


def test_poison_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace(CATALOG["unbalanced"], kind=FailureKind.POISON)
    monkeypatch.setattr("connectors.failures.CATALOG", {**CATALOG, "kills_workers": entry})
    assert posted(refused("kills_workers")).reason is Reason.POISON


def test_a_refusal_without_a_word_is_our_own_defect() -> None:
    settled = posted(Outcome("R", OutcomeKind.REJECTED))
    assert (settled.to, settled.failure) == (State.FAILED, Failure("unlisted_failure"))


def test_only_what_can_go_by_itself_is_held() -> None:
    assert HOLD_FOR.keys() <= CATALOG.keys()
    assert all(CATALOG[code].kind is FailureKind.REJECTED for code in HOLD_FOR)


def test_a_target_that_asks_for_patience_gets_it() -> None:
    settled = posted(outcome(OutcomeKind.REJECTED, "rate_limited", retry_after=90))
    assert settled.at == NOW + timedelta(seconds=90)


def test_past_the_horizon_a_person_takes_over() -> None:
    tired = FRESH._replace(first_attempt_at=NOW - POLICY.horizon)
    settled = posted(NOT_SENT, attempted=tired)
    assert (settled.to, settled.reason) == (State.FAILED, Reason.HORIZON_PAST)
    assert settled.failure == Failure("retry_horizon_past")


def test_what_is_found_as_it_was_meant_is_posted() -> None:
    settled = found(POSTED)
    assert (settled.to, settled.postings) == (State.POSTED, (POSTING,))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"company": "2000"}, "company 2000 instead of 1000"),
        ({"posting_date": date(2026, 11, 1)}, "period 2026-11 instead of 2026-10"),
        ({"currency": "USD"}, "currency USD instead of EUR"),
        ({"total_minor": 99}, "amount 99 instead of 100"),
        ({"is_reversed": True}, "it has been reversed there"),
        ({"currency": "", "total_minor": None}, ""),
        ({"posting_date": date(2026, 10, 31)}, ""),
    ],
)
def test_what_is_found_is_compared_with_what_was_meant(change: dict[str, object], problem: str) -> None:
    other = replace(POSTING, **change)  # type: ignore[arg-type]  # any field
    assert differs(INTENT, other) == problem
    settled = found(replace(POSTED, posting=other), attempted=LATE)
    assert settled.to is (State.IN_DOUBT if problem else State.POSTED)
    if problem:
        assert settled.failure == Failure("reference_conflict", {"other": "17", "problem": problem})
        assert (settled.at, settled.postings, settled.absent_count) == (None, (), 1)


@pytest.mark.parametrize("first", [POSTED, ABSENT])
def test_what_is_found_twice_is_left_to_a_person(first: Outcome) -> None:
    settled = found(replace(first, surplus=(replace(POSTING, number="18"),)))
    assert (settled.to, settled.at) == (State.IN_DOUBT, None)
    assert settled.failure is not None
    assert settled.failure.code == "found_twice"
    assert settled.failure.values["other"].endswith("18")


def test_a_posting_under_a_reference_that_nobody_meant_is_not_compared() -> None:
    assert found(replace(POSTED, reference="other")).to is State.POSTED


@pytest.mark.parametrize(
    ("attempted", "to", "absent_count"),
    [
        (FRESH, State.IN_DOUBT, 1),
        (FRESH._replace(absent_count=1), State.IN_DOUBT, 2),
        (LATE._replace(absent_count=0), State.IN_DOUBT, 1),
        (LATE, State.READY, 0),
        (LATE._replace(last_sent_at=NOW - TRAITS.visibility_grace), State.READY, 0),
    ],
)
def test_absence_is_proved_by_two_answers_past_the_grace(attempted: Attempted, to: State, absent_count: int) -> None:
    settled = found(ABSENT, attempted=attempted)
    assert (settled.to, settled.absent_count) == (to, absent_count)
    assert settled.reason is (Reason.PROVED_ABSENT if to is State.READY else Reason.NO_ANSWER)


def test_a_found_part_is_kept_when_the_other_is_proved_absent() -> None:
    settled = found(POSTED, replace(ABSENT, reference="R/cbc"), attempted=LATE)
    assert (settled.to, settled.postings) == (State.READY, (POSTING,))


def test_a_dead_draft_counts_as_absent() -> None:
    assert found(refused("rejected_by_target"), attempted=LATE).to is State.READY


@pytest.mark.parametrize("unclear", [UNKNOWN, NOT_SENT, ACCEPTED])
def test_an_unclear_answer_proves_nothing(unclear: Outcome) -> None:
    settled = found(unclear, ABSENT, attempted=LATE)
    assert (settled.to, settled.absent_count) == (State.IN_DOUBT, LATE.absent_count)
    assert settled.at is not None


@pytest.mark.parametrize(
    ("unclear_for", "waits"),
    [(timedelta(0), 5), (timedelta(seconds=20), 10), (timedelta(hours=9), 30)],
)
def test_the_longer_it_is_unclear_the_later_it_is_asked_again(unclear_for: timedelta, waits: int) -> None:
    attempted = FRESH._replace(last_sent_at=NOW - unclear_for)
    assert ask_again_at(attempted, TRAITS, now=NOW) == NOW + timedelta(seconds=waits)


@pytest.mark.parametrize(
    ("answer", "to"),
    [
        (POSTED, State.POSTED),
        (ACCEPTED, State.AWAITING_ACK),
        (UNKNOWN, State.AWAITING_ACK),
        (ABSENT, State.IN_DOUBT),
        (refused("closed_period"), State.FAILED),
        (Outcome("R", OutcomeKind.REJECTED), State.FAILED),
    ],
)
def test_what_a_target_accepted_is_waited_for(answer: Outcome, to: State) -> None:
    settled = found(answer, state=State.AWAITING_ACK)
    assert settled.to is to
    assert (settled.at is None) == (to in {State.POSTED, State.FAILED})
    assert (settled.failure is not None) == (to is State.FAILED)


ANSWERS = [POSTED, UNKNOWN, ABSENT, NOT_SENT, ACCEPTED, *(refused(code) for code in CATALOG)]


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4), st.sampled_from([FRESH, LATE]))
def test_every_settlement_is_an_arrow_of_the_table(outcomes: list[Outcome], attempted: Attempted) -> None:
    assert posted(*outcomes, attempted=attempted).to in TRANSITIONS[State.IN_FLIGHT]
    for state in (State.IN_DOUBT, State.AWAITING_ACK):
        assert found(*outcomes, attempted=attempted, state=state).to in {state, *TRANSITIONS[state]}


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4))
def test_nothing_that_may_be_booked_is_ever_sent_again_at_once(outcomes: list[Outcome]) -> None:
    kinds = {one.kind for one in outcomes}
    if OutcomeKind.UNKNOWN in kinds:
        assert posted(*outcomes).to is State.IN_DOUBT
    if posted(*outcomes).to is State.READY:
        assert OutcomeKind.UNKNOWN not in kinds


RULE = AutoRetry(times=2, within=timedelta(hours=4), patience=Patience(timedelta(minutes=10), timedelta(hours=1)))
BY_RULE = RetryPolicy(codes=dict.fromkeys(("rejected_by_target", "closed_period", "connection_refused"), RULE))


@pytest.mark.parametrize(
    ("code", "attempts", "to", "reason"),
    [
        ("rejected_by_target", 1, State.READY, Reason.RETRY),
        ("rejected_by_target", 3, State.FAILED, Reason.REJECTED),
        ("tax_refused", 1, State.FAILED, Reason.REJECTED),
        ("closed_period", 1, State.ON_HOLD, Reason.PERIOD),
        ("connection_refused", 2, State.READY, Reason.RETRY),
        ("connection_refused", 3, State.FAILED, Reason.HORIZON_PAST),
    ],
)
def test_a_rule_of_a_code_decides_when_a_person_is_next(code: str, attempts: int, to: State, reason: Reason) -> None:
    attempted = FRESH._replace(attempt_count=attempts)
    settled = settle_post([refused(code)], attempted, TRAITS, BY_RULE, now=NOW, jitter=0.5)
    assert (settled.to, settled.reason) == (to, reason)
    assert (settled.at is not None) == (to is State.READY)
