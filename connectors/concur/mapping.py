"""The platform's expense report in our words. Pure: what passed `check` translates without loss."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final  # a JSON value may be anything

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport, ExpenseTax
from connectors.canonical.money import Money
from connectors.concur.advances import settlements_of
from connectors.concur.check import currency_of
from connectors.concur.fields import Fields, Scopes, first_of
from connectors.concur.parties import PAYERS, approvers_of, employee_of
from connectors.concur.taxes import taxes_of
from connectors.concur.values import day_of, minor_of, moment_of, plain_of
from connectors.concur.wire import DocType, text_of

_Json = Mapping[str, Any]  # an object of the document

_DOCUMENT_DATES: Final = ("reportUserDefinedDate", "reportSubmitDate", "reportCreationDate")


def expense_report_of(document: _Json, source_document_id: str, source_system: str, fields: Fields) -> ExpenseReport:
    """Return the expense report of a document that passed `check`."""
    employee, report = document["document"]["employee"], document["document"]["report"]
    scopes = (report, employee, document)
    currency = currency_of(document, DocType.EXPENSE)
    lines = _lines_of(document["document"], scopes, currency, fields)
    days = sorted(line.transaction_date for line in lines if line.transaction_date)
    stated = report.get("totalApprovedAmount")
    return ExpenseReport(
        source_system=source_system,
        source_id=text_of(report["reportId"]),
        source_document_id=source_document_id,
        document_number=first_of(fields.document_number, scopes),
        legal_entity_ref=first_of(fields.legal_entity, scopes),
        employee=employee_of(employee, report.get("homeCountryCode")),
        total=Money(_sum_of(lines) if stated is None else minor_of(stated, currency), currency),
        approved_at=moment_of(report.get("reportPaymentProcessingDate")),
        document_date=_first_day(report, _DOCUMENT_DATES),
        title=text_of(report.get("reportName")),
        approvers=approvers_of(scopes, fields),
        policy_status=first_of(fields.policy_status, scopes),
        travel_permit_ref=_travel_permits(report.get("requestId")),
        service_from=day_of(report.get("reportStartDate")) or next(iter(days), None),
        service_to=day_of(report.get("reportEndDate")) or next(reversed(days), None),
        is_test=report.get("isTest") == "Y",
        total_is_stated=stated is not None,
        lines=lines,
    )


def _lines_of(content: _Json, scopes: Scopes, currency: str, fields: Fields) -> tuple[ExpenseLine, ...]:
    entries: Sequence[_Json] = content["expenseEntry"]
    spent = [_line_of(number, entry, scopes, currency, fields) for number, entry in enumerate(entries, start=1)]
    settled = settlements_of(content.get("cashAdvanceApplication") or (), currency, first_number=len(spent) + 1)
    return (*spent, *settled)


def _line_of(number: int, entry: _Json, scopes: Scopes, currency: str, fields: Fields) -> ExpenseLine:
    journals = tuple(_journals_of(entry, scopes, currency, fields))
    return ExpenseLine(
        line_number=number,
        line_ref=text_of(entry["entryId"]),
        expense_type=text_of(entry.get("expenseTypeCode")),
        transaction_date=day_of(entry.get("entryDate")),
        description=text_of(entry.get("entryDescription")),
        merchant=first_of(("entryVendorDescription", "entryVendorCode"), (entry,)),
        approved_minor=minor_of(entry["entryApprovedAmount"], currency),
        transaction_amount=plain_of(entry.get("reportEntryTransactionAmount")),
        transaction_currency=text_of(entry.get("entryCurrAlphaCode")),
        exchange_rate=plain_of(entry.get("entryExchangeRate")),
        exchange_rate_divides=entry.get("entryExchangeRateDirection") == "D",
        is_personal=entry.get("entryIsPersonal") == "Y",
        receipt_ref=first_of(("entryElectronicReceiptId", "entryReceiptId"), (entry,)),
        card_transaction_ref=_card_transaction(entry),
        journals=journals,
    )


def _journals_of(entry: _Json, scopes: Scopes, currency: str, fields: Fields) -> Iterator[ExpenseJournal]:
    for allocation in entry["allocation"]:
        taxes = taxes_of(allocation, currency, fields)
        for journal, borne in zip(allocation["journal"], taxes, strict=True):
            found = _coding_of((journal, allocation, entry, *scopes), borne, fields)
            coding = Coding(found.account_ref) if entry.get("entryIsPersonal") == "Y" else found
            yield _journal_of(journal, borne, coding, currency)


def _journal_of(journal: _Json, taxes: tuple[ExpenseTax, ...], coding: Coding, currency: str) -> ExpenseJournal:
    gross = minor_of(journal["amountGross"], currency)
    net_of_reclaim, net_of_tax = journal.get("amountNetOfReclaim"), journal.get("amountNetOfTax")
    reclaimed, taxed = sum(tax.reclaimable_minor for tax in taxes), sum(tax.amount_minor for tax in taxes)
    return ExpenseJournal(
        payer=PAYERS[journal["journalPayer"]],
        payee=PAYERS[journal["journalPayee"]],
        gross_minor=gross,
        net_of_reclaim_minor=gross - reclaimed if net_of_reclaim is None else minor_of(net_of_reclaim, currency),
        net_of_tax_minor=gross - taxed if net_of_tax is None else minor_of(net_of_tax, currency),
        coding=coding,
        taxes=taxes,
    )


def _coding_of(scopes: Scopes, taxes: Sequence[ExpenseTax], fields: Fields) -> Coding:
    entity, own = first_of(fields.cost_object_entity, scopes), first_of(fields.legal_entity, scopes)
    codes = {tax.tax_code_ref for tax in taxes}
    return Coding(
        account_ref=first_of(fields.account, scopes),
        cost_center_ref=first_of(fields.cost_center, scopes),
        project_ref=first_of(fields.project, scopes),
        tax_code_ref=codes.pop() if len(codes) == 1 else "",
        legal_entity_ref=entity if entity != own else "",
    )


def _sum_of(lines: Sequence[ExpenseLine]) -> int:
    return sum(journal.gross_minor for line in lines for journal in line.journals)


def _first_day(report: _Json, names: Sequence[str]) -> date | None:
    return next((day for name in names if (day := day_of(report.get(name)))), None)


def _travel_permits(value: object) -> str:
    """Return the travel requests of a report, which may be one, several or none."""
    permits = value if isinstance(value, list) else [value]
    return " ".join(text for permit in permits if (text := text_of(permit)))


def _card_transaction(entry: _Json) -> str:
    journals = tuple(journal for allocation in entry["allocation"] for journal in allocation["journal"])
    return first_of(("cardTransactionID", "cardTransactionReferenceNumber"), (entry, *journals))
