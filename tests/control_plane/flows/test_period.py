from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Awaited, Case, Verdict
from control_plane.flows.steps.period import period
from tests.control_plane.flows.factories import NOW, case, known, month, record, report
from tests.control_plane.flows.sentences import told

SEPTEMBER = date(2026, 9, 20)
HOLD = {"closed_period": {"rule": "hold"}}


def judged(paper: ExpenseReport, *more: MasterRecord, policy: dict[str, Any] | None = None, **changes: Any) -> Verdict:
    return period(case(paper, **changes), known(*more, policy=policy))


def test_the_document_date_is_the_posting_date_while_its_period_is_open() -> None:
    decided = judged(report())
    assert decided.case.posting_date == date(2026, 10, 12)
    assert decided.facts == {
        "posting_date_from": "2026-10-12",
        "posting_date_to": "2026-10-12",
        "posting_date_rule": "document date",
    }


def test_a_closed_period_moves_the_date_to_the_first_day_of_the_first_open_one() -> None:
    verdict = judged(report(document_date=SEPTEMBER))
    assert (verdict.failures, verdict.case.posting_date) == ((), date(2026, 10, 1))
    assert verdict.facts["posting_date_from"] == "2026-09-20"
    assert verdict.facts["posting_date_to"] == "2026-10-01"
    assert verdict.facts["posting_date_rule"] == "first open period"


def test_by_policy_a_closed_period_holds_until_it_is_opened_again() -> None:
    verdict = judged(report(document_date=SEPTEMBER), policy=HOLD)
    assert verdict.hold is Reason.PERIOD
    assert verdict.awaited == (Awaited(Domain.PERIOD, "1000", "2026-09"),)
    assert "Period 2026-09 of 1000 is closed: document 2026-0815" in told(verdict.failures[0])


def test_an_approver_may_move_the_date_of_a_held_document() -> None:
    lifted = frozenset({Reason.PERIOD})
    verdict = judged(report(document_date=SEPTEMBER), policy=HOLD, overrides=lifted)
    assert verdict.case.posting_date == date(2026, 10, 1)
    assert verdict.facts["posting_date_rule"] == "first open period, moved by an approver"


def test_an_open_period_before_the_document_is_never_taken() -> None:
    verdict = judged(
        report(document_date=date(2026, 12, 5)), month("2026-12", is_open=False), month("2027-01", is_open=False)
    )
    assert verdict.hold is Reason.PERIOD
    assert "1000 has no open period for 2026-12" in told(verdict.failures[0])
    assert [one.code for one in verdict.awaited] == ["2026-12", "2027-01"]


def test_a_date_that_no_period_covers_goes_to_the_next_open_one_or_waits_by_policy() -> None:
    early = report(document_date=date(2026, 8, 31))
    assert judged(early).case.posting_date == date(2026, 10, 1)
    held = judged(early, policy=HOLD)
    assert [failure.code for failure in held.failures] == ["no_open_period"]


def test_periods_of_another_entity_do_not_count() -> None:
    elsewhere = month("2026-12", legal_entity="2000")
    assert judged(report(document_date=date(2026, 12, 5)), elsewhere).hold is Reason.PERIOD


def test_a_period_without_its_dates_is_left_out() -> None:
    nameless = record(Domain.PERIOD, "2026-12", "1000")
    assert judged(report(document_date=date(2026, 12, 5)), nameless).hold is Reason.PERIOD


def test_a_fiscal_calendar_of_weeks_is_read_by_its_dates() -> None:
    weeks = {"start": "2026-09-27", "end": "2026-10-24"}
    fiscal = record(Domain.PERIOD, "FY27-P01", "1000", attributes=weeks)
    october = month("2026-10", is_open=False)
    moved = record(
        Domain.PERIOD, "2026-10", "1000", active=False, attributes={**october.attributes, "end": "2026-10-02"}
    )
    verdict = judged(report(), fiscal, moved)
    assert verdict.case.posting_date == date(2026, 10, 12)


@pytest.mark.parametrize(
    ("approved_at", "expected", "rule"),
    [
        (datetime(2026, 10, 14, 22, 30, tzinfo=UTC), date(2026, 10, 15), "approval date"),
        (None, date(2026, 10, 15), "date of the check"),
    ],
)
def test_without_a_document_date_the_local_day_of_approval_or_check_counts(
    approved_at: datetime | None, expected: date, rule: str
) -> None:
    decided = judged(report(document_date=None, approved_at=approved_at))
    assert (decided.case.posting_date, decided.facts["posting_date_rule"]) == (expected, rule)


def test_a_document_without_a_place_has_no_posting_date() -> None:
    stray = Case(1, 1, "R", report())
    assert period(stray, known()) == Verdict(stray)


WINDOW = {"posting_window": {"opens": "06:00", "closes": "10:00", "free_weekdays": [5, 6]}}


def at(hour: int, day: int = 15) -> dict[str, Any]:
    return {"now": datetime(2026, 10, day, hour, 0, tzinfo=UTC)}


def test_within_the_posting_window_nothing_waits() -> None:
    assert period(case(), known(policy=WINDOW, **at(7))).failures == ()


def test_outside_the_posting_window_a_document_waits_until_it_opens_in_local_time() -> None:
    verdict = period(case(), known(policy=WINDOW))
    assert NOW.hour == 9  # 11:00 in Berlin
    assert verdict.hold is Reason.CUTOFF
    assert "waits until 2026-10-16 06:00 (Europe/Berlin)" in told(verdict.failures[0])
    assert verdict.facts["window_opens_at"] == "2026-10-16T04:00:00+00:00"


def test_a_window_that_is_shut_on_weekends_opens_on_monday() -> None:
    verdict = period(case(), known(policy=WINDOW, **at(12, day=16)))
    assert "waits until 2026-10-19 06:00" in told(verdict.failures[0])


def test_a_window_may_say_only_which_days_are_free() -> None:
    days = {"posting_window": {"free_weekdays": [3]}}
    verdict = period(case(), known(policy=days))
    assert "waits until 2026-10-16 00:00" in told(verdict.failures[0])
    assert period(case(), known(policy=days, **at(21, day=16))).failures == ()
