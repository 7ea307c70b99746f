from dataclasses import replace
from datetime import date

import pytest

from connectors.canonical.master_data import MasterRecord
from connectors.canonical.money import Money
from connectors.contract import Document, Page, Payment, PaymentStatus, PostingLine, Reversal
from tests.connectors.tryton.running import TrytonHarness, an_intent
from tests.suites.connector import posting_in

pytestmark = pytest.mark.tryton

PAID_ON = date(2026, 10, 31)


async def swept(outside: TrytonHarness, stream: str, cursor: str = "") -> tuple[list[Document], str]:
    documents: list[Document] = []
    for _ in range(20):
        page = await outside.source.pull(stream, cursor, 400)
        assert isinstance(page, Page), page
        for said in [outside.source.translate(envelope) for envelope in page.envelopes]:
            assert isinstance(said, Document), said
            documents.append(said)
        cursor = page.cursor
        if not page.has_more:
            return documents, cursor
    pytest.fail(f"{stream} has no end")


async def records(outside: TrytonHarness, stream: str) -> dict[tuple[str, str], MasterRecord]:
    documents, _ = await swept(outside, stream)
    known = [each.content for each in documents if isinstance(each.content, MasterRecord)]
    return {(record.legal_entity, record.code): record for record in known}


async def payments(outside: TrytonHarness, cursor: str, reference: str) -> tuple[list[Payment], str]:
    documents, cursor = await swept(outside, "payments", cursor)
    told = [each.content for each in documents if isinstance(each.content, Payment)]
    return [payment for payment in told if payment.reference == reference], cursor


async def test_every_list_says_what_a_posting_must_fit_inactive_records_included(outside: TrytonHarness) -> None:
    lists = {stream: await records(outside, stream) for stream in outside.source.streams if stream != "payments"}
    sizes = {stream: len(each) for stream, each in lists.items()}
    assert sizes.pop("payment_term") >= 3
    assert sizes == {
        "legal_entity": 3,
        "gl_account": 72,
        "cost_center": 24,
        "project": 120,
        "tax_code": 10,
        "employee": 500,
        "approval_hierarchy": 500,
        "period": 396,
    }
    assert not lists["gl_account"]["1000", "474999"].active
    assert lists["gl_account"]["1000", "331000"].attributes == {"kind": "payable", "party": "required"}
    assert not lists["period"]["3000", "2025-12"].active
    assert lists["period"]["1000", "2018-02"].attributes["end"] == "2018-02-28"
    assert lists["approval_hierarchy"]["1000", "E-003"].attributes["manager"] == "E-000"
    assert not lists["project"]["1000", "P-13"].active
    assert lists["project"]["1000", "P-12"].active
    assert lists["legal_entity"]["", "2000"].attributes == {
        "currency": "CHF",
        "time_zone": "Europe/Zurich",
        "country": "CH",
    }
    assert lists["tax_code"]["2000", "C81"].attributes == {"rate": "8.1"}


async def test_a_project_that_was_switched_off_comes_with_the_next_reading(outside: TrytonHarness) -> None:
    _, cursor = await swept(outside, "project")
    await outside.act(lambda admin: admin.set_project_active("P-21", active=False))
    documents, _ = await swept(outside, "project", cursor)
    await outside.act(lambda admin: admin.set_project_active("P-21", active=True))
    switched = [each.content for each in documents if isinstance(each.content, MasterRecord)]
    found = {record.legal_entity: record.active for record in switched if record.code == "P-21"}
    assert found == {"1000": False, "2000": False, "3000": False}


async def test_a_payment_is_told_once_it_was_made_and_again_when_it_is_taken_back(outside: TrytonHarness) -> None:
    intent = an_intent(amount=11_955)
    (outcome,) = await outside.target.post([intent])
    number = posting_in(outcome).number
    owed, cursor = await payments(outside, "", intent.reference)
    await outside.act(lambda admin: admin.pay("1000", number, PAID_ON))
    paid, cursor = await payments(outside, cursor, intent.reference)
    await outside.act(lambda admin: admin.take_back_payment("1000", number))
    returned, _ = await payments(outside, cursor, intent.reference)
    amount = Money(11_955, "EUR")
    expected = Payment(intent.reference, intent.source_document, number, PaymentStatus.PAID, amount, PAID_ON)
    assert owed == []
    assert paid == [expected]
    assert [(each.status, each.amount) for each in returned] == [(PaymentStatus.REVERSED, amount)]


async def test_a_document_with_two_payees_is_partially_paid_between_them(outside: TrytonHarness) -> None:
    costs = PostingLine("474120", debit_minor=300)
    owed = (PostingLine("331000", credit_minor=100, party="E-003"), PostingLine("332000", credit_minor=200))
    intent = replace(an_intent(), lines=(costs, *owed))
    (outcome,) = await outside.target.post([intent])
    await outside.act(lambda admin: admin.pay("1000", posting_in(outcome).number, PAID_ON, account="332000"))
    (half,), cursor = await payments(outside, "", intent.reference)
    await outside.act(lambda admin: admin.pay("1000", posting_in(outcome).number, PAID_ON))
    (whole,), _ = await payments(outside, cursor, intent.reference)
    assert (half.status, half.amount) == (PaymentStatus.PARTIAL, Money(200, "EUR"))
    assert (whole.status, whole.amount) == (PaymentStatus.PAID, Money(300, "EUR"))


async def test_a_payment_in_another_currency_is_told_in_the_documents_own(outside: TrytonHarness) -> None:
    intent = an_intent(amount=11_907, company="2000")
    (outcome,) = await outside.target.post([intent])
    await outside.act(lambda admin: admin.pay("2000", posting_in(outcome).number, PAID_ON))
    (paid,), _ = await payments(outside, "", intent.reference)
    assert paid.amount == Money(11_907, "EUR")


async def test_a_reversed_document_is_not_paid(outside: TrytonHarness) -> None:
    intent = an_intent()
    (outcome,) = await outside.target.post([intent])
    reversal = Reversal(intent.reference, posting_in(outcome), intent.posting_date, "Recalled")
    await outside.target.reverse([reversal])
    told, _ = await payments(outside, "", intent.reference)
    assert told == []


async def test_a_stream_that_tryton_does_not_have_is_our_own_mistake(outside: TrytonHarness) -> None:
    with pytest.raises(LookupError, match="did you mean 'project'"):
        await outside.source.pull("projects", "", 10)
