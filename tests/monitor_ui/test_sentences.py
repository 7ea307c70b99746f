"""What the screens say: amounts, counts, times and changes as a person says them."""

from datetime import UTC, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

import pytest

from control_plane.api.schemas import (
    AwaitedView,
    BlockingRecord,
    Connections,
    Freshness,
    GrantView,
    Me,
    MoneyView,
    Problem,
    SlaTargetView,
    Timeline,
)
from monitor_ui import sentences
from tests.monitor_ui.factories import (
    ANNA,
    FRESH,
    NOW,
    amount,
    cause,
    connection,
    document,
    entry,
    euros,
    exception,
    stands,
    stream,
    totals,
)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (euros(4_830_000), "48,300.00 EUR"),
        (euros(-5000), "-50.00 EUR"),
        (amount(98_027, "JPY"), "98,027 JPY"),
        (MoneyView(minor=286_238, currency="KWD", decimal="286.238"), "286.238 KWD"),
        (MoneyView(minor=0, currency="XXX", decimal="0"), "no valid amount"),
        (None, "no group amount"),
    ],
)
def test_an_amount_keeps_every_digit(view: MoneyView | None, said: str) -> None:
    assert sentences.money(view) == said


def test_documents_of_one_currency_are_worth_their_own_amount() -> None:
    assert sentences.documents(totals(amount(4_830_000, count=12)), "expense_report") == "12 reports, 48,300.00 EUR"
    assert sentences.documents(totals(amount(100)), "posting_confirmation") == "1 confirmation, 1.00 EUR"
    assert sentences.documents(totals()) == "0 documents"


def test_documents_without_a_valid_amount_do_not_hide_the_others() -> None:
    assert sentences.sums(totals(amount(11_490, "USD"), amount(0, "XXX", 2))) == "114.90 USD"


def test_several_currencies_are_summed_in_the_group_s_and_what_has_no_rate_is_named() -> None:
    several = totals(amount(10_000, group=10_000), amount(5000, "USD", group=4000), amount(700, "JPY"))

    assert sentences.sums(several) == "140.00 EUR and 700 JPY without a rate"


def test_a_place_of_the_ledger_says_when_nothing_is_there() -> None:
    assert sentences.standing(stands()) == "—"
    assert sentences.standing(stands(500, 1)) == "5.00 EUR"
    assert sentences.standing(stands(0, 2, "XXX")) == "2, no amount"


def test_a_cause_says_what_it_holds_back() -> None:
    held = cause(amount(4_830_000, count=12))

    assert sentences.blocked_by(held) == "12 reports, 48,300.00 EUR, blocked by a closed period"
    assert sentences.held_by(held) == "12 reports, blocked by a closed period"
    assert sentences.blocked_by(cause(amount(100), code="new_trouble")) == "1 report, 1.00 EUR, blocked by new trouble"


@pytest.mark.parametrize(
    ("code", "domain", "records", "blocker"),
    [
        ("inactive_master_data", "project", 1, "1 inactive project"),
        ("missing_binding", "legal_entity", 2, "2 unknown legal entities"),
        ("closed_period", "period", 3, "3 closed periods"),
        ("missing_binding", "", 0, "an unknown code"),
    ],
)
def test_a_cause_counts_the_records_that_its_documents_wait_for(
    code: str, domain: str, records: int, blocker: str
) -> None:
    held = cause(amount(4_120_000, count=37), code=code, domain=domain, record_count=records)

    assert sentences.blocked_by(held) == f"37 reports, 41,200.00 EUR, blocked by {blocker}"


def test_a_cause_names_the_record_that_blocks() -> None:
    record = BlockingRecord(domain="project", legal_entity_id="", code="P-05", name="Project 05")
    held = cause(
        amount(4_120_000, count=37), code="inactive_master_data", domain="project", record_count=1, record=record
    )
    assert sentences.blocked_by(held) == "37 reports, 41,200.00 EUR, blocked by 1 inactive project, P-05"


def test_confirmations_are_counted_beside_the_documents_behind_a_connection() -> None:
    reports = totals(amount(100_00, count=2))

    assert sentences.behind(connection(behind=reports)) == "2 documents, 100.00 EUR"
    said = sentences.behind(connection(behind=reports, confirmation_count=3))
    assert said == "2 documents, 100.00 EUR; 3 confirmations"


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (timedelta(seconds=0.25), "0.2 s"),
        (timedelta(seconds=42), "42 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(hours=2, minutes=5, seconds=9), "2 h 5 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=4, hours=1, minutes=7), "4 d 1 h"),
        (timedelta(days=4, minutes=7), "4 d"),
    ],
)
def test_a_duration_is_told_in_two_units(duration: timedelta, said: str) -> None:
    assert sentences.lasting(duration) == said


def test_moments_are_told_against_now() -> None:
    assert sentences.ago(NOW - timedelta(minutes=3), NOW) == "3 min ago"
    assert sentences.ago(None, NOW) == "never"
    assert sentences.until(NOW + timedelta(hours=2), NOW) == "in 2 h"
    assert sentences.until(NOW - timedelta(hours=2), NOW) == "2 h late"
    assert sentences.until(NOW - timedelta(seconds=2), NOW) == "now"
    assert sentences.until(None, NOW) == sentences.age(None, NOW) == "—"


def test_a_moment_is_shown_on_the_reader_s_clock() -> None:
    assert sentences.clock(NOW, ZoneInfo("Europe/Berlin")) == "16 Mar 2026, 10:00:00"
    assert sentences.clock(None, UTC) == "—"


def test_figures_say_when_they_were_true_and_how_old_their_sources_are() -> None:
    said = sentences.as_of(NOW, FRESH, ZoneInfo("Europe/Berlin"))
    assert said == "As of 16 Mar 2026, 10:00:00 CET; oldest source read 3 min ago (concur / expense reports)"

    unread = Freshness(read_at=None, connection="", stream="", is_stale=False)
    assert sentences.as_of(NOW, unread, UTC).endswith("nothing was read from a source yet")


def test_a_promise_is_told_from_state_to_state() -> None:
    target = SlaTargetView(start="received", stop="posted", within="8 business hours", pause=[])

    assert sentences.promise(target) == "From received to posted within 8 business hours"
    assert sentences.share(0.987) == "98.7%"
    assert sentences.share(None) == "—"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (entry("received"), "Received"),
        (entry("transition", to_state="on_hold", reason="master_data"), "On hold (master data)"),
        (entry("transition", to_state="posted"), "Posted"),
        (entry("act", to_state="ready", reason="retry"), "Ready (retry)"),
        (entry("act"), "Act of a person"),
        (entry("step", name="bind", reason="held"), "Codes of the ERP: held"),
    ],
)
def test_an_entry_of_the_story_says_what_happened(told: object, said: str) -> None:
    assert sentences.title_of(told) == said  # type: ignore[arg-type]  # each is an entry


def test_an_entry_s_facts_are_told_without_marks_of_code() -> None:
    told = entry(failure_code="closed_period", facts={"postings": ["0042", "0043"], "values": {"project": "P-13"}})

    assert sentences.detail_of(told) == "Closed period; postings 0042, 0043; values project P-13"
    assert sentences.detail_of(entry()) == ""
    assert sentences.after(0) == ""
    assert sentences.after(90) == "+ 1 min 30 s"


def test_an_entry_has_the_color_of_where_it_led() -> None:
    assert sentences.color_of(entry(to_state="posted")) == "green"
    assert sentences.color_of(entry("step", reason="held")) == "orange"
    assert sentences.color_of(entry("received")) == "blue"


def test_a_document_says_whose_it_is_and_where_it_goes() -> None:
    assert sentences.title(document()) == "Report 201 over 577.80 EUR"
    assert sentences.about(document()) == "Expense reports, E-341, DE01, version 1, to erp"
    waiting = AwaitedView(domain="project", legal_entity_id="DE01", code="P_13")
    assert sentences.awaited(waiting) == r"Waits for project P\_13 of DE01."


def test_the_state_is_as_old_as_its_last_change() -> None:
    items = [entry(to_state="ready", at=NOW - timedelta(hours=1)), entry("step", name="bind")]

    assert sentences.since(Timeline(items=items, as_of=NOW, freshness=FRESH)) == NOW - timedelta(hours=1)
    assert sentences.since(Timeline(items=[], as_of=NOW, freshness=FRESH)) is None


def test_the_next_read_names_its_stream() -> None:
    late = stream(stream="projects", next_run_at=NOW + timedelta(hours=2))
    items = [connection(streams=[late, stream()])]
    answer = Connections(items=items, behind_unhealthy=totals(), oldest_read_at=None, as_of=NOW, freshness=FRESH)

    assert sentences.next_read(answer) == ("in 5 min", "concur / expense reports")
    assert sentences.next_read(answer.model_copy(update={"items": []})) == ("—", "nothing is scheduled")


def test_an_exception_says_where_it_is_and_who_owns_it() -> None:
    seen = exception(same_cause_count=3)

    assert sentences.where(seen) == "document 528, Expense reports, DE01, check “Codes of the ERP”, lines.1.project"
    assert sentences.owned(seen) == "114.90 EUR, owned by Finance operations, attempt 1"
    assert sentences.shared_cause(seen) == "2 other exceptions with the same cause."
    assert sentences.shared_cause(exception()) == "No other one is like it."


def test_a_stale_tab_is_told_what_changed() -> None:
    before = exception()

    claimed = exception(state="assigned", claimed_by=ANNA)
    assert sentences.changes(before, claimed) == ["Anna Berg claimed it.", "It was unclaimed, now it is claimed."]
    assert sentences.changes(claimed, before)[0] == "It was given back to its team."
    again = exception(attempt=2, sentence="The period is closed.")
    assert sentences.changes(before, again) == [
        "It was tried again and is at attempt 2.",
        "Its reason is another one now: The period is closed.",
    ]
    assert sentences.changes(before, exception(revision=2)) == ["Something about it changed while you looked."]


def test_refusals_are_told_to_the_person_who_asked() -> None:
    problem = Problem(title="Forbidden", status=HTTPStatus.FORBIDDEN, code="forbidden", request_id="req_1")

    assert sentences.refusal(problem) == "Forbidden"
    assert sentences.refusal(problem.model_copy(update={"detail": "Claim it first."})) == "Claim it first."
    assert sentences.no_entry(problem) == "Forbidden"
    unknown = problem.model_copy(update={"status": HTTPStatus.UNAUTHORIZED})
    assert sentences.no_entry(unknown) == "This key is not valid (any more)."
    used = problem.model_copy(update={"status": HTTPStatus.NOT_FOUND})
    assert sentences.used_code(used).startswith("This address was used before or is too old.")


def test_what_was_typed_and_does_not_fit_is_named() -> None:
    assert sentences.unfit(["reason"]) == "Say why, in three characters or more."
    assert sentences.unfit(["wake_at"]) == "Wake at does not fit."


def test_a_person_s_roles_say_where_they_hold() -> None:
    grants = [GrantView(role="analyst", legal_entity_id="*"), GrantView(role="approver", legal_entity_id="DE01")]
    me = Me(**ANNA.model_dump(), grants=grants, acts=[], group_currency="EUR")

    assert sentences.may(me) == "Analyst in the whole group, Approver in DE01"
    assert sentences.may(me.model_copy(update={"grants": []})) == "No roles"


def test_texts_from_outside_are_no_formatting() -> None:
    assert sentences.literal("[pay](http://x) *now*") == r"\[pay\]\(http\://x\) \*now\*"


def test_a_payload_is_shown_in_lines_where_it_is_json() -> None:
    assert sentences.readable('{"a":1}') == '{\n  "a": 1\n}'
    assert sentences.readable("<xml/>") == "<xml/>"
