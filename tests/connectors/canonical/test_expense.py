from datetime import UTC, datetime

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from connectors.canonical.money import Money
from connectors.canonical.party import Employee, Payer


def a_journal(gross: int) -> ExpenseJournal:
    return ExpenseJournal(Payer.COMPANY, Payer.EMPLOYEE, gross, gross, gross, Coding())


def test_a_report_gives_the_journals_of_its_lines_in_order() -> None:
    lines = (
        ExpenseLine(1, "a", "hotel", None, journals=(a_journal(1), a_journal(2))),
        ExpenseLine(2, "b", "meal", None),
        ExpenseLine(3, "c", "taxi", None, journals=(a_journal(3),)),
    )
    report = ExpenseReport(
        source_system="concur",
        source_id="R-1",
        source_document_id="D-1",
        document_number="R-1",
        legal_entity_ref="1000",
        employee=Employee("E-003"),
        total=Money(6, "EUR"),
        approved_at=datetime(2026, 10, 15, tzinfo=UTC),
        document_date=None,
        lines=lines,
    )
    assert [journal.gross_minor for journal in report.journals] == [1, 2, 3]
