"""What every connector must pass, against the running outside that its harness starts.

A connector's test module subclasses `TargetSuite` or `SourceSuite` (or both) and gives the fixture `outside`, a harness
as in `tests.suites.outside`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Final

import pytest

from connectors.contract import (
    Document,
    Envelope,
    Intent,
    Outcome,
    OutcomeKind,
    Page,
    Posting,
    ReceiptStatus,
    Reversal,
    Target,
    Unreadable,
)
from connectors.failures import CATALOG, Failure, remedy_of, sentence_of
from tests.suites.outside import SourceHarness, TargetHarness

POSTED: Final = OutcomeKind.POSTED
UNKNOWN: Final = OutcomeKind.UNKNOWN
MOST_PAGES: Final = 50
PATIENCE_SECONDS: Final = 10.0
DOCUMENT: Final = {
    "document": "EXR-17",
    "amount": "119.00 EUR",
    "entity": "1000",
    "target": "the ERP",
    "source": "the expense platform",
}
"""What the engine adds to every sentence."""


# ------------------------------------------------------------------------------------------------- the target


class TargetSuite:
    """What a target promises, whatever it speaks."""

    async def test_every_document_gets_one_outcome_in_order(self, outside: TargetHarness) -> None:
        refused = next(iter(outside.refusals().values()))
        first, last = outside.intents(2)
        outcomes = await outside.target.post([first, refused, last])
        assert [(each.reference, each.kind) for each in outcomes] == [
            (first.reference, POSTED),
            (refused.reference, OutcomeKind.REJECTED),
            (last.reference, POSTED),
        ]
        assert await totals(outside) == {
            first.reference: [first.total_minor],
            last.reference: [last.total_minor],
        }

    async def test_a_batch_is_booked_to_the_cent(self, outside: TargetHarness) -> None:
        intents = outside.intents(min(outside.target.traits.batch, 10))
        outcomes = await outside.target.post(intents)
        assert {each.kind for each in outcomes} == {POSTED}
        assert await totals(outside) == {each.reference: [each.total_minor] for each in intents}
        numbers = {booked.reference: booked.number for booked in await outside.books()}
        assert {each.reference: posting_in(each).number for each in outcomes} == numbers

    async def test_a_posting_says_where_and_when_it_stands(self, outside: TargetHarness) -> None:
        (intent,) = outside.intents(1)
        (outcome,) = await outside.target.post([intent])
        posting = posting_in(outcome)
        assert posting.number
        assert posting.target
        assert posting.fiscal_year
        assert (posting.company, posting.posting_date) == (intent.company, intent.posting_date)

    async def test_what_was_posted_is_found_under_its_reference(self, outside: TargetHarness) -> None:
        intents = outside.intents(3)
        posted = await outside.target.post(intents)
        found = await found_at_last(outside.target, [each.reference for each in reversed(intents)])
        assert [each.kind for each in found] == [POSTED] * 3
        for outcome, intent, before in zip(reversed(found), intents, posted, strict=True):
            posting = posting_in(outcome)
            assert outcome.reference == intent.reference
            assert posting.number == posting_in(before).number
            assert (posting.total_minor, posting.currency) == (intent.total_minor, intent.currency)
            assert not outcome.surplus

    async def test_an_unknown_reference_is_absent(self, outside: TargetHarness) -> None:
        (intent,) = outside.intents(1)
        found = await outside.target.find([intent.reference, "never-heard-of"])
        assert [(each.reference, each.kind) for each in found] == [
            (intent.reference, OutcomeKind.ABSENT),
            ("never-heard-of", OutcomeKind.ABSENT),
        ]

    async def test_a_lost_answer_is_unknown_and_then_found(self, outside: TargetHarness) -> None:
        intents = outside.intents(2)
        await outside.lose_next_answer()
        await assert_in_doubt_then_found_once(outside, intents)

    async def test_a_page_for_people_is_unknown_and_then_found(self, outside: TargetHarness) -> None:
        intents = outside.intents(2)
        await outside.garble_next_answer()
        await assert_in_doubt_then_found_once(outside, intents)

    async def test_what_was_not_carried_out_is_absent_and_posted_once_when_sent_again(
        self, outside: TargetHarness
    ) -> None:
        intents = outside.intents(2)
        references = [each.reference for each in intents]
        await outside.refuse_next_call()
        assert {each.kind for each in await outside.target.post(intents)} == {UNKNOWN}
        await asyncio.sleep(outside.target.traits.visibility_grace.total_seconds())
        assert {each.kind for each in await outside.target.find(references)} == {OutcomeKind.ABSENT}
        assert {each.kind for each in await outside.target.post(intents)} == {POSTED}
        assert await totals(outside) == {each.reference: [each.total_minor] for each in intents}

    async def test_a_target_that_is_away_proves_that_nothing_was_sent(self, outside: TargetHarness) -> None:
        intents = outside.intents(2)
        outcomes = await outside.unreachable_target.post(intents)
        assert [(each.reference, each.kind) for each in outcomes] == [
            (each.reference, OutcomeKind.NOT_SENT) for each in intents
        ]
        assert {failure_in(each).code for each in outcomes} == {"connection_refused"}

    async def test_a_target_that_is_away_cannot_be_asked(self, outside: TargetHarness) -> None:
        found = await outside.unreachable_target.find(["a", "b"])
        assert [(each.reference, each.kind) for each in found] == [("a", UNKNOWN), ("b", UNKNOWN)]
        assert isinstance(await outside.unreachable_target.find_by_source(["a"]), Failure)

    async def test_a_refusal_has_its_code_and_a_whole_sentence(self, outside: TargetHarness) -> None:
        for code, intent in outside.refusals().items():
            (outcome,) = await outside.target.post([intent])
            assert (outcome.kind, failure_in(outcome).code) == (OutcomeKind.REJECTED, code)
            assert_is_whole(failure_in(outcome))
        assert not await outside.books()

    async def test_a_reversal_that_is_repeated_reverses_once(self, outside: TargetHarness) -> None:
        reversal = await self._posted_and_to_be_reversed(outside)
        (first,) = await outside.target.reverse([reversal])
        await found_at_last(outside.target, [reversal.reference])
        (again,) = await outside.target.reverse([reversal])
        assert posting_in(first).number == posting_in(again).number != reversal.posting.number
        assert posting_in(first).reverses == reversal.posting.number
        assert await reversal_numbers(outside, reversal) == [posting_in(first).number]

    async def test_a_reversal_whose_answer_is_lost_is_unknown_and_reverses_once(self, outside: TargetHarness) -> None:
        reversal = await self._posted_and_to_be_reversed(outside)
        await outside.lose_next_answer()
        (lost,) = await outside.target.reverse([reversal])
        assert lost.kind is UNKNOWN
        await asyncio.sleep(outside.target.traits.visibility_grace.total_seconds())
        (again,) = await outside.target.reverse([reversal])
        assert await reversal_numbers(outside, reversal) == [posting_in(again).number]

    async def test_every_version_is_found_by_its_source_document(self, outside: TargetHarness) -> None:
        first, other, second = outside.intents(3)
        second = replace(second, source_document=first.source_document)
        outcomes = await outside.target.post([first, other, second])
        await found_at_last(outside.target, [first.reference, second.reference])
        postings = await outside.target.find_by_source([first.source_document, "never-heard-of"])
        assert not isinstance(postings, Failure)
        assert {each.number for each in postings[first.source_document]} == {
            posting_in(outcomes[0]).number,
            posting_in(outcomes[2]).number,
        }
        assert postings["never-heard-of"] == ()

    async def test_a_reversed_posting_is_marked(self, outside: TargetHarness) -> None:
        reversal = await self._posted_and_to_be_reversed(outside)
        await outside.target.reverse([reversal])
        (found,) = await found_at_last(outside.target, [reversal.reference])
        assert posting_in(found).number == reversal.posting.number
        assert posting_in(found).is_reversed

    async def test_nothing_secret_is_shown(self, outside: TargetHarness, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        shown = [repr(outside.target), repr(await outside.target.post(outside.intents(1)))]
        await outside.lose_next_answer()
        shown += [repr(await outside.target.post(outside.intents(1)))]
        shown += [repr(await outside.unreachable_target.post(outside.intents(1)))]
        assert_hides(outside.secrets, [*shown, caplog.text])

    async def _posted_and_to_be_reversed(self, outside: TargetHarness) -> Reversal:
        (intent,) = outside.intents(1)
        (outcome,) = await outside.target.post([intent])
        await found_at_last(outside.target, [intent.reference])
        return Reversal(intent.reference, posting_in(outcome), intent.posting_date, "Recalled")


async def assert_in_doubt_then_found_once(outside: TargetHarness, intents: Sequence[Intent]) -> None:
    """Post with trouble ahead: unknown, then found, booked once and to the cent."""
    outcomes = await outside.target.post(intents)
    assert [(each.reference, each.kind) for each in outcomes] == [(each.reference, UNKNOWN) for each in intents]
    for outcome in outcomes:
        assert_is_whole(failure_in(outcome))
    found = await found_at_last(outside.target, [each.reference for each in intents])
    assert [posting_in(each).total_minor for each in found] == [each.total_minor for each in intents]
    assert await totals(outside) == {each.reference: [each.total_minor] for each in intents}


async def found_at_last(target: Target, references: Sequence[str]) -> list[Outcome]:
    """Return the target's answer as soon as it holds all references, however late they become visible."""
    outcomes: list[Outcome] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not outcomes or any(each.kind is not POSTED for each in outcomes):
            await asyncio.sleep(0.05 if outcomes else 0)
            outcomes = await target.find(references)
    return outcomes


async def totals(outside: TargetHarness) -> dict[str, list[int]]:
    """Return the totals booked under each reference, as the books have them."""
    booked: dict[str, list[int]] = {}
    for each in await outside.books():
        booked.setdefault(each.reference, []).append(each.total_minor)
    return booked


async def reversal_numbers(outside: TargetHarness, reversal: Reversal) -> list[str]:
    """Return the numbers of the documents that reverse the posting, as the books have them."""
    return [each.number for each in await outside.books() if each.reverses == reversal.posting.number]


def posting_in(outcome: Outcome) -> Posting:
    """Return the posting that `posted` must bring."""
    assert outcome.kind is POSTED, outcome
    assert outcome.posting is not None
    return outcome.posting


def failure_in(outcome: Outcome) -> Failure:
    """Return the failure that every other kind of answer must bring."""
    assert outcome.failure is not None
    return outcome.failure


# ------------------------------------------------------------------------------------------------- the source


class SourceSuite:
    """What a source promises, whatever it speaks."""

    async def test_pages_bring_everything_once(self, outside: SourceHarness) -> None:
        _, cursor = await read_to_the_end(outside, "", limit=100)
        published = await outside.publish(7)
        envelopes, _ = await read_to_the_end(outside, cursor, limit=3)
        assert sorted({each.subject for each in envelopes if each.subject in published}) == sorted(published)
        assert len({each.id for each in envelopes if each.subject in published}) == len(published)

    async def test_a_cursor_goes_on_where_it_ended(self, outside: SourceHarness) -> None:
        await outside.publish(3)
        before, cursor = await read_to_the_end(outside, "", limit=2)
        published = await outside.publish(2)
        after, _ = await read_to_the_end(outside, cursor, limit=2)
        new = {each.id: each for each in after if each.id not in {known.id for known in before}}
        assert sorted(each.subject for each in new.values()) == sorted(published)

    async def test_a_page_holds_no_more_than_was_asked_for(self, outside: SourceHarness) -> None:
        await outside.publish(3)
        page = await outside.source.pull(outside.stream, "", 2)
        assert isinstance(page, Page)
        assert len(page.envelopes) <= 2
        assert page.has_more

    async def test_a_page_that_is_read_again_brings_the_same_ids(self, outside: SourceHarness) -> None:
        await outside.publish(3)
        pages = [await outside.source.pull(outside.stream, "", 3) for _ in range(2)]
        first, again = [{each.id: each.payload for each in page.envelopes} for page in pages if isinstance(page, Page)]
        assert first == again

    async def test_translation_is_repeatable(self, outside: SourceHarness) -> None:
        await outside.publish(3)
        page = await outside.source.pull(outside.stream, "", 100)
        assert isinstance(page, Page)
        for envelope in page.envelopes:
            said = outside.source.translate(envelope)
            assert isinstance(said, Document), said
            assert said.mapping_version
            assert said == outside.source.translate(envelope)

    async def test_what_cannot_be_translated_says_why(self, outside: SourceHarness) -> None:
        for code, envelope in outside.unreadable().items():
            said = outside.source.translate(envelope)
            assert isinstance(said, Unreadable), code
            assert code in {failure.code for failure in said.failures}
            assert said == outside.source.translate(envelope)
            for failure in said.failures:
                assert_is_whole(failure)

    async def test_an_envelope_that_nobody_wrote_is_unreadable(self, outside: SourceHarness) -> None:
        await outside.publish(1)
        page = await outside.source.pull(outside.stream, "", 1)
        assert isinstance(page, Page)
        for payload in (b"", b"<html>", b"null", b"[]", b"{}", b'{"id": 7}', b"\xff\xfe", b'{"a": NaN}'):
            said = outside.source.translate(replace(page.envelopes[0], payload=payload))
            assert isinstance(said, Unreadable), payload

    async def test_every_acknowledged_document_gets_a_receipt_in_order(self, outside: SourceHarness) -> None:
        documents = await outside.awaiting()
        receipts = await outside.source.acknowledge(documents)
        assert [(each.source_document_id, each.status) for each in receipts] == [
            (document, ReceiptStatus.DONE) for document in documents
        ]

    async def test_a_source_that_is_away_is_a_failure_and_no_exception(self, outside: SourceHarness) -> None:
        for stream in outside.unreachable_source.streams:
            failure = await outside.unreachable_source.pull(stream, "", 10)
            assert isinstance(failure, Failure)
            assert failure.code == "connection_refused"

    async def test_nothing_secret_is_shown_while_reading(
        self, outside: SourceHarness, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        shown = [repr(outside.source), repr(await outside.source.pull(outside.stream, "", 2))]
        shown += [repr(await outside.unreachable_source.pull(outside.stream, "", 2))]
        assert_hides(outside.secrets, [*shown, caplog.text])


async def read_to_the_end(outside: SourceHarness, cursor: str, *, limit: int) -> tuple[list[Envelope], str]:
    """Return everything after the cursor, page by page, and where the next reading begins."""
    envelopes: list[Envelope] = []
    async for page in _pages(outside, cursor, limit):
        assert len(page.envelopes) <= limit
        envelopes += page.envelopes
        cursor = page.cursor
    return envelopes, cursor


async def _pages(outside: SourceHarness, cursor: str, limit: int) -> AsyncIterator[Page]:
    for _ in range(MOST_PAGES):
        page = await outside.source.pull(outside.stream, cursor, limit)
        assert isinstance(page, Page), page
        await outside.took(page)
        yield page
        cursor = page.cursor
        if not page.has_more:
            return
    pytest.fail(f"{outside.stream} has no end")


# -------------------------------------------------------------------------------------------------- both sides


def assert_is_whole(failure: Failure) -> None:
    """Check that the code is listed, and that sentence and remedy have no gap."""
    assert failure.code in CATALOG
    assert "?" not in sentence_of(failure, DOCUMENT) + remedy_of(failure, DOCUMENT)


def assert_hides(secrets: Collection[str], shown: Sequence[str]) -> None:
    """Check that no text shows a secret."""
    assert secrets
    assert not [secret for secret in secrets for text in shown if secret in text]
