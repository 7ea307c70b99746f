"""What an engine says to the platform in the tests, in one call each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest
from starlette.types import Receive, Scope, Send

from connectors.canonical.money import Money
from connectors.contract import Confirmation, ConfirmationKind, Envelope, Page, Posting, Receipt, ReceiptStatus, Source
from connectors.twins.running import running_in_thread
from tests.connectors.concur.documents import Words, an_expense
from tests.connectors.concur.running_platform import Platform

K = ConfirmationKind


def posting(number: str = "0000000017") -> Posting:
    return Posting("erp", "1000", "2026", "EX", number, date(2026, 10, 15))


def confirmation(source_document_id: str, kind: ConfirmationKind = K.POSTED, **changed: str) -> Confirmation:
    return Confirmation(
        source_document_id,
        kind,
        postings=(posting(),) if kind is not K.RETURNED else (),
        messages=(changed["message"],) if "message" in changed else (),
        paid_on=date(2026, 10, 31) if kind not in {K.POSTED, K.RETURNED} else None,
        amount=Money(11_900, "EUR") if kind not in {K.POSTED, K.RETURNED} else None,
    )


def told(receipts: list[Receipt]) -> list[tuple[str, ReceiptStatus]]:
    return [(receipt.source_document_id, receipt.status) for receipt in receipts]


async def everything(source: Source, stream: str, *, limit: int = 25, is_acknowledged: bool = True) -> list[Envelope]:
    """Read a stream to its end as the engine does: a page, its acknowledgement, the next page."""
    envelopes: list[Envelope] = []
    cursor = ""
    for _ in range(200):
        page = await source.pull(stream, cursor, limit)
        assert isinstance(page, Page), page
        envelopes += page.envelopes
        if is_acknowledged:
            await source.acknowledge([envelope.id for envelope in page.envelopes])
        if not page.has_more:
            return envelopes
        cursor = page.cursor
    pytest.fail(f"{stream} has no end")


@asynccontextmanager
async def answering(body: bytes) -> AsyncIterator[str]:
    """Give the address of a platform that hands out tokens and answers everything else with this."""

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        is_token = scope["path"].startswith("/oauth2")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"access_token": "t"}' if is_token else body})

    with running_in_thread(app) as twin:
        yield twin.url


async def taken_over(platform: Platform, source: Source, document: Words | None = None) -> str:
    (doc_id,) = await platform.approve(document or an_expense())
    await source.acknowledge([doc_id])
    return doc_id
