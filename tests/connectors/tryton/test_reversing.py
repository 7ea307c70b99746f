from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.contract import Intent, OutcomeKind, Posting, Reversal
from tests.connectors.tryton.running import TrytonHarness, an_intent
from tests.suites.connector import posting_in

pytestmark = pytest.mark.tryton


async def posted(outside: TrytonHarness, intent: Intent) -> Posting:
    (outcome,) = await outside.target.post([outside.known(intent)])
    return posting_in(outcome)


async def test_a_reversal_has_its_own_number_and_date_and_takes_everything_back(outside: TrytonHarness) -> None:
    intent = an_intent(day=date(2026, 9, 30))
    posting = await posted(outside, intent)
    (outcome,) = await outside.target.reverse([Reversal(intent.reference, posting, intent.posting_date, "Recalled")])
    reversal = posting_in(outcome)
    assert reversal.number > posting.number
    assert (reversal.reverses, reversal.posting_date) == (posting.number, date(2026, 9, 30))
    domain = [["move.number", "in", [posting.number, reversal.number]], ["company.party.code", "=", "1000"]]
    lines = await outside.act(lambda admin: admin.rows("account.move.line", ["debit", "credit", "account"], domain))
    for account in {line["account"] for line in lines}:
        amounts = [line["debit"] - line["credit"] for line in lines if line["account"] == account]
        assert sum(amounts) == Decimal(0)
        assert len(amounts) == 2


async def test_the_reversal_of_a_closed_period_falls_into_the_present_one(outside: TrytonHarness) -> None:
    intent = an_intent(day=date(2018, 7, 31))
    posting = await posted(outside, intent)
    await outside.act(lambda admin: admin.close_period("1000", "2018-07"))
    (outcome,) = await outside.target.reverse([Reversal(intent.reference, posting, intent.posting_date, "Recalled")])
    assert posting_in(outcome).posting_date >= datetime.now(UTC).date().replace(day=1)
    assert posting_in(outcome).reverses == posting.number


async def test_a_paid_document_is_not_reversed(outside: TrytonHarness) -> None:
    intent = an_intent()
    posting = await posted(outside, intent)
    await outside.act(lambda admin: admin.pay("1000", posting.number, date(2026, 10, 31)))
    (outcome,) = await outside.target.reverse([Reversal(intent.reference, posting, intent.posting_date, "Recalled")])
    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.failure
    assert outcome.failure.code == "rejected_by_target"
    assert "already reconciled" in outcome.failure.values["problem"]


async def test_what_was_never_booked_cannot_be_reversed(outside: TrytonHarness) -> None:
    intent = an_intent()
    posting = Posting("erp", "1000", "2026", "EX", "2026/99999", intent.posting_date)
    (outcome,) = await outside.target.reverse([Reversal(intent.reference, posting, intent.posting_date, "Recalled")])
    assert outcome.kind is OutcomeKind.REJECTED
