from dataclasses import replace

from connectors.canonical.expense import ExpenseTax
from connectors.canonical.money import Money
from control_plane.domain.transaction import Reason
from control_plane.flows.steps.validate import validate
from tests.control_plane.flows.factories import case, journal, known, line, report
from tests.control_plane.flows.sentences import told

TAX = ExpenseTax("V19", 1597, 1597)


def test_a_report_that_adds_up_passes() -> None:
    paper = report(line(journal(taxes=(TAX, ExpenseTax("V07", 100)))))
    assert validate(case(paper), known()).failures == ()


def test_a_total_that_its_lines_do_not_sum_to_is_named_with_both_sums() -> None:
    (failure,) = validate(case(report(total=Money(9999, "EUR"))), known()).failures
    assert "its lines sum to 100.00 EUR" in told(failure)


def test_an_amount_of_zero_is_a_document_like_any_other() -> None:
    assert validate(case(report(line(journal(0)))), known()).failures == ()


def test_a_negative_total_is_legitimate() -> None:
    assert validate(case(report(line(journal(-34900)))), known()).failures == ()


def test_a_report_without_lines_has_nothing_to_post() -> None:
    (failure,) = validate(case(replace(report(), lines=(), total=Money(0, "EUR"))), known()).failures
    assert "no line that could be posted" in told(failure)


def test_a_gross_that_is_not_net_and_reclaim_is_told_with_its_line() -> None:
    wrong = replace(journal(taxes=(TAX,)), net_of_reclaim_minor=8000)
    (failure,) = validate(case(report(line(wrong, line_number=3))), known()).failures
    assert "Line 3 of document 2026-0815" in told(failure)
    assert "gross 100.00 is not net of reclaim 80.00 plus reclaimable tax 15.97" in told(failure)
    assert failure.field_path == "lines.3.journals"


def test_every_sum_that_does_not_come_out_is_told() -> None:
    wrong = replace(journal(taxes=(TAX,)), net_of_reclaim_minor=8000, net_of_tax_minor=1)
    failures = validate(case(report(line(wrong), total=Money(1, "EUR"))), known()).failures
    assert [failure.code for failure in failures] == ["total_mismatch", "journal_mismatch", "journal_mismatch"]


def test_yen_are_told_without_decimals() -> None:
    wrong = replace(journal(500), net_of_tax_minor=400)
    (failure,) = validate(case(report(line(wrong), currency="JPY")), known()).failures
    assert "gross 500 is not net of tax 400 plus tax 0" in told(failure)


def test_a_test_document_ends_here_whatever_else_is_wrong() -> None:
    verdict = validate(case(report(is_test=True, total=Money(1, "XQQ"))), known())
    assert verdict.cancel is Reason.TEST_DOCUMENT
    assert "never reaches a productive ERP" in told(verdict.failures[0])


def test_a_currency_that_is_none_leaves_the_document_without_an_amount() -> None:
    for code in ("XQQ", "XXX", ""):
        verdict = validate(case(report(currency=code)), known())
        assert [failure.code for failure in verdict.failures] == ["unknown_currency"]
        assert verdict.case.report.total == Money(0, "XXX")
