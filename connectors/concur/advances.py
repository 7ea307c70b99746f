"""Cash advances: the document that issues one, and what a report settles of one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final  # a JSON value may be anything

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from connectors.canonical.money import Money
from connectors.canonical.party import Payer
from connectors.concur.check import currency_of
from connectors.concur.fields import Fields, Scopes, first_of
from connectors.concur.parties import PAYERS, employee_of
from connectors.concur.values import day_of, minor_of, moment_of, plain_of
from connectors.concur.wire import DocType, text_of

_Json = Mapping[str, Any]  # an object of the document

EXPENSE_TYPE: Final = "CASH_ADVANCE"
"""The platform has no expense type for it."""


def cash_advance_of(document: _Json, source_document_id: str, source_system: str, fields: Fields) -> ExpenseReport:
    """Return the cash advance of a document that passed `check`, as a report of one line."""
    employee, advance = document["document"]["employeeData"], document["document"]["cashAdvanceData"]
    scopes = (advance, employee, document)
    currency = currency_of(document, DocType.CASH_ADVANCE)
    line = _line_of(document["document"], scopes, currency, fields)
    return ExpenseReport(
        source_system=source_system,
        source_id=text_of(advance["cashAdvanceId"]),
        source_document_id=source_document_id,
        document_number=first_of(fields.document_number, scopes),
        legal_entity_ref=first_of(fields.legal_entity, scopes),
        employee=employee_of(employee, advance.get("countryCode")),
        total=Money(line.approved_minor, currency),
        approved_at=moment_of(advance.get("issuedDate")),
        document_date=day_of(advance.get("requestDate")) or day_of(advance.get("issuedDate")),
        title=text_of(advance.get("name")),
        service_from=day_of(advance.get("travelStartDate")),
        service_to=day_of(advance.get("travelEndDate")),
        is_test=advance.get("isTest") == "Y",
        total_is_stated=False,
        lines=(line,),
    )


def settlements_of(applications: Sequence[_Json], currency: str, *, first_number: int) -> Iterator[ExpenseLine]:
    """Yield a line for each part of a cash advance that a report settles.

    The journals of the expenses say what the employee is owed as if there were no advance. A settled part therefore
    credits the advance and charges the employee, both through the clearing account: the line sums to zero, as the
    platform's own journals for personal spend on a company card do.
    """
    for number, application in enumerate(applications, start=first_number):
        settled = -minor_of(application["cashAdvanceApplicationAmount"], currency)
        coding = Coding(account_ref=text_of(application.get("cashAdvanceClearingAccountCode")))
        yield ExpenseLine(
            line_number=number,
            line_ref=text_of(application["cashAdvanceId"]),
            expense_type=EXPENSE_TYPE,
            transaction_date=None,
            journals=(
                _journal(Payer.COMPANY, Payer.CASH_ADVANCE, settled, coding),
                _journal(Payer.EMPLOYEE, Payer.COMPANY, -settled, coding),
            ),
        )


def _line_of(content: _Json, scopes: Scopes, currency: str, fields: Fields) -> ExpenseLine:
    advance = content["cashAdvanceData"]
    journals = tuple(_issued(journal, scopes, currency, fields) for journal in content["journalData"])
    return ExpenseLine(
        line_number=1,
        line_ref=text_of(advance["cashAdvanceId"]),
        expense_type=EXPENSE_TYPE,
        transaction_date=day_of(advance.get("issuedDate")),
        description=text_of(advance.get("purpose")),
        approved_minor=sum(journal.gross_minor for journal in journals),
        transaction_amount=plain_of(advance.get("requestAmount")),
        transaction_currency=text_of(advance.get("currencyAlphaCode")),
        exchange_rate=plain_of(advance.get("exchangeRate")),
        journals=journals,
    )


def _issued(journal: _Json, scopes: Scopes, currency: str, fields: Fields) -> ExpenseJournal:
    coding = Coding(account_ref=first_of(fields.account, (journal, *scopes)))
    amount = minor_of(journal["amount"], currency)
    return _journal(PAYERS[journal["payer"]], PAYERS[journal["payee"]], amount, coding)


def _journal(payer: Payer, payee: Payer, amount: int, coding: Coding) -> ExpenseJournal:
    return ExpenseJournal(payer, payee, amount, amount, amount, coding)
