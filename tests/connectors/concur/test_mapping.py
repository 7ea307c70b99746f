from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseReport, ExpenseTax
from connectors.canonical.money import Money
from connectors.canonical.party import Approver, Employee, Payer
from connectors.concur.fields import Fields
from connectors.contract import Unreadable
from connectors.twins.expense.sample_set import sample_set
from tests.connectors.concur.documents import (
    Words,
    a_cash_advance,
    a_journal,
    a_tax,
    an_allocation,
    an_entry,
    an_expense,
    report_of,
    translated,
)

UNREADABLE_CASES = {
    "schema_violation": "schema_violation",
    "unknown_currency": "unknown_currency",
    "too_many_decimals": "inexact_amount",
}


def test_a_report_says_what_when_who_and_how_much() -> None:
    document = an_expense(report={"requestId": ["REQ1", "REQ2"]})
    report = report_of(document)
    assert report.source_system == "concur"
    assert report.source_id == document["document"]["report"]["reportId"]
    assert report.source_document_id == document["id"]
    assert report.document_number == str(document["document"]["report"]["reportKey"])
    assert report.legal_entity_ref == "1000"
    assert report.employee == Employee("E-031", "Bente K Alder", "DE")
    assert (report.total, report.total_is_stated) == (Money(11_900, "EUR"), True)
    assert report.approved_at == datetime(2026, 10, 14, 16, 20, 0, 500_000, UTC)
    assert report.document_date == date(2026, 10, 13)
    assert (report.service_from, report.service_to) == (date(2026, 10, 12), date(2026, 10, 12))
    assert (report.title, report.travel_permit_ref, report.policy_status) == ("Hamburg", "REQ1 REQ2", "WITHIN_POLICY")
    assert report.approvers == (Approver("E-007", 2, None, "2026-10-14T16:20:00.500000Z"),)
    assert not report.is_test


def test_a_line_says_what_was_spent_and_how_it_became_the_approved_amount() -> None:
    entry = an_entry(
        approved=Decimal("26.88"),
        reportEntryTransactionAmount=Decimal("24.0"),
        entryCurrAlphaCode="USD",
        entryExchangeRate=Decimal("0.89294902"),
        entryExchangeRateDirection="D",
        cardTransactionID="CARD1",
        entryReceiptId="R2",
    )
    (line,) = report_of(an_expense(entry)).lines
    assert (line.line_number, line.line_ref, line.expense_type) == (1, entry["entryId"], "LODNG")
    assert (line.transaction_date, line.description, line.merchant) == (
        date(2026, 10, 12),
        "Two nights",
        "Lindenhof Inn",
    )
    assert (line.approved_minor, line.transaction_amount, line.transaction_currency) == (2688, "24.0", "USD")
    assert (line.exchange_rate, line.exchange_rate_divides) == ("0.89294902", True)
    assert (line.card_transaction_ref, line.receipt_ref) == ("CARD1", "R2")


def test_a_journal_says_who_owes_whom_on_which_cost_object() -> None:
    allocation = an_allocation(
        a_journal(
            Decimal("119.00"), amountNetOfReclaim=Decimal("100.00"), amountNetOfTax=Decimal("100.00"), taxGuid=["T1"]
        ),
        taxes=[a_tax(Decimal("19.00"), Decimal("19.00"))],
    )
    (journal,) = report_of(an_expense(an_entry(allocation))).journals
    assert journal == ExpenseJournal(
        payer=Payer.COMPANY,
        payee=Payer.EMPLOYEE,
        gross_minor=11_900,
        net_of_reclaim_minor=10_000,
        net_of_tax_minor=10_000,
        coding=Coding("474120", "CC-1001", "P-05", "V19"),
        taxes=(ExpenseTax("V19", 1900, 1900),),
    )


@pytest.mark.parametrize(
    ("code", "payer"),
    [
        ("COMP", Payer.COMPANY),
        ("EMPL", Payer.EMPLOYEE),
        ("IBIP", Payer.EMPLOYEE),
        ("IBCP", Payer.INDIVIDUALLY_BILLED_CARD),
        ("CBCP", Payer.COMPANY_BILLED_CARD),
        ("COPD", Payer.COMPANY_PAID),
    ],
)
def test_every_payment_code_has_a_side(code: str, payer: Payer) -> None:
    (journal,) = report_of(an_expense(an_entry(an_allocation(a_journal(payee=code))))).journals
    assert journal.payee is payer


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("JPY", 1190, 1190), ("KWD", Decimal("1.190"), 1190), ("CLF", Decimal("0.1190"), 1190), ("EUR", -50, -5000)],
)
def test_minor_units_follow_the_currency(currency: str, amount: object, minor: int) -> None:
    entry = an_entry(an_allocation(a_journal(amount)), approved=amount)
    report = report_of(an_expense(entry, total=amount, report={"employeeCurrencyAlphaCode": currency}))
    assert report.total == Money(minor, currency)
    assert [journal.gross_minor for journal in report.journals] == [minor]


def test_a_total_that_is_left_open_is_the_sum_of_the_journals() -> None:
    entries = [an_entry(an_allocation(a_journal(Decimal("0.10")), a_journal(Decimal("0.20")))) for _ in range(3)]
    report = report_of(an_expense(*entries, total=None))
    assert (report.total, report.total_is_stated) == (Money(90, "EUR"), False)


def test_a_total_that_its_lines_do_not_sum_to_is_handed_on_as_it_is() -> None:
    assert report_of(an_expense(total=Decimal("129.00"))).total == Money(12_900, "EUR")


def test_nets_that_are_left_open_follow_from_the_taxes() -> None:
    journal = a_journal(amountNetOfReclaim=None, amountNetOfTax=None)
    allocation = an_allocation(journal, taxes=[a_tax(Decimal("19.00"), Decimal("9.50"), guid=None)])
    (read,) = report_of(an_expense(an_entry(allocation))).journals
    assert (read.net_of_reclaim_minor, read.net_of_tax_minor) == (10_950, 10_000)


def test_a_tax_of_several_journals_is_shared_by_what_each_bears() -> None:
    nets: Words = {"amountNetOfReclaim": Decimal("84.03"), "amountNetOfTax": Decimal("84.03"), "taxGuid": ["T1", "T2"]}
    rest: Words = {"amountNetOfReclaim": Decimal("0.83"), "amountNetOfTax": Decimal("0.83"), "taxGuid": ["T1", "T2"]}
    journals = a_journal(100, **nets), a_journal(1, **rest)
    taxes = [a_tax(Decimal("8.07"), Decimal("8.07"), "T1"), a_tax(Decimal("8.07"), Decimal("8.07"), "T2")]
    report = report_of(an_expense(an_entry(an_allocation(*journals, taxes=taxes)), total=101))
    assert [[tax.amount_minor for tax in journal.taxes] for journal in report.journals] == [[799, 798], [8, 9]]


def test_personal_spend_has_an_account_and_no_cost_object() -> None:
    journals = [
        a_journal(14, "COMP", "CBCP", journalAccountCode=None),
        a_journal(-14, "EMPL", "COMP", journalAccountCode=None),
    ]
    entry = an_entry(an_allocation(*journals), approved=0, entryIsPersonal="Y", clearingAccountCode="199999")
    (line,) = report_of(an_expense(entry, total=0)).lines
    assert line.is_personal
    assert {journal.coding for journal in line.journals} == {Coding("199999")}


def test_what_is_settled_of_an_advance_is_a_line_that_sums_to_zero() -> None:
    applied = {"cashAdvanceId": "A1", "cashAdvanceApplicationAmount": -100, "cashAdvanceClearingAccountCode": "182000"}
    report = report_of(an_expense(cashAdvanceApplication=[applied]))
    line = report.lines[-1]
    assert (line.line_number, line.line_ref, line.expense_type, line.approved_minor) == (2, "A1", "CASH_ADVANCE", 0)
    assert [(each.payer, each.payee, each.gross_minor) for each in line.journals] == [
        (Payer.COMPANY, Payer.CASH_ADVANCE, 10_000),
        (Payer.EMPLOYEE, Payer.COMPANY, -10_000),
    ]
    assert {each.coding for each in line.journals} == {Coding("182000")}


def test_a_cash_advance_is_a_report_of_one_line() -> None:
    document = a_cash_advance()
    report = report_of(document)
    (line,) = report.lines
    assert report.source_id == report.document_number == document["document"]["cashAdvanceData"]["cashAdvanceId"]
    assert report.source_document_id == f"cashadvance/{document['id']}"
    assert (report.total, report.total_is_stated, report.title) == (Money(30_000, "EUR"), False, "Trip to Basel")
    assert report.approved_at == datetime(2026, 10, 2, 8, tzinfo=UTC)
    assert (report.document_date, report.service_from) == (date(2026, 10, 1), date(2026, 10, 5))
    assert (line.expense_type, line.transaction_amount, line.description) == ("CASH_ADVANCE", "300.00", "Fair")
    assert [(each.payer, each.payee, each.coding) for each in line.journals] == [
        (Payer.COMPANY, Payer.EMPLOYEE, Coding("182000"))
    ]


def test_the_finest_level_that_names_a_cost_object_wins() -> None:
    nothing: Words = {"allocationCustom2Code": None, "allocationCustom4Code": " ", "allocationCustom5Code": None}
    of_entry = an_entry(an_allocation(**nothing), entryOrgUnit4Code="CC-ENTRY", entryOrgUnit5Code="P-ENTRY")
    of_report = an_entry(an_allocation(**nothing))
    of_allocation = an_entry(entryOrgUnit4Code="CC-ENTRY")
    report = report_of(
        an_expense(of_entry, of_report, of_allocation, report={"reportOrgUnit4Code": "CC-REPORT"}, total=357)
    )
    assert [(each.coding.cost_center_ref, each.coding.project_ref) for each in report.journals] == [
        ("CC-ENTRY", "P-ENTRY"),
        ("CC-REPORT", ""),
        ("CC-1001", "P-05"),
    ]


def test_a_cost_object_of_another_company_names_the_company() -> None:
    (journal,) = report_of(an_expense(an_entry(an_allocation(allocationCustom2Code="2000")))).journals
    assert journal.coding.legal_entity_ref == "2000"


def test_every_company_says_where_its_facts_stand() -> None:
    fields = replace(Fields(), legal_entity=("ledgerCode",), project=("entryCustom7Code",), cost_center=())
    document = an_expense(an_entry(entryCustom7Code="X-1"), report={"ledgerCode": "GP"})
    report = report_of(document, fields)
    (journal,) = report.journals
    assert (report.legal_entity_ref, journal.coding.project_ref, journal.coding.cost_center_ref) == ("GP", "X-1", "")


@pytest.mark.parametrize(("level", "read"), [("3", 3), ("0", 0), (None, 1), ("Director", 1), ("²", 1)])
def test_an_approver_without_a_level_is_the_first(level: object, read: int) -> None:
    (approver,) = report_of(an_expense(report={"reportCustom1Code": level})).approvers
    assert approver.level == read


def test_a_report_without_an_approver_has_none() -> None:
    assert report_of(an_expense(report={"lastApproverId": None})).approvers == ()


def test_a_moment_that_is_none_is_no_moment_of_approval() -> None:
    fields = replace(Fields(), approver_moment=("reportCustom3Code",))
    (approver,) = report_of(an_expense(report={"reportCustom3Code": "yesterday"}), fields).approvers
    assert approver.approved_at == ""


def test_the_document_date_falls_back_to_the_submission() -> None:
    dates = {"reportUserDefinedDate": None, "reportSubmitDate": "2026-10-13T23:30:00.000-07:00"}
    assert report_of(an_expense(report=dates)).document_date == date(2026, 10, 13)


def test_test_documents_say_so() -> None:
    assert report_of(an_expense(report={"isTest": "Y"})).is_test
    assert report_of(a_cash_advance(isTest="Y")).is_test


def test_fields_that_nobody_knows_change_nothing() -> None:
    document = an_expense()
    document["document"]["report"]["reportMood"] = {"isTest": "Y", "amountGross": Decimal("0.001"), "reportId": []}
    assert report_of(document).total == Money(11_900, "EUR")


def test_the_built_in_set_is_read_as_its_cases_say() -> None:
    for sample in sample_set():
        said = translated(sample.envelope)
        expected = UNREADABLE_CASES.get(sample.case)
        if isinstance(said, Unreadable):
            assert {failure.code for failure in said.failures} == {expected}, sample.case
        else:
            assert expected is None, sample.case
            assert isinstance(said.content, ExpenseReport)
            is_whole = sum(journal.gross_minor for journal in said.content.journals) == said.content.total.minor
            assert is_whole is (sample.case != "wrong_total"), sample.case
