from datetime import date

import pytest

from connectors.canonical.expense import ExpenseTax
from connectors.canonical.master_data import Domain
from connectors.canonical.party import Employee, Payer
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Awaited, Verdict
from control_plane.flows.steps.bind import bind
from tests.control_plane.flows.factories import case, journal, known, line, record, report
from tests.control_plane.flows.sentences import told

TAX = ExpenseTax("V19", 1597, 1597)


def codes(verdict: Verdict) -> list[tuple[str, str]]:
    return [(failure.code, failure.values["value"]) for failure in verdict.failures]


def test_a_key_without_a_binding_binds_to_itself() -> None:
    paper = report(line(journal(taxes=(TAX,), project_ref="P-05", cost_center_ref="CC-1001")))
    verdict = bind(case(paper, legal_entity="unresolved"), known())
    assert (verdict.failures, verdict.hold) == ((), None)
    assert verdict.case.report == paper
    assert verdict.case.legal_entity == "1000"


def test_a_document_is_put_under_the_erps_own_keys() -> None:
    foreign = journal(
        taxes=(ExpenseTax("JC1E", 122, 122),),
        account_ref="A",
        project_ref="Alpha",
        cost_center_ref="21-BELL",
        tax_code_ref="JC1E",
    )
    paper = report(line(foreign), legal_entity_ref="0021", employee=Employee("11"))
    bindings = {
        (Domain.LEGAL_ENTITY, "concur", "0021"): "1000",
        (Domain.EMPLOYEE, "concur", "11"): "E-003",
        (Domain.GL_ACCOUNT, "concur", "A"): "474100",
        (Domain.PROJECT, "concur", "Alpha"): "P-05",
        (Domain.COST_CENTER, "concur", "21-BELL"): "CC-1001",
        (Domain.TAX_CODE, "concur", "JC1E"): "V19",
    }
    bound = bind(case(paper), known(bindings=bindings)).case
    (journal_bound,) = bound.report.journals
    assert (bound.legal_entity, bound.report.legal_entity_ref) == ("1000", "1000")
    assert bound.report.employee.employee_ref == "E-003"
    assert journal_bound.coding.account_ref == "474100"
    assert (journal_bound.coding.project_ref, journal_bound.coding.cost_center_ref) == ("P-05", "CC-1001")
    assert (journal_bound.coding.tax_code_ref, journal_bound.taxes[0].tax_code_ref) == ("V19", "V19")


def test_an_inactive_project_is_told_with_document_amount_and_remedy_and_awaited() -> None:
    verdict = bind(case(report(line(journal(project_ref="P-13"), line_number=2))), known())
    (failure,) = verdict.failures
    assert told(failure) == (
        "Project P-13 is inactive in the ERP: document 2026-0815 over 100.00 EUR cannot be posted. "
        "Reactivate P-13 in the ERP (the document is released by itself) or return it to concur for another one."
    )
    assert (verdict.hold, failure.field_path) == (Reason.MASTER_DATA, "lines.2.project")
    assert verdict.awaited == (Awaited(Domain.PROJECT, "1000", "P-13"),)


@pytest.mark.parametrize(
    ("starts", "ends", "is_usable"),
    [
        (date(2026, 10, 12), None, True),
        (date(2026, 10, 13), None, False),
        (None, date(2026, 10, 12), True),
        (None, date(2026, 10, 11), False),
    ],
)
def test_a_key_is_inactive_outside_its_validity_on_the_documents_date(
    starts: date | None, ends: date | None, *, is_usable: bool
) -> None:
    project = record(Domain.PROJECT, "P-20", valid_from=starts, valid_to=ends)
    verdict = bind(case(report(line(journal(project_ref="P-20")))), known(project))
    assert codes(verdict) == ([] if is_usable else [("inactive_master_data", "P-20")])


def test_without_a_document_date_the_day_of_approval_or_of_the_check_counts() -> None:
    project = record(Domain.PROJECT, "P-20", valid_from=date(2026, 10, 15))
    paper = report(line(journal(project_ref="P-20")), document_date=None)
    undated = report(line(journal(project_ref="P-20")), document_date=None, approved_at=None)
    assert codes(bind(case(paper), known(project))) == [("inactive_master_data", "P-20")]
    assert codes(bind(case(undated), known(project))) == []


def test_every_missing_key_is_told_once_with_its_first_place() -> None:
    unknown = {
        "account_ref": "1",
        "cost_center_ref": "2",
        "project_ref": "3",
        "taxes": (ExpenseTax("4", 10, 10),),
    }
    paper = report(
        line(journal(**unknown), line_number=1),  # type: ignore[arg-type]  # a factory's keywords
        line(journal(**unknown), line_number=2),  # type: ignore[arg-type]  # see above
        employee=Employee("0"),
    )
    verdict = bind(case(paper), known())
    assert codes(verdict) == [("missing_binding", number) for number in "01234"]
    titles = [failure.values["domain_title"] for failure in verdict.failures]
    assert titles == ["Employee", "Account", "Cost center", "Project", "Tax code"]
    assert [failure.field_path for failure in verdict.failures][1:] == [
        f"lines.1.{name}" for name in ("account", "cost_center", "project", "tax_code")
    ]
    assert "is not known in the ERP" in told(verdict.failures[0])
    assert len(verdict.awaited) == 5


def test_a_tax_that_is_not_reclaimed_is_part_of_the_cost_and_needs_no_code() -> None:
    assert codes(bind(case(report(line(journal(taxes=(ExpenseTax("SOLD", 100),))))), known())) == []


def test_an_employee_of_another_entity_is_not_known_in_this_one() -> None:
    stranger = record(Domain.EMPLOYEE, "E-004", "2000")
    assert codes(bind(case(report(employee=Employee("E-004"))), known(stranger))) == [("missing_binding", "E-004")]


def test_an_entity_that_the_erp_does_not_know_leaves_the_document_unplaced() -> None:
    verdict = bind(case(report(legal_entity_ref="9999"), legal_entity="unresolved"), known())
    assert codes(verdict) == [("unmapped_legal_entity", "9999")]
    assert "which the ERP does not know" in told(verdict.failures[0])
    assert (verdict.case.is_placed, verdict.awaited) == (False, (Awaited(Domain.LEGAL_ENTITY, "9999", "9999"),))


def test_a_document_without_an_entity_says_so() -> None:
    verdict = bind(case(report(legal_entity_ref=""), legal_entity="unresolved"), known())
    assert codes(verdict) == [("unmapped_legal_entity", "(not stated)")]
    assert verdict.awaited == ()


def test_an_inactive_entity_holds_the_document_in_its_own_place() -> None:
    closed = record(Domain.LEGAL_ENTITY, "1000", "1000", active=False)
    verdict = bind(case(legal_entity="unresolved"), known(closed))
    assert codes(verdict) == [("inactive_master_data", "1000")]
    assert verdict.case.legal_entity == "1000"


def accounts_of(expense_type: str, by_expense_type: dict[str, str], default: str = "") -> Verdict:
    paper = report(line(journal(account_ref=""), expense_type=expense_type))
    policy = {"accounts": {"by_expense_type": by_expense_type, "default": default}}
    return bind(case(paper), known(policy=policy))


def test_without_an_account_the_policy_for_the_expense_type_says_where_the_cost_goes() -> None:
    bound = accounts_of("MEALS", {"MEALS": "474130"}, "474100").case.report
    assert bound.journals[0].coding.account_ref == "474130"


def test_without_a_policy_for_the_type_the_default_account_bears_the_cost() -> None:
    assert accounts_of("MEALS", {}, "474100").case.report.journals[0].coding.account_ref == "474100"


def test_without_any_account_the_expense_type_itself_can_be_bound() -> None:
    verdict = accounts_of("MEALS", {})
    assert codes(verdict) == [("missing_binding", "MEALS")]
    assert verdict.awaited == (Awaited(Domain.GL_ACCOUNT, "1000", "MEALS"),)


def test_a_line_that_says_nothing_about_its_account_says_so() -> None:
    verdict = accounts_of("", {})
    assert codes(verdict) == [("missing_binding", "(not stated)")]
    assert "Account (not stated) of document" in told(verdict.failures[0])


def test_personal_spend_on_a_company_card_needs_no_account() -> None:
    card = journal(300, Payer.COMPANY_BILLED_CARD, account_ref="")
    owed = journal(-300, Payer.COMPANY, Payer.EMPLOYEE, account_ref="")
    assert codes(bind(case(report(line(card, owed, is_personal=True))), known())) == []


def test_cost_objects_of_another_entity_are_looked_up_there() -> None:
    abroad = record(Domain.COST_CENTER, "CC-2001", "2000")
    paper = report(line(journal(legal_entity_ref="2000", cost_center_ref="CC-2001")))
    verdict = bind(case(paper), known(abroad))
    assert codes(verdict) == []
    assert verdict.case.report.journals[0].coding.legal_entity_ref == "2000"


def test_another_name_for_the_own_entity_is_not_intercompany() -> None:
    paper = report(line(journal(legal_entity_ref="0021")))
    bindings = {(Domain.LEGAL_ENTITY, "concur", "0021"): "1000"}
    verdict = bind(case(paper), known(bindings=bindings))
    assert codes(verdict) == []
    assert verdict.case.report.journals[0].coding.legal_entity_ref == ""


def test_an_unknown_entity_of_a_cost_object_is_told() -> None:
    paper = report(line(journal(legal_entity_ref="8888", account_ref="474100")))
    assert codes(bind(case(paper), known())) == [("unmapped_legal_entity", "8888")]
