import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from connectors.contract import (
    Confirmation,
    ConfirmationKind,
    Outcome,
    OutcomeKind,
    PostingLine,
    ReceiptStatus,
    Reversal,
)
from connectors.failures import Failure
from tests.connectors.sandbox_erp.running_erp import RunningErp, SandboxHarness, an_intent, connected, sandbox_harness
from tests.suites.connector import SourceSuite, TargetSuite, found_at_last, posting_in, totals

POSTED = OutcomeKind.POSTED
UNKNOWN = OutcomeKind.UNKNOWN
REJECTED = OutcomeKind.REJECTED


class TestTheSandboxErpAsTarget(TargetSuite):
    pass


class TestTheSandboxErpAsSource(SourceSuite):
    pass


TODAY = date(2026, 10, 20)


def told(outcome: Outcome) -> tuple[OutcomeKind, str]:
    return outcome.kind, outcome.failure.code if outcome.failure else ""


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "swallow"},
        {"kind": "reset"},
        {"kind": "close"},
        {"kind": "truncate"},
        {"kind": "garbage"},
        {"kind": "html"},
        {"kind": "drip", "seconds": 0.2},
        *({"kind": "status", "status": status} for status in (304, 400, 404, 408, 500, 502, 503, 504)),
    ],
    ids=str,
)
async def test_whatever_hides_the_answer_after_the_commit_leaves_a_doubt_and_one_booking(
    erp: RunningErp, fault: Mapping[str, object]
) -> None:
    async with sandbox_harness(erp, deadline_seconds="0.6") as outside:
        (intent,) = outside.intents(1)
        await outside.erp.strike(**{"seconds": 5, **fault})
        (outcome,) = await outside.target.post([intent])
        assert told(outcome) == (UNKNOWN, "answer_lost")
        (found,) = await found_at_last(outside.target, [intent.reference])
        assert posting_in(found).total_minor == intent.total_minor
        assert await totals(outside) == {intent.reference: [intent.total_minor]}


@pytest.mark.parametrize(("retry_after", "seconds"), [("7", 7.0), ("http-date", 2.0), ("99999", 3600.0)])
async def test_too_many_calls_are_refused_for_a_while(
    outside: SandboxHarness, retry_after: str, seconds: float
) -> None:
    (intent,) = outside.intents(1)
    await outside.erp.strike(kind="too_many", moment="before", retry_after=retry_after)
    (outcome,) = await outside.target.post([intent])
    assert told(outcome) == (REJECTED, "rate_limited")
    assert outcome.failure
    assert outcome.failure.retry_after_seconds is not None
    assert seconds / 2 <= outcome.failure.retry_after_seconds <= seconds


async def test_a_success_told_as_409_leads_to_a_question(outside: SandboxHarness) -> None:
    (intent,) = outside.intents(1)
    await outside.erp.strike(kind="conflict")
    (outcome,) = await outside.target.post([intent])
    assert told(outcome) == (UNKNOWN, "already_booked")
    await found_at_last(outside.target, [intent.reference])


async def test_a_duplicate_told_as_409_leads_to_a_question(outside: SandboxHarness) -> None:
    await outside.erp.reach("PATCH", "settings", {"dedupe": "enforced"})
    (intent,) = outside.intents(1)
    (posted,) = await outside.target.post([intent])
    (again,) = await outside.target.post([replace(intent, text="Another text")])
    assert told(again) == (UNKNOWN, "already_booked")
    (found,) = await found_at_last(outside.target, [intent.reference])
    assert posting_in(found).number == posting_in(posted).number


async def test_a_duplicate_among_new_documents_leads_to_a_question_about_it_alone(
    outside: SandboxHarness,
) -> None:
    await outside.erp.reach("PATCH", "settings", {"dedupe": "enforced"})
    old, new = outside.intents(2)
    await outside.target.post([old])
    outcomes = await outside.target.post([old, new])
    assert [told(each) for each in outcomes] == [(UNKNOWN, "already_booked"), (POSTED, "")]


async def test_what_stands_there_twice_is_found_with_its_surplus(outside: SandboxHarness) -> None:
    (intent,) = outside.intents(1)
    (first,) = await outside.target.post([intent])
    (second,) = await outside.target.post([intent])
    await asyncio.sleep(0.15)
    (found,) = await outside.target.find([intent.reference])
    assert posting_in(found).number == posting_in(first).number
    assert [each.number for each in found.surplus] == [posting_in(second).number]


async def test_a_living_posting_is_found_before_a_reversed_one(outside: SandboxHarness) -> None:
    (intent,) = outside.intents(1)
    (first,) = await outside.target.post([intent])
    await found_at_last(outside.target, [intent.reference])
    await outside.target.reverse([Reversal(intent.reference, posting_in(first), intent.posting_date, "")])
    (second,) = await outside.target.post([intent])
    await asyncio.sleep(0.15)
    (found,) = await outside.target.find([intent.reference])
    assert posting_in(found).number == posting_in(second).number
    assert not found.surplus


async def test_an_asynchronous_erp_accepts_first_and_is_asked_later(outside: SandboxHarness) -> None:
    await outside.erp.reach("PATCH", "settings", {"asynchronous_seconds": 0.5})
    good, refused = *outside.intents(1), outside.refusals()["closed_period"]
    accepted = await outside.target.post([good, refused])
    assert {each.kind for each in accepted} == {OutcomeKind.ACCEPTED}
    early = await outside.target.find([good.reference])
    assert [told(each) for each in early] == [(UNKNOWN, "still_undecided")]
    assert await outside.target.find_by_source([good.source_document]) == Failure("still_undecided")
    await asyncio.sleep(0.5)
    await found_at_last(outside.target, [good.reference])
    (dead,) = await outside.target.find([refused.reference])
    assert told(dead) == (REJECTED, "closed_period")


async def test_an_erp_without_search_cannot_be_asked(outside: SandboxHarness) -> None:
    await outside.erp.reach("PATCH", "settings", {"searchable": False})
    (found,) = await outside.target.find(["EXR-1"])
    assert told(found) == (UNKNOWN, "cannot_be_asked")


async def test_a_batch_above_the_limit_is_refused_whole(outside: SandboxHarness) -> None:
    await outside.erp.reach("PATCH", "settings", {"batch_limit": 1})
    outcomes = await outside.target.post(outside.intents(2))
    assert [told(each) for each in outcomes] == [(REJECTED, "call_too_large")] * 2


async def test_refused_credentials_are_an_answer(outside: SandboxHarness) -> None:
    await outside.erp.reach("PATCH", "settings", {"api_key": "another"})
    (outcome,) = await outside.target.post(outside.intents(1))
    (found,) = await outside.target.find(["EXR-1"])
    page = await outside.source.pull("project", "", 10)
    assert told(outcome) == (REJECTED, "credentials_refused")
    assert told(found) == (UNKNOWN, "credentials_refused")
    assert isinstance(page, Failure)
    assert page.code == "credentials_refused"


async def test_a_wrong_address_is_told_as_such(erp: RunningErp) -> None:
    async with connected(f"{erp.url}/elsewhere") as connector:
        assert connector.target
        (outcome,) = await connector.target.post([an_intent()])
    assert told(outcome) == (REJECTED, "wrong_address")


async def test_an_erp_that_waits_for_no_confirmation_is_told_nothing(outside: SandboxHarness) -> None:
    (receipt,) = await outside.source.confirm([Confirmation("RPT-1", ConfirmationKind.PAID)])
    assert (receipt.source_document_id, receipt.status) == ("RPT-1", ReceiptStatus.DONE)


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 11_900), ("KWD", 11_905), ("CLF", 119_005), ("EUR", 0)])
async def test_amounts_are_exact_in_every_currency(outside: SandboxHarness, currency: str, minor: int) -> None:
    intent = replace(an_intent(amount=minor, currency=currency))
    (posted,) = await outside.target.post([intent])
    (found,) = await found_at_last(outside.target, [intent.reference])
    assert posting_in(found).number == posting_in(posted).number
    assert (posting_in(found).total_minor, posting_in(found).currency) == (minor, currency)


async def test_a_text_of_any_script_survives_the_way(outside: SandboxHarness) -> None:
    intent = outside.intents(1)[0]
    line = PostingLine("474130", debit_minor=1, text="Frühstück, 朝食, <b>'\";--\u202e")
    other = PostingLine("331000", credit_minor=1, party="E-003")
    await outside.target.post([replace(intent, lines=(line, other), text="Zürich 🧾")])
    books = await outside.erp.reach("GET", "books")
    (document,) = [each for each in books["documents"] if each["reference"] == intent.reference]
    assert (document["text"], document["lines"][0]["text"]) == ("Zürich 🧾", line.text)


async def test_a_paid_document_is_not_reversed(outside: SandboxHarness) -> None:
    (intent,) = outside.intents(1)
    (posted,) = await outside.target.post([intent])
    await outside.erp.reach("POST", "pay", {"payments": [{"reference": intent.reference}]})
    await asyncio.sleep(0.15)
    (outcome,) = await outside.target.reverse([Reversal(intent.reference, posting_in(posted), TODAY, "")])
    assert told(outcome) == (REJECTED, "rejected_by_target")
