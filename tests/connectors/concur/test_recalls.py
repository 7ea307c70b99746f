import pytest

from connectors.canonical.events import EventType
from connectors.contract import ConfirmationKind, Document, Page, Recall, ReceiptStatus
from tests.connectors.concur.conversation import confirmation, everything, taken_over, told
from tests.connectors.concur.documents import a_cash_advance, an_expense
from tests.connectors.concur.running_platform import Platform, source_at

K = ConfirmationKind


RECALLED = ReceiptStatus.RECALLED
FEED = "/v4/topics/financialintegration/events"


async def test_a_recall_between_page_and_acknowledgement_is_learned_from_the_receipt(platform: Platform) -> None:
    (doc_id,) = await platform.approve(an_expense())
    async with source_at(platform.url) as source:
        await source.pull("expense_reports", "", 25)
        await platform.recall(doc_id)
        assert told(await source.acknowledge([doc_id])) == [(doc_id, RECALLED)]


async def test_a_recall_before_the_confirmation_is_learned_from_the_receipt(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        await platform.recall(doc_id)
        assert told(await source.confirm([confirmation(doc_id)])) == [(doc_id, RECALLED)]
        assert told(await source.confirm([confirmation(doc_id, K.PAID)])) == [(doc_id, RECALLED)]


async def test_a_recall_after_the_confirmation_is_learned_from_the_payment_receipt(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        await source.confirm([confirmation(doc_id)])
        await platform.recall(doc_id)
        assert told(await source.confirm([confirmation(doc_id, K.PAID)])) == [(doc_id, RECALLED)]


@pytest.mark.parametrize("options", [{}, {"recall_events": FEED}])
@pytest.mark.parametrize("moment", ["ready", "acknowledged", "posted"])
async def test_a_recall_at_any_moment_is_a_document_of_its_own(
    platform: Platform, moment: str, options: dict[str, str]
) -> None:
    document = an_expense()
    (doc_id,) = await platform.approve(document)
    async with source_at(platform.url, **options) as source:
        if moment != "ready":
            await source.acknowledge([doc_id])
        if moment == "posted":
            await source.confirm([confirmation(doc_id)])
        await platform.recall(doc_id)
        envelopes = await everything(source, "recalls", limit=100)
        (envelope,) = [each for each in envelopes if each.id == f"recall/{doc_id}"]
        said = source.translate(envelope)
    report_id = document["document"]["report"]["reportId"]
    assert (envelope.type, envelope.subject) == (EventType.EXPENSE_REPORT_RECALLED, report_id)
    assert isinstance(said, Document)
    assert said.content == Recall("concur", report_id, doc_id, envelope.time)


@pytest.mark.parametrize("options", [{}, {"recall_events": FEED}])
async def test_recalls_of_cash_advances_and_of_many_pages_are_all_read(
    platform: Platform, options: dict[str, str]
) -> None:
    reports, advances = [an_expense() for _ in range(7)], [a_cash_advance() for _ in range(4)]
    ids = await platform.approve(*reports, *advances)
    await platform.recall(*ids)
    async with source_at(platform.url, **options) as source:
        envelopes = await everything(source, "recalls", limit=3)
    expected = [f"recall/{each}" for each in ids[:7]] + [f"recall/cashadvance/{each}" for each in ids[7:]]
    assert set(expected) <= {each.id for each in envelopes}
    assert not {f"recall/{each}" for each in ids[7:]} & {each.id for each in envelopes}


async def test_a_feed_of_events_goes_on_where_it_was_read_last(platform: Platform) -> None:
    first, second = await platform.approve(an_expense(), an_expense())
    async with source_at(platform.url, recall_events=FEED) as source:
        await platform.recall(first)
        page = await source.pull("recalls", "", 1000)
        assert isinstance(page, Page)
        await platform.recall(second)
        page = await source.pull("recalls", page.cursor, 1000)
        assert isinstance(page, Page)
        assert [each.id for each in page.envelopes] == [f"recall/{second}"]
        empty = await source.pull("recalls", page.cursor, 1000)
    assert empty == Page((), page.cursor, has_more=False)
