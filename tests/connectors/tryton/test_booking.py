from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import Intent, Outcome, OutcomeKind, PostingLine
from connectors.tryton.target import TrytonTarget
from connectors.twins.tryton.acts import Administrator
from connectors.twins.tryton.server import TrytonServer
from tests.connectors.tryton.running import TrytonHarness, an_intent, connected
from tests.suites.connector import posting_in

pytestmark = pytest.mark.tryton

POSTED = OutcomeKind.POSTED
REJECTED = OutcomeKind.REJECTED
UNKNOWN = OutcomeKind.UNKNOWN


def told(outcome: Outcome) -> tuple[OutcomeKind, str]:
    return outcome.kind, outcome.failure.code if outcome.failure else ""


async def lines_of(outside: TrytonHarness, intent: Intent) -> Sequence[Mapping[str, Any]]:
    fields = [
        *("account.code", "party.code", "debit", "credit", "second_currency.code", "amount_second_currency"),
        *("analytic_lines.account.code", "tax_lines.type", "tax_lines.amount", "tax_lines.tax.name", "description"),
    ]
    domain = [["move.description", "like", f"{intent.reference} %"], ["move.state", "=", "posted"]]
    return await outside.act(lambda admin: admin.rows("account.move.line", fields, domain))


async def states_of(outside: TrytonHarness, intent: Intent) -> list[str]:
    domain = [["description", "like", f"{intent.reference} %"]]
    moves = await outside.act(lambda admin: admin.rows("account.move", ["state"], domain))
    return [move["state"] for move in moves]


def code(line: Mapping[str, Any], relation: str) -> str:
    return str((line[f"{relation}."] or {}).get("code", ""))


def with_lines(*lines: PostingLine) -> Intent:
    return replace(an_intent(), lines=lines)


async def test_a_document_stands_in_the_books_account_by_account(outside: TrytonHarness) -> None:
    intent = with_lines(
        PostingLine("474120", debit_minor=10_000, cost_center="CC-1001", project="P-05", tax_code="V19", text="Hotel"),
        PostingLine("154000", debit_minor=1_900, tax_code="V19"),
        PostingLine("331000", credit_minor=11_900, party="E-003"),
    )
    await outside.target.post([outside.known(intent)])
    hotel, tax, payable = await lines_of(outside, intent)
    assert [code(line, "account") for line in (hotel, tax, payable)] == ["474120", "154000", "331000"]
    assert [line["debit"] - line["credit"] for line in (hotel, tax, payable)] == [
        Decimal("100.00"),
        Decimal("19.00"),
        Decimal("-119.00"),
    ]
    assert [code(line, "party") for line in (hotel, tax, payable)] == ["", "", "E-003"]
    assert sorted(code(each, "account") for each in hotel["analytic_lines."]) == ["CC-1001", "P-05"]
    assert [line["tax_lines."][0]["type"] for line in (hotel, tax)] == ["base", "tax"]
    assert [line["tax_lines."][0]["amount"] for line in (hotel, tax)] == [Decimal("100.00"), Decimal("19.00")]
    assert [line["description"] for line in (hotel, tax)] == ["Hotel", intent.text]


async def test_a_refused_document_leaves_the_rest_of_its_batch_booked_and_no_draft_behind(
    outside: TrytonHarness,
) -> None:
    first, last = outside.intents(2)
    without_party = with_lines(PostingLine("474120", debit_minor=1), PostingLine("331000", credit_minor=1))
    outcomes = await outside.target.post([first, without_party, last])
    assert [told(each) for each in outcomes] == [(POSTED, ""), (REJECTED, "rejected_by_target"), (POSTED, "")]
    assert await states_of(outside, without_party) == []


async def test_what_is_booked_is_adopted_when_it_is_sent_again(outside: TrytonHarness) -> None:
    intents = outside.intents(2)
    before = await outside.target.post(intents[:1])
    again, new = await outside.target.post(intents)
    assert posting_in(again).number == posting_in(before[0]).number != posting_in(new).number
    assert [await states_of(outside, intent) for intent in intents] == [["posted"], ["posted"]]


async def test_a_draft_that_was_left_behind_is_posted_and_not_doubled(outside: TrytonHarness) -> None:
    intents = outside.intents(2)
    await outside.refuse_next_call()
    assert {each.kind for each in await outside.target.post(intents)} == {UNKNOWN}
    assert [await states_of(outside, intent) for intent in intents] == [["draft"], ["draft"]]
    assert {each.kind for each in await outside.target.post(intents)} == {POSTED}
    assert [await states_of(outside, intent) for intent in intents] == [["posted"], ["posted"]]


async def test_a_second_draft_of_a_booked_document_is_taken_away(outside: TrytonHarness) -> None:
    (intent,) = outside.intents(1)
    (first,) = await outside.target.post([intent])
    await outside.act(lambda admin: copy(admin, intent))
    assert sorted(await states_of(outside, intent)) == ["draft", "posted"]
    (again,) = await outside.target.post([intent])
    assert posting_in(again).number == posting_in(first).number
    assert await states_of(outside, intent) == ["posted"]


def copy(admin: Administrator, intent: Intent) -> None:
    (move,) = admin.rows("account.move", ["id"], [["description", "like", f"{intent.reference} %"]])
    admin.call("model.account.move.copy", [move["id"]], {})


async def test_an_inactive_project_is_refused_until_it_is_active_again(outside: TrytonHarness) -> None:
    (intent,) = outside.intents(1)
    intent = replace(intent, lines=(replace(intent.lines[0], project="P-07"), intent.lines[1]))
    await outside.refuse_next_call()
    await outside.target.post([intent])
    await outside.act(lambda admin: admin.set_project_active("P-07", active=False))
    (refused,) = await outside.target.post([intent])
    assert told(refused) == (REJECTED, "inactive_master_data")
    assert refused.failure
    assert dict(refused.failure.values) == {"domain": "project", "domain_title": "Project", "value": "P-07"}
    assert await states_of(outside, intent) == []
    await outside.act(lambda admin: admin.set_project_active("P-07", active=True))
    (booked,) = await outside.target.post([intent])
    assert told(booked) == (POSTED, "")


async def test_a_closed_period_is_refused_until_it_is_open_again(outside: TrytonHarness) -> None:
    intent = outside.known(an_intent(day=date(2018, 5, 31)))
    await outside.act(lambda admin: admin.close_period("1000", "2018-05"))
    (refused,) = await outside.target.post([intent])
    await outside.act(lambda admin: admin.reopen_period("1000", "2018-05"))
    (booked,) = await outside.target.post([intent])
    assert [told(refused), told(booked)] == [(REJECTED, "closed_period"), (POSTED, "")]
    assert refused.failure
    assert dict(refused.failure.values) == {"value": "2018-05", "entity": "1000"}


async def test_what_tryton_itself_says_of_a_period_is_understood(outside: TrytonHarness) -> None:
    await outside.target.post([outside.known(an_intent(day=date(2018, 6, 30)))])  # a first move opens the journal
    await outside.act(lambda admin: close_journals(admin, "2018-06"))
    (refused,) = await outside.target.post([outside.known(an_intent(day=date(2018, 6, 30)))])
    assert told(refused) == (REJECTED, "closed_period")


def close_journals(admin: Administrator, period: str) -> None:
    domain = [["period.name", "=", period], ["period.company.party.code", "=", "1000"]]
    ids = [row["id"] for row in admin.rows("account.journal.period", ["id"], domain)]
    admin.call("model.account.journal.period.close", ids)


async def test_a_document_in_another_currency_keeps_its_amounts_and_balances_in_the_books(
    outside: TrytonHarness,
) -> None:
    lines = (*(PostingLine("474130", debit_minor=cents) for cents in (3_333, 3_333, 3_335)),)
    intent = replace(
        an_intent(company="2000"), lines=(*lines, PostingLine("331000", credit_minor=10_001, party="E-004"))
    )
    (outcome,) = await outside.target.post([outside.known(intent)])
    assert (posting_in(outcome).currency, posting_in(outcome).total_minor) == ("EUR", 10_001)
    booked = await lines_of(outside, intent)
    assert [line["amount_second_currency"] for line in booked] == [
        *(Decimal(each) for each in ("33.33", "33.33", "33.35", "-100.01")),
    ]
    assert {code(line, "second_currency") for line in booked} == {"EUR"}
    assert [line["debit"] for line in booked] == [Decimal(each) for each in ("31.75", "31.74", "31.76", "0")]
    assert booked[-1]["credit"] == Decimal("95.25")  # 100.01 EUR at 0.952381 CHF


async def test_a_currency_without_a_rate_is_refused(outside: TrytonHarness) -> None:
    (outcome,) = await outside.target.post([replace(an_intent(), currency="SEK")])
    assert told(outcome) == (REJECTED, "rejected_by_target")


async def test_an_expired_session_is_renewed(outside: TrytonHarness) -> None:
    await outside.target.post(outside.intents(1))
    assert isinstance(outside.target, TrytonTarget)
    outside.target.client._session = "Y29ubmVjdG9yOjI6Z29uZQ=="
    assert {each.kind for each in await outside.target.post(outside.intents(2))} == {POSTED}


async def test_refused_credentials_are_an_answer(tryton: TrytonServer) -> None:
    async with connected(tryton.url, tryton, user="nobody") as connector:
        assert connector.target
        (outcome,) = await connector.target.post([an_intent()])
        (found,) = await connector.target.find(["EXR-1"])
    assert [told(outcome), told(found)] == [(REJECTED, "credentials_refused"), (UNKNOWN, "credentials_refused")]


async def test_a_wrong_address_is_told_as_such(tryton: TrytonServer) -> None:
    async with connected(f"{tryton.url}-elsewhere", tryton) as connector:
        assert connector.target
        (outcome,) = await connector.target.post([an_intent()])
    assert told(outcome) == (REJECTED, "wrong_address")


async def test_a_reference_is_found_by_its_letters_and_not_as_a_pattern(outside: TrytonHarness) -> None:
    (intent,) = outside.intents(1)
    await outside.target.post([intent])
    near = ["%", intent.reference[:-1] + "_", intent.reference.lower(), intent.reference[:-1]]
    assert {each.kind for each in await outside.target.find(near)} == {OutcomeKind.ABSENT}


async def test_more_references_than_one_call_can_hold_are_found(outside: TrytonHarness) -> None:
    (intent,) = outside.intents(1)
    await outside.target.post([intent])
    references = [*(f"EXR-9-{number}" for number in range(120)), intent.reference]
    found: Sequence[Outcome] = await outside.target.find(references)
    assert [each.kind for each in found].count(POSTED) == 1
    assert found[-1].kind is POSTED
