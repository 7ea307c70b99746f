from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.party import Employee
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Verdict
from control_plane.flows.steps.duplicate import duplicate
from tests.control_plane.domain.earlier import candidate_of
from tests.control_plane.flows.factories import TRIP, case, journal, known, line, report
from tests.control_plane.flows.sentences import told

FIRST = report()
AGAIN: ExpenseReport = replace(FIRST, source_id="R-2", document_number="2026-0900")
NEARLY = replace(AGAIN, document_date=TRIP + timedelta(days=2))


def judged(paper: ExpenseReport, *earlier: ExpenseReport, **changes: Any) -> Verdict:
    candidates = tuple(candidate_of(place, one) for place, one in enumerate(earlier, start=1))
    return duplicate(case(paper, **changes), known(candidates=candidates))


def test_the_first_of_its_kind_passes() -> None:
    assert judged(FIRST) == Verdict(case(FIRST))


def test_the_same_content_under_another_source_id_is_a_duplicate_of_the_earlier_one() -> None:
    verdict = judged(AGAIN, FIRST)
    assert (verdict.duplicate_of, verdict.failures) == (1, ())
    assert verdict.facts["duplicate_of"] == "2026-0815"
    assert "the same content" in verdict.facts["duplicate_evidence"]


def test_a_second_version_of_the_same_report_repeats_nothing() -> None:
    assert judged(replace(FIRST, document_number="other"), FIRST).duplicate_of is None


def test_a_likely_repetition_is_held_with_its_evidence() -> None:
    verdict = judged(NEARLY, FIRST)
    assert verdict.hold is Reason.DUPLICATE_SUSPECT
    assert told(verdict.failures[0]).startswith(
        "Document 2026-0815 over 100.00 EUR looks like 2026-0815: the same amount, the same employee, "
        "the same merchant, a date close by (75 % likely)."
    )


def test_a_suspect_without_a_number_is_named_by_its_source_id() -> None:
    verdict = judged(NEARLY, replace(FIRST, document_number=""))
    assert verdict.failures[0].values["other"] == "R-1"


def test_below_the_limit_a_suspect_is_flagged_not_held() -> None:
    verdict = judged(NEARLY, FIRST, group_minor=2499)
    assert (verdict.hold, [failure.code for failure in verdict.warnings]) == (None, ["duplicate_suspect"])


def test_where_no_money_is_at_stake_nothing_is_held() -> None:
    zero = report(line(journal(0)))
    again = replace(zero, source_id="R-2", document_number="", document_date=TRIP + timedelta(days=1))
    assert judged(again, zero).hold is None


def test_weak_evidence_is_flagged_and_weaker_evidence_forgotten() -> None:
    nameless = replace(NEARLY, lines=(replace(NEARLY.lines[0], merchant=""),))
    stranger = replace(nameless, employee=Employee("E-006"))
    assert [failure.code for failure in judged(nameless, FIRST).warnings] == ["duplicate_suspect"]
    assert judged(stranger, FIRST).warnings == ()


def test_an_approver_may_let_even_the_exact_case_pass() -> None:
    verdict = judged(AGAIN, FIRST, overrides=frozenset({Reason.DUPLICATE_SUSPECT}))
    assert verdict.duplicate_of is None
    assert verdict.hold is Reason.DUPLICATE_SUSPECT  # which the flow's driver then lifts


def test_what_was_received_is_compared_not_what_was_bound() -> None:
    bound = replace(AGAIN, employee=Employee("ERP-3"))
    candidates = (candidate_of(1, FIRST),)
    papers = Case(7, 1, "R", bound, legal_entity="1000", received=AGAIN)
    assert duplicate(papers, known(candidates=candidates)).duplicate_of == 1


def test_only_the_likeliest_are_told() -> None:
    others = [replace(FIRST, source_id=f"R-{place}", document_number=str(place)) for place in range(10, 16)]
    assert len(judged(NEARLY, *others).failures) == 3
