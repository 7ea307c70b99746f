"""What a corrected report says, and what is no correction."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport, ExpenseTax
from connectors.canonical.money import Money
from connectors.canonical.party import Employee, Payer
from control_plane.domain.correction import TWO_PERSONS, Change, FieldClass
from control_plane.flows import FLOWS
from control_plane.flows.corrections import (
    NAMES,
    OutdatedValueError,
    UncorrectableError,
    classes_of,
    corrected,
    fields_of,
)
from control_plane.flows.expense_report import EXPENSE_REPORT

CORRECTABLE = EXPENSE_REPORT.policy.correctable


def journal(project: str, tax: str = "V19") -> ExpenseJournal:
    coding = Coding(account_ref="6400", cost_center_ref="CC1", project_ref=project)
    return ExpenseJournal(Payer.COMPANY, Payer.EMPLOYEE, 5_000, 5_000, 4_500, coding, (ExpenseTax(tax, 500),))


REPORT = ExpenseReport(
    source_system="concur",
    source_id="R1",
    source_document_id="R1-1",
    document_number="R1",
    legal_entity_ref="DE01",
    employee=Employee("E1", "Somebody"),
    total=Money(15_000, "EUR"),
    approved_at=None,
    document_date=None,
    title="Trip",
    lines=(
        ExpenseLine(1, "L1", "TRAIN", None, "Train", journals=(journal("P1"), journal("P2"))),
        ExpenseLine(2, "L2", "HOTEL", None, "Hotel", journals=(journal("P1"),)),
    ),
)


def said(report: ExpenseReport, path: str) -> list[str]:
    return [one.value for one in fields_of(report, CORRECTABLE) if one.path == path]


def test_every_field_that_may_be_corrected_has_a_place_in_the_document() -> None:
    assert all(set(flow.policy.correctable) <= NAMES for flow in FLOWS)
    assert {one.path for one in fields_of(REPORT, CORRECTABLE)} >= {"title", "total", "employee", "lines.2.tax_code"}


def test_a_value_is_replaced_where_it_stands_and_nowhere_else() -> None:
    after = corrected(REPORT, [Change("lines.1.project", "P1", "P9")])
    assert (said(after, "lines.1.project"), said(after, "lines.2.project")) == (["P9", "P2"], ["P1"])
    assert replace(after, lines=()) == replace(REPORT, lines=())


@pytest.mark.parametrize(
    "change",
    [
        Change("title", "Trip", "Trip to Porto"),
        Change("document_date", "", "2026-03-02"),
        Change("employee", "E1", "E2"),
        Change("total", "150.00", "149.99"),
        Change("lines.1.description", "Train", "Tram"),
        Change("lines.1.account", "6400", "6500"),
        Change("lines.2.cost_center", "CC1", ""),
        Change("lines.1.tax_code", "V19", "V7"),
    ],
)
def test_each_field_is_read_back_as_it_was_written(change: Change) -> None:
    assert said(corrected(REPORT, [change]), change.path) == [change.after]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Change("legal_entity", "DE01", "FR02"), UncorrectableError),
        (Change("lines.1", "", "x"), UncorrectableError),
        (Change("lines.1.project.x", "P1", "x"), UncorrectableError),
        (Change("lines.7.project", "P1", "x"), UncorrectableError),
        (Change("lines.1.project", "P1", "P1"), UncorrectableError),
        (Change("title", "Trip", "x" * 501), UncorrectableError),
        (Change("employee", "E1", " "), UncorrectableError),
        (Change("document_date", "", "2026-02-31"), UncorrectableError),
        (Change("total", "150.00", "150.001"), UncorrectableError),
        (Change("total", "150.00", "NaN"), UncorrectableError),
        (Change("total", "15000", "1.00"), OutdatedValueError),
        (Change("lines.1.project", "P7", "P1"), OutdatedValueError),
    ],
)
def test_what_is_no_correction_is_refused(change: Change, error: type[ValueError]) -> None:
    with pytest.raises(error):
        corrected(REPORT, [change])


def test_an_amount_without_a_currency_cannot_be_corrected() -> None:
    strange = replace(REPORT, total=Money(0, "QQQ"))
    assert said(strange, "total") == []
    with pytest.raises(OutdatedValueError):
        corrected(strange, [Change("total", "0", "1")])


def test_bank_amount_and_tax_are_never_one_persons() -> None:
    alone = {name for name, touched in CORRECTABLE.items() if touched not in TWO_PERSONS}
    assert alone == {
        "title",
        "document_date",
        "lines.description",
        "lines.account",
        "lines.cost_center",
        "lines.project",
    }


def test_several_changes_touch_all_of_their_classes() -> None:
    changes = [Change("title", "Trip", "x"), Change("lines.2.tax_code", "V19", "V7")]
    assert classes_of(changes, CORRECTABLE) == {FieldClass.FREE, FieldClass.TAX}
    with pytest.raises(UncorrectableError):
        classes_of([Change("total", "150.00", "1.00")], {"title": FieldClass.FREE})


@given(st.lists(st.tuples(st.sampled_from(["P1", "P2", "P3"]), st.sampled_from(["P1", "P2", "P3"])), max_size=6))
def test_what_was_corrected_stays_a_report_of_the_same_worth(steps: list[tuple[str, str]]) -> None:
    report = REPORT
    for before, after in steps:
        try:
            report = corrected(report, [Change("lines.1.project", before, after)])
        except (OutdatedValueError, UncorrectableError):
            continue
    assert (report.total, len(report.journals), report.employee) == (REPORT.total, 3, REPORT.employee)
