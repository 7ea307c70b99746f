"""The shape of a financial document: a report in the contract's names."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final  # a document is JSON

from connectors.twins.expense.sample_claims import Claim
from connectors.twins.expense.sample_group import ADVANCE_ACCOUNT, approver_of
from connectors.twins.expense.sample_report import Allocation, Application, Entry, Journal, Report, Tax
from connectors.twins.people import name_of

ORG_UNITS: Final = range(1, 7)

Words = dict[str, Any]


def expense_document(report: Report) -> Words:
    """Return the document of an expense report."""
    return {
        "employee": employee_words(report.claim),
        "report": _report_words(report),
        "expenseEntry": [_entry_words(report.claim, number, entry) for number, entry in enumerate(report.entries, 1)],
        "cashAdvanceApplication": [_application_words(application) for application in report.applications],
    }


def advance_document(claim: Claim, advance_id: str, amount: Decimal) -> Words:
    """Return the document of a cash advance that is paid out."""
    journal = {
        "accountCode": ADVANCE_ACCOUNT,
        "amount": amount,
        "payee": "EMPL",
        "payer": "COMP",
        "debitOrCredit": "DR",
        "paymentCode": "Cash",
    }
    return {
        "employeeData": employee_words(claim),
        "cashAdvanceData": _advance_words(claim, advance_id, amount),
        "journalData": [journal],
    }


def employee_words(claim: Claim) -> Words:
    """Return the employee of a claim."""
    first, last = name_of(claim.employee)
    return {
        "employeeId": f"E-{claim.employee:03d}",
        "employeeFirstName": first,
        "employeeLastName": last,
        "employeeMI": None,
        **_org_units("employee", claim.company.code, claim.home),
    }


def instant(at: datetime) -> str:
    """Return a moment as the platform writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def midnight(day: date) -> str:
    """Return a day as the platform writes it."""
    return f"{day.isoformat()}T00:00:00.000Z"


def _report_words(report: Report) -> Words:
    claim = report.claim
    approver, level = approver_of(claim.employee, report.total, claim.currency)
    return {
        "requestId": [],
        "reportId": report.report_id,
        "reportKey": claim.number,
        "reportName": report.name,
        "totalApprovedAmount": report.total,
        "isTest": "Y" if claim.is_test else "N",
        "ledgerCode": "DEFAULT",
        "reportStartDate": None,
        "reportEndDate": None,
        "employeeCurrencyAlphaCode": claim.currency,
        "payrollPayIndicator": "N",
        "payrollPaymentClearingAccountCode": None,
        "cashAdvanceReturnsAmount": report.returned,
        "revisionNumber": "1",
        "versionId": "4",
        "homeCountryCode": claim.company.country,
        "reportCreationDate": midnight(claim.day),
        "reportSubmitDate": instant(claim.submitted_at),
        "reportUserDefinedDate": midnight(claim.day),
        "reportPaymentProcessingDate": instant(claim.approved_at),
        "lastApproverId": approver,
        "reportCustom1Code": str(level),
        "reportCustom2Code": "EXCEPTION_APPROVED" if claim.number % 17 == 0 else "WITHIN_POLICY",
        **_org_units("report", claim.company.code, claim.home),
    }


def _entry_words(claim: Claim, number: int, entry: Entry) -> Words:
    return {
        "entryId": entry.guid,
        "legacyEntryId": claim.number * 100 + number,
        "entryDate": midnight(entry.day),
        "expenseTypeCode": entry.type.code,
        "expenseTypeName": entry.type.name,
        "entryDescription": None,
        "entryVendorCode": None,
        "entryVendorDescription": entry.vendor,
        "entryLocationName": None,
        "entryLocationCityName": None,
        "entryCountryCode": claim.company.country,
        "entryCountrySubCode": claim.company.region,
        "entryApprovedAmount": entry.approved,
        "reportEntryTransactionAmount": entry.approved if entry.spent is None else entry.spent,
        "entryCurrAlphaCode": entry.spent_currency or claim.currency,
        "entryExchangeRate": entry.rate,
        "entryExchangeRateDirection": entry.rate_direction,
        "entryReceiptType": "R",
        "entryReceiptId": None,
        "entryElectronicReceiptId": None,
        "entryIsPersonal": "Y" if entry.is_personal else "N",
        "entryIsBillable": "N",
        "reportEntryPatKey": entry.payment,
        "expensePayIndicator": "N",
        "offsetPayType": "N",
        "clearingAccountCode": entry.clearing_account,
        "liabilityAccountCode": None,
        "cardProgramTypeCode": None,
        **_card_words(claim, entry),
        "allocation": [_allocation_words(allocation) for allocation in entry.allocations],
    }


def _card_words(claim: Claim, entry: Entry) -> Words:
    has_card = entry.card_reference is not None
    gross = sum((journal.card or Decimal(0) for part in entry.allocations for journal in part.journals), Decimal(0))
    return {
        "cardAccountID": f"CARD-{claim.employee:03d}" if has_card else None,
        "cardTransactionID": entry.card_reference,
        "cardTransactionAmount": gross if has_card else None,
        "cardTransactionCurrency": claim.currency if has_card else None,
        "cardTransactionPostedAmount": gross if has_card else None,
        "cardTransactionPostedCurrency": claim.currency if has_card else None,
    }


def _allocation_words(allocation: Allocation) -> Words:
    taxes = {tax.guid: tax for journal in allocation.journals for tax in journal.taxes}
    return {
        "allocationId": allocation.guid,
        "allocationPercentage": allocation.percentage,
        "allocationCustom2Code": allocation.company,
        "allocationCustom4Code": allocation.cost_center,
        "allocationCustom5Code": allocation.project,
        "journal": [_journal_words(journal) for journal in allocation.journals],
        "tax": [_tax_words(tax) for tax in taxes.values()],
    }


def _journal_words(journal: Journal) -> Words:
    taxes: Sequence[Tax] = journal.taxes
    return {
        "journalAccountCode": journal.account,
        "journalPayer": journal.payer,
        "journalPayee": journal.payee,
        "amountGross": journal.gross,
        "amountNetOfReclaim": journal.gross - sum((tax.reclaimed for tax in taxes), Decimal(0)),
        "amountNetOfTax": journal.gross - sum((tax.amount for tax in taxes), Decimal(0)),
        "amountGrossCard": journal.card,
        "cardTransactionReferenceNumber": journal.card_reference,
        "taxGuid": [tax.guid for tax in taxes],
        "accountingTransactionType": None,
    }


def _tax_words(tax: Tax) -> Words:
    return {
        "taxGuid": tax.guid,
        "taxCode": tax.code,
        "taxReclaimCode": tax.code,
        "taxSource": "SYST",
        "taxAuthorityLabel": "VAT",
        "amountTax": tax.amount,
        "amountReclaim": tax.reclaimed,
        "locationCountryCode": tax.country,
        "locationCountrySubCode": None,
        "nonDomesticCode": None,
    }


def _application_words(application: Application) -> Words:
    return {
        "cashAdvanceId": application.advance_id,
        "cashAdvanceApplicationAmount": -application.amount,
        "cashAdvanceTransactionType": 2,
        "cashAdvanceClearingAccountCode": application.account,
    }


def _advance_words(claim: Claim, advance_id: str, amount: Decimal) -> Words:
    return {
        "cashAdvanceId": advance_id,
        "name": f"Advance {claim.number}",
        "purpose": None,
        "requestAmount": amount,
        "currencyAlphaCode": claim.currency,
        "currencyNumCode": None,
        "employeeCurrencyAlphaCode": claim.currency,
        "exchangeRate": 1,
        "requestDate": instant(claim.submitted_at),
        "issuedDate": instant(claim.approved_at),
        "transactionType": 1,
        "paymentMethod": 0,
        "expensePayIndicator": "N",
        "clearingAccountCode": ADVANCE_ACCOUNT,
        "countryCode": claim.company.country,
        "countrySubCode": None,
        "locationName": None,
        "isTest": "Y" if claim.is_test else "N",
        "travelStartDate": None,
        "travelEndDate": None,
        "requestedDisbursementDate": None,
    }


def _org_units(prefix: str, company: str, home: str) -> Words:
    codes = {2: company, 4: home}
    return {f"{prefix}OrgUnit{number}Code": codes.get(number) for number in ORG_UNITS} | {
        f"{prefix}OrgUnit{number}Value": None for number in ORG_UNITS
    }
