from datetime import UTC, datetime, timedelta

import pytest

from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseReport
from connectors.canonical.money import Money
from connectors.concur.connector import UnknownStreamError
from connectors.contract import ConfirmationKind, Document, Page, ReceiptStatus, Unreadable
from connectors.failures import Failure, FailureKind
from tests.connectors.concur.conversation import answering, confirmation, everything, told
from tests.connectors.concur.documents import a_cash_advance, an_expense
from tests.connectors.concur.running_platform import DRIFTED, RENAMED, Platform, source_at
from tests.suites.connector import SourceSuite

K = ConfirmationKind
DONE, LATER = ReceiptStatus.DONE, ReceiptStatus.LATER


class TestTheExpensePlatformAsSource(SourceSuite):
    pass


async def test_pages_that_move_up_while_they_are_acknowledged_skip_nothing(platform: Platform) -> None:
    ids = await platform.approve(*[an_expense() for _ in range(23)])
    async with source_at(platform.url) as source:
        assert [each.id for each in await everything(source, "expense_reports", limit=5)] == ids
        assert await everything(source, "expense_reports") == []


async def test_documents_that_are_never_acknowledged_hold_nobody_up(platform: Platform) -> None:
    ids = await platform.approve(*[an_expense() for _ in range(12)])
    async with source_at(platform.url) as source:
        envelopes = await everything(source, "expense_reports", limit=5, is_acknowledged=False)
    assert sorted({each.id for each in envelopes}) == sorted(ids)


async def test_a_page_is_never_larger_than_the_connection_says(platform: Platform) -> None:
    await platform.approve(*[an_expense() for _ in range(4)])
    async with source_at(platform.url, page_size="3") as source:
        page = await source.pull("expense_reports", "", 200)
    assert isinstance(page, Page)
    assert len(page.envelopes) == 3


async def test_an_envelope_names_document_business_object_and_approval(platform: Platform) -> None:
    document = an_expense()
    (doc_id,) = await platform.approve(document)
    async with source_at(platform.url) as source:
        (envelope,) = await everything(source, "expense_reports")
        said = source.translate(envelope)
    assert (envelope.id, envelope.source, envelope.type) == (doc_id, "concur", EventType.EXPENSE_REPORT_APPROVED)
    assert envelope.subject == document["document"]["report"]["reportId"]
    assert envelope.time.isoformat() == "2026-10-14T16:20:00.500000+00:00"
    assert isinstance(said, Document)
    assert isinstance(said.content, ExpenseReport)
    assert said.content.total == Money(11_900, "EUR")


async def test_a_resubmission_is_another_document_of_the_same_business_object(platform: Platform) -> None:
    first = an_expense()
    second = {**an_expense(total=100), "document": first["document"]}
    ids = await platform.approve(first)
    async with source_at(platform.url) as source:
        (before,) = await everything(source, "expense_reports")
        ids += await platform.approve(second)
        (after,) = await everything(source, "expense_reports")
    assert [before.id, after.id] == ids
    assert before.subject == after.subject


async def test_cash_advances_have_a_stream_and_ids_of_their_own(platform: Platform) -> None:
    document = a_cash_advance()
    (doc_id,) = await platform.approve(document)
    async with source_at(platform.url) as source:
        (envelope,) = await everything(source, "cash_advances")
        said = source.translate(envelope)
        receipts = await source.confirm([confirmation(envelope.id), confirmation(envelope.id, K.PAID)])
    assert envelope.id == f"cashadvance/{doc_id}"
    assert isinstance(said, Document)
    assert isinstance(said.content, ExpenseReport)
    assert said.content.source_id == document["document"]["cashAdvanceData"]["cashAdvanceId"]
    assert told(receipts) == [(envelope.id, DONE)] * 2
    assert await platform.status(doc_id) == "PAYMENT_CONFIRMED_SUCCESS"


async def test_a_stream_that_nobody_has_is_our_own_mistake(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        with pytest.raises(UnknownStreamError, match=r"did you mean 'expense_reports'\?"):
            await source.pull("expense_report", "", 25)


@pytest.mark.parametrize("kind", ["swallow", "truncate", "garbage", "html", "status"])
async def test_a_page_that_is_lost_on_its_way_is_a_failure_and_read_again(platform: Platform, kind: str) -> None:
    ids = await platform.approve(an_expense())
    async with source_at(platform.url) as source:
        await platform.strike(kind=kind, path="transactions$")
        lost = await source.pull("expense_reports", "", 25)
        assert isinstance(lost, Failure)
        assert lost.kind is FailureKind.UNKNOWN
        assert [each.id for each in await everything(source, "expense_reports")] == ids


async def test_a_path_that_moved_elsewhere_is_a_failure(platform: Platform) -> None:
    async with source_at(platform.url, recall_events="/v4/nowhere") as source:
        failure = await source.pull("recalls", "", 25)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.values["problem"]) == ("unreadable_document", "status 404")


async def test_an_answer_without_its_list_is_told_to_the_integration_team(platform: Platform) -> None:
    documents = "/financialintegration/fi/v4/companies/transactiontypes/expense/transactions"
    async with source_at(platform.url, recall_events=documents) as source:
        failure = await source.pull("recalls", "", 25)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.CONTRACT
    assert failure.values["problem"] == "the answer has no list 'events'"


async def test_a_document_without_a_moment_of_approval_came_when_it_was_sent(platform: Platform) -> None:
    await platform.approve(an_expense(report={"reportPaymentProcessingDate": "soon"}))
    async with source_at(platform.url) as source:
        (envelope,) = await everything(source, "expense_reports")
    assert abs(datetime.now(UTC) - envelope.time) < timedelta(seconds=30)


async def test_a_document_without_an_id_is_named_by_its_bytes_and_still_a_document() -> None:
    nameless = b'{"content": [{"id": null, "document": 7}, {"id": "\\u0000"}], "links": []}'
    async with answering(nameless) as url, source_at(url) as source:
        page = await source.pull("expense_reports", "", 25)
        assert isinstance(page, Page)
        said = [source.translate(envelope) for envelope in page.envelopes]
    assert len({envelope.id for envelope in page.envelopes}) == 2
    assert {envelope.id[:7] for envelope in page.envelopes} == {"sha256-"}
    assert {type(each) for each in said} == {Unreadable}


async def test_a_field_that_was_renamed_makes_documents_unreadable_and_stops_nobody(platform: Platform) -> None:
    await platform.approve(an_expense(), an_expense())
    await platform.reach("PATCH", "settings", {"renamed_fields": {DRIFTED: RENAMED}})
    async with source_at(platform.url) as source:
        envelopes = await everything(source, "expense_reports")
        said = [source.translate(each) for each in envelopes]
    assert len(said) == 2
    assert {type(each).__name__ for each in said} == {"Unreadable"}


async def test_a_token_that_was_revoked_is_renewed_once(platform: Platform) -> None:
    await platform.approve(an_expense())
    async with source_at(platform.url) as source:
        await source.pull("expense_reports", "", 25)
        await platform.reach("DELETE", "tokens")
        page = await source.pull("expense_reports", "", 25)
        assert isinstance(page, Page)
        await platform.reach("DELETE", "tokens")
        assert told(await source.acknowledge([page.envelopes[0].id])) == [(page.envelopes[0].id, DONE)]


async def test_a_wrong_secret_is_a_failure_that_pauses_the_connection(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        await platform.reach("PATCH", "settings", {"client_secret": "another-one"})
        failure = await source.pull("expense_reports", "", 25)
        receipts = await source.acknowledge(["d1"])
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.AUTH
    assert [(each.status, each.failure and each.failure.kind) for each in receipts] == [(LATER, FailureKind.AUTH)]


@pytest.mark.parametrize(("header", "least", "most"), [("7", 7, 7), ("http-date", 1, 2), ("-5", 1, 1), ("9e9", 0, 0)])
async def test_a_limit_says_how_long_to_wait(platform: Platform, header: str, least: float, most: float) -> None:
    async with source_at(platform.url) as source:
        await source.pull("expense_reports", "", 25)
        await platform.strike(kind="too_many", retry_after=header, path="transactions")
        failure = await source.pull("expense_reports", "", 25)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.RATE_LIMITED
    assert least <= (failure.retry_after_seconds or 0) <= most
