from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connectors.canonical.expense import ExpenseReport, ExpenseTax
from connectors.canonical.master_data import Domain
from connectors.canonical.party import Payer
from connectors.contract import Intent, PostingLine
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Verdict
from control_plane.flows.cost import account_key
from control_plane.flows.steps.route import control_accounts, route
from tests.control_plane.flows.factories import CONTROL, TO_ERP, TRIP, case, journal, known, line, record, report
from tests.control_plane.flows.sentences import told

CARD = Payer.COMPANY_BILLED_CARD
EMPLOYEE = Payer.EMPLOYEE
COMPANY = Payer.COMPANY


def judged(paper: ExpenseReport, policy: dict[str, Any] | None = None, **changes: Any) -> Verdict:
    return route(case(paper, **{"posting_date": TRIP, **changes}), known(policy=policy))


def booked(paper: ExpenseReport, **changes: Any) -> list[Intent]:
    verdict = judged(paper, **changes)
    assert verdict.failures == ()
    return list(verdict.intents)


def rows(intent: Intent) -> list[tuple[str, int, int]]:
    return [(one.account, one.debit_minor, one.credit_minor) for one in intent.lines]


def test_what_an_employee_paid_becomes_one_balanced_document() -> None:
    paper = report(
        line(journal(7000, cost_center_ref="CC-1001", project_ref="P-05"), description="Night in Hamburg"),
        line(journal(3000, account_ref="474130"), line_number=2, expense_type="MEALS"),
    )
    (intent,) = booked(paper)
    assert intent == Intent(
        reference="EXR-1000-concur-R.1-1",
        source_document="R-1",
        company="1000",
        ledger="main",
        document_type="EX",
        posting_date=TRIP,
        document_date=TRIP,
        currency="EUR",
        lines=(
            PostingLine("474120", debit_minor=7000, cost_center="CC-1001", project="P-05", text="Night in Hamburg"),
            PostingLine("474130", debit_minor=3000, text="MEALS"),
            PostingLine("331000", credit_minor=10000, party="E-003"),
        ),
        text="2026-0815",
    )


def test_only_reclaimable_tax_goes_to_input_tax() -> None:
    taxes = (ExpenseTax("JC1E", 243, 122), ExpenseTax("JC2T", 389, 195), ExpenseTax("SOLD", 50, 0))
    (intent,) = booked(report(line(journal(5500, taxes=taxes))))
    assert rows(intent) == [("474120", 5183, 0), ("154000", 122, 0), ("154000", 195, 0), ("331000", 0, 5500)]
    assert [one.tax_code for one in intent.lines] == ["", "JC1E", "JC2T", ""]


def test_each_payee_gets_a_document_of_its_own_with_a_reference_that_says_whose() -> None:
    paper = report(
        line(
            journal(100),
            journal(200, CARD),
            journal(300, Payer.INDIVIDUALLY_BILLED_CARD),
            journal(400, Payer.COMPANY_PAID),
        ),
    )
    intents = booked(paper)
    assert [intent.reference.removeprefix("EXR-1000-concur-R.1-1") for intent in intents] == [
        "",
        "/cbc",
        "/ibc",
        "/paid",
    ]
    assert [rows(intent)[-1] for intent in intents] == [
        ("331000", 0, 100),
        ("332000", 0, 200),
        ("333000", 0, 300),
        ("334000", 0, 400),
    ]


def test_a_reference_does_not_depend_on_what_else_the_document_holds() -> None:
    alone = booked(report(line(journal(200, CARD))))
    together = booked(report(line(journal(100), journal(200, CARD))))
    assert alone[0].reference == together[1].reference


def test_a_refund_stands_on_the_other_side() -> None:
    (airfare,) = booked(report(line(journal(-34900, COMPANY, Payer.COMPANY_PAID))))
    (fee,) = booked(report(line(journal(-5000, COMPANY, EMPLOYEE))))
    assert rows(airfare) == [("474120", 0, 34900), ("334000", 34900, 0)]
    assert rows(fee) == [("474120", 0, 5000), ("181000", 5000, 0)]
    assert [one.party for one in fee.lines] == ["", "E-003"]


def test_personal_spend_on_a_company_card_is_a_receivable_from_the_employee() -> None:
    private = line(
        journal(30000, CARD, account_ref=""), journal(-30000, COMPANY, EMPLOYEE, account_ref=""), is_personal=True
    )
    business = line(journal(70000, CARD), line_number=2)
    (intent,) = booked(report(private, business))
    assert rows(intent) == [("181000", 30000, 0), ("474120", 70000, 0), ("332000", 0, 100000)]
    assert [one.party for one in intent.lines] == ["E-003", "", ""]


def test_a_clearing_account_of_the_source_is_used_on_both_ways() -> None:
    private = line(
        journal(1400, CARD, account_ref="199999"),
        journal(-1400, COMPANY, EMPLOYEE, account_ref="199999"),
        is_personal=True,
    )
    card, owed = booked(report(private))
    assert rows(card) == [("199999", 1400, 0), ("332000", 0, 1400)]
    assert rows(owed) == [("199999", 0, 1400), ("181000", 1400, 0)]
    assert owed.reference.endswith("/owed")


def test_an_advance_that_is_handed_out_is_a_receivable() -> None:
    (intent,) = booked(report(line(journal(20000, account_ref=""), expense_type="CASH_ADVANCE")))
    assert rows(intent) == [("182000", 20000, 0), ("331000", 0, 20000)]
    assert [one.party for one in intent.lines] == ["E-003", "E-003"]


def test_a_report_that_settles_an_advance_takes_it_off_what_the_employee_gets() -> None:
    settled = line(
        journal(20000, Payer.CASH_ADVANCE, account_ref=""),
        journal(-20000, COMPANY, EMPLOYEE, account_ref=""),
        line_number=2,
        expense_type="CASH_ADVANCE",
    )
    cost, advance = booked(report(line(journal(50000)), settled))
    assert rows(cost) == [("474120", 50000, 0), ("331000", 0, 50000)]
    assert rows(advance) == [("331000", 20000, 0), ("182000", 0, 20000)]


def test_what_an_employee_gives_back_of_an_advance_is_owed_or_stands_where_the_source_says() -> None:
    (owed,) = booked(report(line(journal(5000, Payer.CASH_ADVANCE, EMPLOYEE, account_ref=""))))
    (paid,) = booked(report(line(journal(5000, Payer.CASH_ADVANCE, EMPLOYEE, account_ref="113100"))))
    assert rows(owed) == [("181000", 5000, 0), ("182000", 0, 5000)]
    assert rows(paid) == [("113100", 5000, 0), ("182000", 0, 5000)]


def test_an_advance_that_pays_an_employee_is_used_up() -> None:
    (intent,) = booked(report(line(journal(5000, EMPLOYEE, Payer.CASH_ADVANCE, account_ref=""))))
    assert rows(intent) == [("182000", 5000, 0), ("331000", 0, 5000)]
    assert intent.reference.endswith("/adv-emp")


def test_an_amount_of_zero_is_booked_like_any_other() -> None:
    (intent,) = booked(report(line(journal(0), journal(0))))
    assert rows(intent) == [("474120", 0, 0), ("331000", 0, 0)]


def test_lines_of_zero_are_left_out_where_others_are_not() -> None:
    (intent,) = booked(report(line(journal(0), journal(500), journal(-500))))
    assert rows(intent) == [("474120", 500, 0), ("474120", 0, 500)]


def test_an_account_that_wants_to_know_whose_money_it_is_gets_the_employee() -> None:
    personal = record(Domain.GL_ACCOUNT, "333000", attributes={"party": "employee"})
    paper = report(line(journal(300, Payer.INDIVIDUALLY_BILLED_CARD)))
    verdict = route(case(paper, posting_date=TRIP), known(personal))
    assert verdict.intents[0].lines[-1].party == "E-003"


def test_a_document_without_number_or_date_borrows_them() -> None:
    (intent,) = booked(report(document_number="", document_date=None), posting_date=date(2026, 10, 1))
    assert (intent.text, intent.document_date) == ("R-1", date(2026, 10, 1))


RULES = [
    {"when": {"legal_entity": "1000", "payee": ["company_billed_card"]}, "then": {**TO_ERP, "document_type": "CC"}},
    {"when": {"legal_entity": {"prefix": "1"}}, "then": {**TO_ERP, "company": "DE10"}},
]


def test_the_first_rule_that_matches_says_where_each_part_is_booked() -> None:
    verdict = judged(report(line(journal(100), journal(200, CARD))), {"routing": {"rules": RULES}})
    assert [(one.company, one.document_type) for one in verdict.intents] == [("DE10", "EX"), ("1000", "CC")]
    assert verdict.target == "erp"
    assert verdict.facts["routing_rules"] == "company to employee: 2, company to company billed card: 1"


def test_without_a_match_the_document_waits_with_what_the_table_lacks() -> None:
    verdict = judged(report(line(journal(100), journal(200, CARD))), {"routing": {"rules": RULES[:1]}})
    assert verdict.hold is Reason.ROUTING
    assert "No routing rule says where company to employee of 1000 is posted" in told(verdict.failures[0])
    assert (verdict.intents, len(verdict.failures)) == ((), 1)


def test_one_document_has_one_target() -> None:
    rules = [{"when": {"payee": "employee"}, "then": TO_ERP}, {"then": {**TO_ERP, "target": "bank"}}]
    verdict = judged(report(line(journal(100), journal(200, CARD))), {"routing": {"rules": rules}})
    assert "parts of document 2026-0815 over 100.00 EUR to bank and erp" in told(verdict.failures[0])


@pytest.mark.parametrize(
    ("paper", "role"),
    [
        (report(line(journal(1))), "employee"),
        (report(line(journal(1, CARD))), "company billed card"),
        (report(line(journal(9, taxes=(ExpenseTax("V19", 1, 1),)))), "input tax"),
        (report(line(journal(1, CARD, account_ref=""), is_personal=True)), "employee receivable"),
    ],
)
def test_a_control_account_that_nobody_set_is_named(paper: ExpenseReport, role: str) -> None:
    accounts = {name: code for name, code in CONTROL.items() if name.replace("_", " ") != role}
    verdict = judged(paper, {"control_accounts": {"*": accounts}})
    assert verdict.hold is Reason.ROUTING
    assert f"No control account is set for {role} of 1000" in told(verdict.failures[0])


def test_an_entitys_own_control_accounts_come_before_those_for_all() -> None:
    policy = {"control_accounts": {"*": CONTROL, "1000": {"employee": "331100"}}}
    accounts = control_accounts("1000", known(policy=policy))
    assert (accounts["employee"], accounts["input_tax"]) == ("331100", "154000")
    assert control_accounts("1000", known(policy={"control_accounts": {}})) == {}


def test_a_cost_object_of_another_entity_is_held_because_both_books_must_be_posted() -> None:
    paper = report(line(journal(legal_entity_ref="2000"), journal(legal_entity_ref="3000")))
    verdict = judged(paper)
    assert verdict.hold is Reason.ROUTING
    assert "of 1000 charges cost objects of 2000 and 3000; both books must be posted" in told(verdict.failures[0])


def test_what_has_no_place_or_no_date_yet_is_not_written() -> None:
    stray = Case(1, 1, "R", report())
    undated = judged(report(), posting_date=None)
    assert route(stray, known()) == Verdict(stray)
    assert (undated.intents, undated.target, undated.failures) == ((), "", ())


def test_a_cost_without_any_account_is_left_to_bind() -> None:
    (intent,) = booked(report(line(journal(100, account_ref=""), expense_type="")))
    assert rows(intent)[0] == ("", 100, 0)


def test_nothing_counts_as_posted_without_a_document() -> None:
    empty = judged(replace(report(), lines=()))
    moves_nothing = line(journal(100, account_ref="331000"), journal(-100, account_ref="331000"))
    for verdict in (empty, judged(report(moves_nothing))):
        assert (verdict.intents, verdict.hold) == ((), None)
        assert "has no line that could be posted" in told(verdict.failures[0])


def test_an_account_that_is_debited_and_credited_is_written_where_the_line_is_worth_something() -> None:
    (intent,) = booked(report(line(journal(100, account_ref="331000"))))
    assert rows(intent) == [("331000", 100, 0), ("331000", 0, 100)]


def test_what_an_employee_owes_without_a_card_beside_it_takes_off_the_cost() -> None:
    owed = line(journal(-300, COMPANY, EMPLOYEE, account_ref=""), is_personal=True)
    assert account_key(owed, owed.journals[0], known(policy={"accounts": {"default": "474100"}}).policy) == "474100"
    (intent,) = booked(report(replace(owed, journals=(journal(-300, COMPANY, EMPLOYEE, account_ref="474100"),))))
    assert rows(intent) == [("474100", 0, 300), ("181000", 300, 0)]
