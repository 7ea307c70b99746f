from typing import Any

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.party import Approver
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Verdict
from control_plane.flows.steps.approval import approval
from tests.control_plane.flows.factories import case, journal, known, line, person, record, report
from tests.control_plane.flows.sentences import told


def paper(minor: int, *approvers: Approver, currency: str = "EUR") -> ExpenseReport:
    return report(line(journal(minor)), approvers=approvers, currency=currency)


def judged(papers: ExpenseReport, *more: MasterRecord, rule: str = "hold", **changes: Any) -> Verdict:
    policy = {"approval": {"missing": rule, "above_limit": rule}}
    return approval(case(papers), known(*more, policy=policy, **changes))


def test_an_approver_whose_limit_reaches_exactly_is_enough() -> None:
    verdict = judged(paper(500000, Approver("E-002")))
    assert (verdict.failures, verdict.warnings) == ((), ())
    assert verdict.facts["approvers"] == "E-002"


def test_above_the_limit_the_sentence_names_approver_limit_and_who_may() -> None:
    verdict = judged(paper(500001, Approver("E-002")))
    assert verdict.hold is Reason.APPROVAL
    text = told(verdict.failures[0])
    assert "E-002 approved document 2026-0815 over 100.00 EUR, above the limit of 5,000.00 EUR." in text
    assert "Ask for an approval by E-001 at the source." in text


def test_the_remedy_goes_up_until_somebody_may() -> None:
    verdict = judged(paper(2500001, Approver("E-002")))
    assert "by E-000" in told(verdict.failures[0])


def test_where_nobody_above_may_the_remedy_says_so() -> None:
    lonely = person("E-009", limit_minor="1")
    in_a_circle = (person("E-010", manager="E-011", limit_minor="1"), person("E-011", manager="E-010", limit_minor="1"))
    unlisted = person("E-012", manager="E-999", limit_minor="1")
    for code in ("E-009", "E-010", "E-012"):
        verdict = judged(paper(2, Approver(code)), lonely, *in_a_circle, unlisted)
        assert "by somebody with a higher limit" in told(verdict.failures[0])


def test_the_highest_of_several_approvers_counts() -> None:
    assert judged(paper(2500000, Approver("E-002"), Approver("E-001", 2))).failures == ()
    verdict = judged(paper(2500001, Approver("E-001", 2), Approver("E-002")))
    assert verdict.failures[0].values["approver"] == "E-001"


def test_somebody_without_limit_may_approve_anything() -> None:
    assert judged(paper(10**14, Approver("E-000"))).failures == ()


def test_by_policy_an_exceeded_limit_is_only_a_warning() -> None:
    verdict = judged(paper(500001, Approver("E-002")), rule="warn")
    assert verdict.hold is None
    assert [failure.code for failure in verdict.warnings] == ["approver_not_authorized"]


def test_a_document_without_approval_is_held_or_warned_by_policy() -> None:
    held, warned = judged(paper(1)), judged(paper(1), rule="warn")
    assert held.hold is Reason.APPROVAL
    assert "has no approval on record" in told(held.failures[0])
    assert (warned.hold, [failure.code for failure in warned.warnings]) == (None, ["approval_missing"])


def test_somebody_outside_the_hierarchy_has_the_limit_that_the_source_states() -> None:
    within = judged(paper(100, Approver("X-1", limit_minor=100)))
    above = judged(paper(101, Approver("X-1", limit_minor=100)))
    assert [failure.code for failure in within.warnings] == ["approver_unknown"]
    assert "does not stand in the ERP's approval hierarchy" in told(within.warnings[0])
    assert [failure.code for failure in above.failures] == ["approver_not_authorized"]
    assert [failure.code for failure in above.warnings] == ["approver_unknown"]


def test_somebody_outside_the_hierarchy_without_a_limit_is_a_warning() -> None:
    verdict = judged(paper(10**12, Approver("X-1")))
    assert (verdict.hold, [failure.code for failure in verdict.warnings]) == (None, ["approver_unknown"])


def test_somebody_who_left_the_hierarchy_is_unknown() -> None:
    gone = record(Domain.APPROVAL_HIERARCHY, "E-002", "1000", active=False)
    assert [failure.code for failure in judged(paper(1, Approver("E-002")), gone).warnings] == ["approver_unknown"]


def test_approvers_are_bound_like_employees() -> None:
    bindings = {(Domain.EMPLOYEE, "concur", "boss"): "E-002"}
    assert judged(paper(500001, Approver("boss")), bindings=bindings).hold is Reason.APPROVAL


def test_a_limit_in_another_currency_counts_by_the_approved_rate() -> None:
    rates = {("USD", "2026-10"): "0.5"}
    assert judged(paper(1000000, Approver("E-002"), currency="USD"), group_rates=rates).failures == ()
    above = judged(paper(1000001, Approver("E-002"), currency="USD"), group_rates=rates)
    assert "above the limit of 5,000.00 EUR" in told(above.failures[0])


def test_a_limit_that_cannot_be_compared_is_a_warning() -> None:
    verdict = judged(paper(10**9, Approver("E-002"), currency="USD"))
    assert verdict.hold is None
    assert "The limit of E-002 is in EUR" in told(verdict.warnings[0])


def test_a_limit_without_a_currency_is_in_the_documents_own() -> None:
    plain = person("E-020", limit_minor="100", currency="")
    assert judged(paper(101, Approver("E-020"), currency="USD"), plain).hold is Reason.APPROVAL


def test_the_hierarchy_of_an_unknown_entity_cannot_be_asked() -> None:
    stray = Case(1, 1, "R", paper(1, Approver("X-1")))
    assert approval(stray, known()) == Verdict(stray)
