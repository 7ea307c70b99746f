from decimal import Decimal

import pytest

from connectors.canonical.money import Money
from connectors.concur.fields import Fields
from connectors.concur.translation import translation_of
from connectors.contract import Unreadable
from tests.connectors.concur.documents import (
    a_journal,
    a_tax,
    an_allocation,
    an_entry,
    an_expense,
    codes_of,
    envelope_with,
    refused,
    report_of,
    translated,
)

ENTRY = "document.expenseEntry.0"
JOURNAL = f"{ENTRY}.allocation.0.journal.0"


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        (f"{ENTRY}.entryApprovedAmount", an_entry(approved="about forty")),
        (f"{JOURNAL}.amountGross", an_entry(an_allocation(a_journal(amountGross=True)))),
        (f"{JOURNAL}.journalPayer", an_entry(an_allocation(a_journal(payer="CASH")))),
        (f"{ENTRY}.allocation", an_entry(allocation={})),
        (f"{ENTRY}.entryExchangeRateDirection", an_entry(entryExchangeRateDirection="X")),
        (f"{ENTRY}.entryDate", an_entry(entryDate="the other day")),
        (f"{ENTRY}.entryDate", an_entry(entryDate="2026-02-30T00:00:00.000Z")),
        (f"{ENTRY}.entryDate", an_entry(entryDate="0001-01-01T00:00:00.000+14:00")),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(path: str, changed: dict[str, object]) -> None:
    assert codes_of(translated(an_expense(changed))) == [("schema_violation", path)]


def test_a_missing_field_is_named_by_what_it_is_missing_from() -> None:
    document = an_expense()
    del document["document"]["expenseEntry"][0]["allocation"][0]["journal"][0]["amountGross"]
    (failure,) = refused(document).failures
    assert failure.values["problem"] == f'{JOURNAL}: "amountGross" is a required property'


def test_a_message_never_shows_the_value() -> None:
    (failure,) = refused(an_expense(employee={"employeeFirstName": ["planted-name"]})).failures
    assert "planted-name" not in repr(failure)


@pytest.mark.parametrize("currency", ["XQZ", "eur", "EURO", "XXX"])
def test_a_currency_that_is_none_is_refused(currency: str) -> None:
    said = refused(an_expense(report={"employeeCurrencyAlphaCode": currency}))
    assert [(failure.code, failure.values) for failure in said.failures] == [
        ("unknown_currency", {"currency": currency})
    ]


def test_every_amount_that_the_currency_cannot_hold_is_named_and_none_is_rounded() -> None:
    tax = a_tax(Decimal("1.005"), Decimal("0.0001"))
    allocation = an_allocation(a_journal(Decimal("119.001")), taxes=[tax])
    said = translated(an_expense(an_entry(allocation, approved=Decimal("0.001")), total=Decimal("1E+20")))
    assert set(codes_of(said)) == {
        ("inexact_amount", "document.report.totalApprovedAmount"),
        ("inexact_amount", f"{ENTRY}.entryApprovedAmount"),
        ("inexact_amount", f"{JOURNAL}.amountGross"),
        ("inexact_amount", f"{JOURNAL}.amountNetOfReclaim"),
        ("inexact_amount", f"{JOURNAL}.amountNetOfTax"),
        ("inexact_amount", f"{ENTRY}.allocation.0.tax.0.amountTax"),
        ("inexact_amount", f"{ENTRY}.allocation.0.tax.0.amountReclaim"),
    }


@pytest.mark.parametrize("rate", [Decimal("1E+999999"), Decimal("1E-999999")])
def test_a_rate_that_no_paper_could_hold_is_refused(rate: Decimal) -> None:
    said = translated(an_expense(an_entry(entryExchangeRate=rate)))
    assert codes_of(said) == [("inexact_amount", f"{ENTRY}.entryExchangeRate")]


def test_trailing_zeros_are_no_decimals() -> None:
    assert report_of(an_expense(total=Decimal("119.00000000"))).total == Money(11_900, "EUR")


def test_what_can_be_read_of_an_unreadable_document_is_kept() -> None:
    document = an_expense(total="a lot")
    said = refused(document)
    assert (said.source_id, said.source_document_id) == ("subject", document["id"])
    assert said.document_number == str(document["document"]["report"]["reportKey"])
    assert said.legal_entity_ref == "1000"


@pytest.mark.parametrize("payload", [b"[]", b"{}", b'{"document": []}', b'{"document": {"report": 7}}', b"<html>"])
def test_a_document_of_any_shape_is_unreadable_and_never_raises(payload: bytes) -> None:
    said = translation_of(envelope_with(payload), Fields())
    assert isinstance(said, Unreadable)
    assert (said.source_document_id, said.document_number) == ("d1", "")


def test_more_than_ten_violations_say_nothing_new() -> None:
    assert len(refused(an_expense(*[an_entry(approved="x") for _ in range(30)])).failures) == 10
