import pytest

from connectors.contract import ConfirmationKind, ReceiptStatus
from connectors.failures import FailureKind
from tests.connectors.concur.conversation import answering, confirmation, taken_over, told
from tests.connectors.concur.documents import a_cash_advance, an_expense
from tests.connectors.concur.running_platform import NOBODY, Platform, source_at

K = ConfirmationKind


DONE, RECALLED, REFUSED, LATER = ReceiptStatus.DONE, ReceiptStatus.RECALLED, ReceiptStatus.REFUSED, ReceiptStatus.LATER


async def test_each_document_is_acknowledged_for_itself(platform: Platform) -> None:
    ready, again, recalled = await platform.approve(an_expense(), an_expense(), an_expense())
    (delayed,) = await platform.approve({**an_expense(), "docStatus": "DELAYED"})
    (advance,) = await platform.approve(a_cash_advance())
    await platform.recall(recalled)
    async with source_at(platform.url) as source:
        await source.acknowledge([again])
        ids = [ready, again, recalled, delayed, "never-heard-of", f"cashadvance/{advance}", advance]
        receipts = await source.acknowledge(ids)
    assert told(receipts) == list(zip(ids, [DONE, DONE, RECALLED, LATER, REFUSED, DONE, REFUSED], strict=True))
    assert await platform.status(ready) == await platform.status(advance) == "ACKNOWLEDGED"


async def test_nothing_to_acknowledge_needs_no_call() -> None:
    async with source_at(NOBODY) as source:
        assert await source.acknowledge([]) == []
        assert told(await source.acknowledge(["recall/d1"])) == [("recall/d1", DONE)]


@pytest.mark.parametrize("kind", ["swallow", "reset", "truncate", "garbage"])
async def test_an_acknowledgement_whose_answer_is_lost_is_said_again(platform: Platform, kind: str) -> None:
    (doc_id,) = await platform.approve(an_expense())
    async with source_at(platform.url) as source:
        await platform.strike(kind=kind, path="acknowledgements")
        assert told(await source.acknowledge([doc_id])) == [(doc_id, LATER)]
        assert told(await source.acknowledge([doc_id])) == [(doc_id, DONE)]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'[{"docId": 7}, null, {}]', b"[", b"<html>"])
async def test_an_answer_that_names_no_document_is_told_again(body: bytes) -> None:
    async with answering(body) as url, source_at(url) as source:
        receipts = await source.acknowledge(["d1"])
    assert told(receipts) == [("d1", LATER)]
    assert receipts[0].failure
    assert receipts[0].failure.kind is FailureKind.UNKNOWN


async def test_a_posting_is_confirmed_with_the_number_of_the_erp(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        assert told(await source.confirm([confirmation(doc_id)])) == [(doc_id, DONE)]
        assert told(await source.confirm([confirmation(doc_id)])) == [(doc_id, DONE)]
    said = (await platform.version(doc_id))["posting_confirmation"]
    (document,) = said["words"]["postingDocs"]
    assert said["code"] == "success"
    assert (document["companyId"], document["documentNumber"], document["fiscalYear"], document["postingDate"]) == (
        "1000",
        "0000000017",
        "2026",
        "2026-10-15",
    )


async def test_a_document_that_was_given_back_is_confirmed_as_failed_with_our_reasons(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        given_back = confirmation(doc_id, K.RETURNED, message="Project P-13 is inactive.")
        assert told(await source.confirm([given_back])) == [(doc_id, DONE)]
    said = (await platform.version(doc_id))["posting_confirmation"]
    assert (said["code"], said["words"]["postingDocs"]) == ("error", [])
    assert [each["messageShortText"] for each in said["words"]["systemMessages"]] == ["Project P-13 is inactive."]


async def test_a_payment_is_confirmed_once_with_its_exact_amount(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        early = await source.confirm([confirmation(doc_id, K.PAID)])
        both = await source.confirm([confirmation(doc_id, K.PAID), confirmation(doc_id)])
        again = await source.confirm([confirmation(doc_id, K.PAID)])
    assert told([*early, *both, *again]) == [(doc_id, LATER), (doc_id, DONE), (doc_id, DONE), (doc_id, DONE)]
    (payment,) = (await platform.version(doc_id))["payment_confirmations"]
    (detail,) = payment["words"]["clearingDetails"]
    assert (payment["code"], str(detail["clearingAmount"]), detail["clearingCurrency"]) == ("CP", "119.00", "EUR")
    assert detail["clearingReference"]["paymentRef"] == "1000/0000000017/2026/CP/2026-10-31"


async def test_part_payment_payment_and_reversal_of_one_document_in_one_call(platform: Platform) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        kinds = [K.POSTED, K.PARTIALLY_PAID, K.PAID, K.PAYMENT_REVERSED, K.OBSOLETE]
        receipts = await source.confirm([confirmation(doc_id, kind) for kind in kinds])
    assert told(receipts) == [(doc_id, DONE)] * 5
    assert await platform.status(doc_id) == "PAYMENT_CONFIRMED_OBSOLETE"


async def test_a_confirmation_before_its_acknowledgement_makes_up_for_it(platform: Platform) -> None:
    (doc_id,) = await platform.approve(an_expense())
    async with source_at(platform.url) as source:
        assert told(await source.confirm([confirmation(doc_id)])) == [(doc_id, LATER)]
        assert await platform.status(doc_id) == "ACKNOWLEDGED"
        assert told(await source.confirm([confirmation(doc_id)])) == [(doc_id, DONE)]


async def test_what_the_platform_does_not_take_is_refused_with_a_reason(platform: Platform) -> None:
    async with source_at(platform.url, system_id="somebody-else") as other:
        doc_id = await taken_over(platform, other)
    async with source_at(platform.url) as source:
        receipts = await source.confirm([confirmation("never-heard-of"), confirmation(doc_id)])
    assert told(receipts) == [("never-heard-of", REFUSED), (doc_id, REFUSED)]
    assert [each.failure and each.failure.values["problem"] for each in receipts] == [
        "DOCUMENT_NOT_FOUND, code 116",
        "FAILURE, code 99",
    ]


@pytest.mark.parametrize("kind", ["swallow", "reset", "truncate", "status", "html"])
async def test_a_confirmation_whose_answer_is_lost_is_said_again(platform: Platform, kind: str) -> None:
    async with source_at(platform.url) as source:
        doc_id = await taken_over(platform, source)
        await platform.strike(kind=kind, path="postingconfirmations")
        assert told(await source.confirm([confirmation(doc_id)])) == [(doc_id, LATER)]
        again = [told(await source.confirm([confirmation(doc_id)])) for _ in range(3)]
        assert again[-1] == [(doc_id, DONE)]  # a connection that was cut may take one more call to be noticed


async def test_a_platform_that_is_away_is_told_later() -> None:
    async with source_at(NOBODY) as source:
        receipts = await source.confirm([confirmation("d1"), confirmation("d2", K.PAID)])
    assert told(receipts) == [("d1", LATER), ("d2", LATER)]
    assert {each.failure and each.failure.code for each in receipts} == {"connection_refused"}
