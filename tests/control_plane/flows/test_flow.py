from dataclasses import replace

import jsonschema_rs
import pytest

from connectors.canonical.master_data import Domain
from connectors.canonical.money import Money
from connectors.failures import Failure
from control_plane.domain.transaction import Reason, State
from control_plane.domain.verdict import Awaited, Case, Known, Needs, Verdict
from control_plane.flows import FLOWS
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.flows.flow import HOLD_ORDER, LIFTABLE, Flow, Judge, Step, StepResult, destination, result_of, run
from tests.control_plane.flows.factories import POLICY, case, journal, known, line, report

PROJECT = Awaited(Domain.PROJECT, "1000", "P-13")


def flow_of(*judges: Judge) -> Flow:
    return replace(EXPENSE_REPORT, steps=tuple(Step(f"step {place}", judge) for place, judge in enumerate(judges)))


def passes(case: Case, known: Known) -> Verdict:
    return Verdict(case)


def fails(case: Case, known: Known) -> Verdict:
    return Verdict(case, (Failure("total_mismatch"),))


def breaks_contract(case: Case, known: Known) -> Verdict:
    return Verdict(case, (Failure("unknown_currency"),))


def repeats(case: Case, known: Known) -> Verdict:
    return Verdict(case, duplicate_of=3)


def cancels(case: Case, known: Known) -> Verdict:
    return Verdict(case, (Failure("test_document"),), cancel=Reason.TEST_DOCUMENT)


def warns(case: Case, known: Known) -> Verdict:
    return Verdict(case, warnings=(Failure("rate_implausible"),))


def waits_for_project(case: Case, known: Known) -> Verdict:
    return Verdict(case, (Failure("inactive_master_data"),), hold=Reason.MASTER_DATA, awaited=(PROJECT,))


def waits_for_approval(case: Case, known: Known) -> Verdict:
    return Verdict(case, (Failure("approval_missing"),), hold=Reason.APPROVAL)


def waits_for_budget(case: Case, known: Known) -> Verdict:
    return Verdict(case, (Failure("budget_exceeded"),), hold=Reason.BUDGET)


def codes(verdict: Verdict) -> list[str]:
    return [failure.code for failure in verdict.failures]


@pytest.mark.parametrize(
    ("judges", "expected"),
    [
        ((passes, passes), (State.READY, Reason.NEW)),
        ((warns, passes), (State.READY, Reason.NEW)),
        ((waits_for_budget, warns), (State.ON_HOLD, Reason.BUDGET)),
        ((waits_for_budget, waits_for_project), (State.ON_HOLD, Reason.MASTER_DATA)),
        ((waits_for_project, repeats), (State.DUPLICATE, Reason.EXACT_DUPLICATE)),
        ((repeats, waits_for_project, fails), (State.FAILED, Reason.REJECTED)),
        ((breaks_contract, repeats), (State.FAILED, Reason.CONTRACT)),
        ((fails, waits_for_project, cancels), (State.CANCELLED, Reason.TEST_DOCUMENT)),
    ],
)
def test_the_heaviest_result_decides(judges: tuple[Judge, ...], expected: tuple[State, Reason]) -> None:
    verdict, _ = run(flow_of(*judges), case(), known())
    assert destination(verdict) == expected


def test_a_step_that_stops_does_not_silence_the_later_ones() -> None:
    verdict, records = run(flow_of(waits_for_budget, waits_for_approval, waits_for_project), case(), known())
    assert codes(verdict) == ["inactive_master_data", "budget_exceeded", "approval_missing"]
    assert [record.result for record in records] == [StepResult.HELD] * 3


def test_a_failure_that_two_steps_see_is_told_once() -> None:
    verdict, _ = run(flow_of(fails, waits_for_project, fails), case(), known())
    assert codes(verdict) == ["total_mismatch", "inactive_master_data"]


def test_only_a_held_document_awaits_something() -> None:
    held, _ = run(flow_of(waits_for_project), case(), known())
    failed, _ = run(flow_of(waits_for_project, fails), case(), known())
    assert (held.awaited, failed.awaited) == ((PROJECT,), ())


def test_a_document_that_ends_here_keeps_no_other_failures() -> None:
    verdict, _ = run(flow_of(waits_for_project, repeats), case(), known())
    assert (codes(verdict), verdict.duplicate_of) == ([], 3)


def test_a_hold_that_an_approver_lifted_is_only_a_warning() -> None:
    lifted = case(overrides=frozenset({Reason.BUDGET}))
    verdict, records = run(flow_of(waits_for_budget), lifted, known())
    assert destination(verdict) == (State.READY, Reason.NEW)
    assert [failure.code for failure in verdict.warnings] == ["budget_exceeded"]
    assert records[0].result is StepResult.WARNED


def test_what_the_erp_would_refuse_anyway_cannot_be_lifted() -> None:
    lifted = case(overrides=frozenset({Reason.MASTER_DATA}))
    verdict, _ = run(flow_of(waits_for_project), lifted, known())
    assert verdict.hold is Reason.MASTER_DATA


def test_every_hold_has_a_place_in_the_order() -> None:
    assert set(HOLD_ORDER) >= LIFTABLE
    assert len(set(HOLD_ORDER)) == len(HOLD_ORDER)


def test_a_record_tells_only_the_facts_of_its_own_step() -> None:
    def first(case: Case, known: Known) -> Verdict:
        return Verdict(case, facts={"one": "1"})

    def second(case: Case, known: Known) -> Verdict:
        return Verdict(case, facts={"two": "2"})

    verdict, records = run(flow_of(first, second), case(), known())
    assert [dict(record.facts) for record in records] == [{"one": "1"}, {"two": "2"}]
    assert verdict.facts == {"one": "1", "two": "2"}


def test_the_policy_of_now_stands_over_the_defaults_of_the_flow() -> None:
    policy = EXPENSE_REPORT.policy.under({"closed_period": {"rule": "hold"}})
    assert policy["closed_period"] == {"rule": "hold"}
    assert policy["sla"] == EXPENSE_REPORT.policy.values["sla"]


def test_later_steps_may_look_at_the_report_as_it_was_received() -> None:
    def rewrites(case: Case, known: Known) -> Verdict:
        return Verdict(case._replace(report=report(document_number="other")))

    verdict, _ = run(flow_of(rewrites), case(), known())
    assert verdict.case.received is not None
    assert verdict.case.received.document_number == "2026-0815"


def test_a_flow_needs_what_any_of_its_steps_needs() -> None:
    wants = (Needs(frozenset({Domain.PROJECT})), Needs(frozenset({Domain.PERIOD}), twins=True), Needs(spent=True))
    flow = replace(EXPENSE_REPORT, steps=tuple(Step("step", passes, want) for want in wants))
    assert flow.needs == Needs(frozenset({Domain.PROJECT, Domain.PERIOD}), twins=True, spent=True)


def test_a_flow_without_steps_lets_everything_pass() -> None:
    verdict, records = run(flow_of(), case(), known())
    assert (result_of(verdict), records) == (StepResult.PASSED, ())


def test_a_good_report_becomes_intents_for_its_target() -> None:
    verdict, records = run(EXPENSE_REPORT, case(legal_entity="unresolved"), known())
    assert destination(verdict) == (State.READY, Reason.NEW)
    assert [record.name for record in records] == [step.name for step in EXPENSE_REPORT.steps]
    assert (verdict.target, [intent.reference for intent in verdict.intents]) == ("erp", ["EXR-1000-concur-R.1-1"])


def test_everything_that_is_wrong_with_a_report_is_told_at_once() -> None:
    bad = report(line(journal(project_ref="P-13"), journal(project_ref="P-99")), total=Money(1, "EUR"), approvers=())
    policy = {**POLICY, "approval": {"missing": "hold", "above_limit": "hold"}, "routing": {"rules": []}}
    verdict, _ = run(EXPENSE_REPORT, case(bad), known(policy=policy))
    assert codes(verdict) == [
        "total_mismatch",
        "inactive_master_data",
        "missing_binding",
        "approval_missing",
        "no_route",
    ]
    assert verdict.intents == ()


def test_a_document_of_an_unknown_entity_is_judged_as_far_as_possible() -> None:
    stray = report(legal_entity_ref="9999", total=Money(1, "EUR"))
    verdict, _ = run(EXPENSE_REPORT, case(stray, legal_entity="unresolved"), known())
    assert codes(verdict) == ["total_mismatch", "unmapped_legal_entity"]
    assert not verdict.case.is_placed


def test_a_document_without_a_currency_fails_without_breaking_a_later_step() -> None:
    verdict, _ = run(EXPENSE_REPORT, case(report(currency="XQQ")), known())
    assert destination(verdict) == (State.FAILED, Reason.CONTRACT)
    assert verdict.case.report.total == Money(0, "XXX")


def test_an_order_key_is_shared_by_all_versions_of_a_report() -> None:
    for flow in FLOWS:
        assert flow.order_key(report()) == flow.order_key(report(source_document_id="D-2"))


def fits(flow: Flow, key: str, value: object) -> bool:
    return jsonschema_rs.validator_for(dict(flow.policy.schemas[key])).is_valid(value)


def test_every_default_fits_its_schema_and_every_flow_promises_something() -> None:
    for flow in FLOWS:
        assert flow.policy.values.keys() == flow.policy.schemas.keys()
        assert flow.policy.sla.within
        for key, value in flow.policy.values.items():
            assert fits(flow, key, value), key


def test_the_schema_refuses_what_is_not_policy() -> None:
    wrong = {
        "routing": {"rules": [{"then": {"target": "erp"}}]},
        "control_accounts": {"1000": {"employe": "331000"}},
        "sla": {"business_hours": 8, "at_risk_after": "1/0"},
        "closed_period": {"rule": "ignore"},
    }
    for key, value in wrong.items():
        assert not fits(EXPENSE_REPORT, key, value), key
    for key in ("routing", "control_accounts"):
        assert fits(EXPENSE_REPORT, key, POLICY[key]), key
