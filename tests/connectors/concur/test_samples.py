import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.canonical.expense import ExpenseJournal, ExpenseReport, ExpenseTax
from connectors.canonical.money import Money
from connectors.canonical.party import Payer
from connectors.concur.fields import Fields
from connectors.concur.handover import STREAMS, envelopes_of
from connectors.concur.listing import listing_of
from connectors.concur.translation import translation_of
from connectors.concur.wire import DocType
from connectors.contract import Document, Envelope
from tests.connectors.concur.documents import AT, exactly

REFERENCE_DATA = os.environ.get("TIEOUT_REFERENCE_DATA", "")
SAMPLES = sorted(Path(REFERENCE_DATA).glob("concur_samples/*.json")) if REFERENCE_DATA else []
EXAMPLES = [path.stem.rpartition("-")[2] for path in SAMPLES]
CENT = Decimal("0.01")

pytestmark = pytest.mark.skipif(not SAMPLES, reason="TIEOUT_REFERENCE_DATA names no folder with the public samples")


def sample(example: str) -> bytes:
    return SAMPLES[EXAMPLES.index(example)].read_bytes()


def envelopes_in(body: bytes) -> tuple[Envelope, ...]:
    items = listing_of(body, "fIDocuments").items
    return envelopes_of(items, STREAMS["expense_reports"], DocType.EXPENSE, source="concur", sent_at=AT)


def report_in(body: bytes) -> ExpenseReport:
    (envelope,) = envelopes_in(body)
    said = translation_of(envelope, Fields())
    assert isinstance(said, Document), said
    assert isinstance(said.content, ExpenseReport)
    return said.content


def document_in(body: bytes) -> Any:
    (document,) = exactly(body)["fIDocuments"]
    return document["document"]


def allocations_in(body: bytes) -> Iterator[Any]:
    for entry in document_in(body)["expenseEntry"]:
        yield from entry["allocation"]


def settled(report: ExpenseReport) -> list[ExpenseJournal]:
    return [each for line in report.lines if line.expense_type == "CASH_ADVANCE" for each in line.journals]


def spent(report: ExpenseReport) -> list[ExpenseJournal]:
    return [each for line in report.lines if line.expense_type != "CASH_ADVANCE" for each in line.journals]


def shown(journal: ExpenseJournal) -> tuple[Payer, Payer, int, str]:
    return journal.payer, journal.payee, journal.gross_minor, journal.coding.account_ref


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_amount_of_every_journal_is_kept_to_the_cent(example: str) -> None:
    body = sample(example)
    stated = [
        (journal["amountGross"], journal["amountNetOfReclaim"], journal["amountNetOfTax"])
        for allocation in allocations_in(body)
        for journal in allocation["journal"]
    ]
    read = [
        (journal.gross_minor * CENT, journal.net_of_reclaim_minor * CENT, journal.net_of_tax_minor * CENT)
        for journal in spent(report_in(body))
    ]
    assert read == stated


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_tax_is_kept_to_the_cent(example: str) -> None:
    body = sample(example)
    stated = [
        (tax["amountTax"], tax["amountReclaim"]) for allocation in allocations_in(body) for tax in allocation["tax"]
    ]
    read = [
        (tax.amount_minor * CENT, tax.reclaimable_minor * CENT)
        for journal in report_in(body).journals
        for tax in journal.taxes
    ]
    assert read == stated


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_journals_sum_to_the_approved_total(example: str) -> None:
    body = sample(example)
    report, stated = report_in(body), document_in(body)["report"].get("totalApprovedAmount")
    of_journals = sum(journal["amountGross"] for part in allocations_in(body) for journal in part["journal"])
    assert report.total.minor * CENT == (of_journals if stated is None else stated)
    assert report.total_is_stated is (stated is not None)
    assert sum(journal.gross_minor for journal in report.journals) == report.total.minor


@pytest.mark.parametrize("example", EXAMPLES)
def test_gross_is_net_and_reclaim_and_net_and_tax(example: str) -> None:
    for journal in report_in(sample(example)).journals:
        assert journal.gross_minor == journal.net_of_reclaim_minor + sum(tax.reclaimable_minor for tax in journal.taxes)
        assert journal.gross_minor == journal.net_of_tax_minor + sum(tax.amount_minor for tax in journal.taxes)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_settled_advance_takes_from_the_employee_what_it_gives_to_the_advance(example: str) -> None:
    body = sample(example)
    applied = [each["cashAdvanceApplicationAmount"] for each in document_in(body).get("cashAdvanceApplication") or []]
    journals = settled(report_in(body))
    assert [each.gross_minor * CENT for each in journals if each.payee is Payer.CASH_ADVANCE] == [
        -one for one in applied
    ]
    assert [each.gross_minor * CENT for each in journals if each.payer is Payer.EMPLOYEE] == applied


@pytest.mark.parametrize("example", EXAMPLES)
def test_who_when_and_what_are_named(example: str) -> None:
    body = sample(example)
    report, document = report_in(body), document_in(body)
    assert report.source_id == document["report"]["reportId"]
    assert report.document_number == str(document["report"]["reportKey"])
    assert report.employee.employee_ref == document["employee"]["employeeId"]
    assert report.legal_entity_ref
    assert report.document_date
    assert (report.approved_at is None) is (document["report"]["reportPaymentProcessingDate"] is None)
    assert all(journal.coding.account_ref for journal in report.journals)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_payload_is_the_document_byte_by_byte(example: str) -> None:
    body = sample(example)
    (envelope,) = envelopes_in(body)
    assert envelope.payload in body
    (document,) = exactly(body)["fIDocuments"]
    assert exactly(envelope.payload) == document
    assert (envelope.id, envelope.subject) == (document["id"], document["document"]["report"]["reportId"])


def test_partly_reclaimable_tax_of_two_authorities() -> None:
    report = report_in(sample("2.4"))
    (journal,) = report.journals
    assert report.total == Money(5500, "CAD")
    assert (journal.gross_minor, journal.net_of_reclaim_minor, journal.net_of_tax_minor) == (5500, 5183, 4868)
    assert journal.taxes == (ExpenseTax("SG", 243, 122), ExpenseTax("SG", 389, 195))
    assert (report.legal_entity_ref, journal.coding.cost_center_ref, journal.coding.project_ref) == (
        "4500",
        "70-AUT",
        "",
    )


def test_personal_spend_on_a_company_card_is_owed_by_the_employee() -> None:
    report = report_in(sample("6.2.3"))
    assert report.total == Money(70_000, "USD")
    assert [shown(journal) for journal in report.journals] == [
        (Payer.COMPANY, Payer.COMPANY_BILLED_CARD, 30_000, "123447262"),
        (Payer.EMPLOYEE, Payer.COMPANY, -30_000, "123447262"),
        (Payer.COMPANY, Payer.COMPANY_BILLED_CARD, 70_000, "1234"),
    ]


def test_a_refund_that_the_company_gets_back() -> None:
    report = report_in(sample("6.1.3"))
    assert report.total == Money(-34_900, "USD")
    assert [shown(journal) for journal in report.journals] == [(Payer.COMPANY_PAID, Payer.COMPANY, -34_900, "474230")]


def test_a_foreign_rate_that_divides_is_kept_as_it_was_written() -> None:
    lunch, dinner = report_in(sample("1.4")).lines
    assert (lunch.transaction_amount, lunch.transaction_currency, lunch.approved_minor) == ("24", "EUR", 2688)
    assert (dinner.exchange_rate, dinner.exchange_rate_divides) == ("0.89294902", True)


def test_an_allocation_to_another_company_names_it() -> None:
    own, other = report_in(sample("4.1")).lines[2].journals
    assert (own.coding.cost_center_ref, own.coding.legal_entity_ref) == ("21-BELLEV1", "")
    assert (other.coding.cost_center_ref, other.coding.legal_entity_ref) == ("1000", "BE01")
    assert other == replace(own, coding=other.coding)


def test_a_report_without_a_total_or_an_approval_is_read_as_it_is() -> None:
    report = report_in(sample("6.1.1"))
    assert (report.total, report.total_is_stated) == (Money(3000, "USD"), False)
    assert (report.approved_at, report.document_date) == (None, date(2016, 3, 24))
