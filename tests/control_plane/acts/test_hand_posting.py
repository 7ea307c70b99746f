"""What was posted by hand counts once the ERP's twin shows it, as two persons said."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from connectors.contract import Dedupe, Intent, Outcome, Posting, Reversal, Target, Traits
from connectors.failures import Failure
from control_plane.acts import exception_cases
from control_plane.acts import hand_posting as acts
from control_plane.acts.door import NotAllowedError, NotPossibleError
from control_plane.acts.hand_posting import Claim
from control_plane.domain.access import Actor, Role
from control_plane.domain.hand_posting import Claimed, Said
from control_plane.engine.intents import decode
from control_plane.engine.read_back import ASKED_AT_MOST, read_claims_back
from control_plane.engine.worker import PASSES
from control_plane.store import payloads
from control_plane.store.tables import TransactionRow
from tests.control_plane.acts.duties import approval, arrive, case, claimed, decide, do, person
from tests.stands.balance import is_balanced
from tests.stands.claims import claim as claim_document
from tests.stands.world import GRACE, World


async def refused(w: World) -> TransactionRow:
    """Let the ERP refuse a document for a reason that no list explains."""
    rule = {"kind": "status", "moment": "before", "path": "/v1/documents$", "status": 413, "count": 1}
    await w.faults("erp", [rule])
    failed = await arrive(w, claim_document("A"))
    assert failed.state == "failed"
    return failed


async def intent_of(w: World, document: TransactionRow) -> Intent:
    number = document.intents_payload_id
    assert number is not None
    body = await w.parts.read(lambda session: payloads.bodies(session, [number])[number])
    (intent,) = decode(body)
    return intent


async def post_by_hand(w: World, intent: Intent) -> Posting:
    """Enter a document in the ERP, past us."""
    (outcome,) = await w.parts.targets["erp"].post([intent])
    assert outcome.posting is not None, outcome
    return outcome.posting


async def say(w: World, actor: Actor, posting: Posting, number: str = "") -> None:
    said = Said((number or posting.number,), posting.posting_date)
    row = await claimed(w, actor)
    await do(w, actor, acts.claim_posted, row.id, Claim(Claimed.POSTED, said), revision=row.revision)


async def test_it_is_posted_under_the_number_that_two_persons_named_and_the_erp_shows(either: World) -> None:
    w = either
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    posting = await post_by_hand(w, await intent_of(w, failed))
    await say(w, anna, posting)
    assert ((await case(w)).state, (await approval(w)).content["numbers"]) == ("pending_approval", [posting.number])
    await decide(w, paul)
    await w.settle()
    posted, resolved = (await w.transactions())[-1], await case(w)
    assert (posted.state, posted.reason, posted.posting_period) == ("posted", "manual", failed.posting_period)
    assert (resolved.state, resolved.evidence) == ("resolved", f"posted as {posting.number}")
    assert len((await w.erp_books())["documents"]) == 1
    assert await w.parts.read(is_balanced)


async def test_nobody_alone_says_that_it_is_posted(w: World) -> None:
    anna = await person(w, "anna", *(role for role in Role if role is not Role.MACHINE))
    failed = await refused(w)
    await say(w, anna, await post_by_hand(w, await intent_of(w, failed)))
    with pytest.raises(NotAllowedError, match="You proposed it"):
        await decide(w, anna)
    await w.settle()
    assert (await w.transactions())[-1].state == "failed"


async def test_a_number_that_the_erp_does_not_show_brings_it_back_to_who_named_it(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    posting = await post_by_hand(w, await intent_of(w, failed))
    await say(w, anna, posting, number="4711")
    await decide(w, paul)
    await w.settle()
    row = await case(w)
    assert ((await w.transactions())[-1].state, row.state, row.attempt) == ("failed", "in_progress", 2)
    assert (row.code, row.claimed_by) == ("hand_posting_differs", anna.person_id)
    assert "nothing stands there under 4711" in row.sentence


@pytest.mark.parametrize("what", ["amount", "currency"])
async def test_a_posting_that_differs_proves_nothing(w: World, what: str) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    meant = await intent_of(w, failed)
    halved = tuple(
        replace(line, debit_minor=line.debit_minor // 2, credit_minor=line.credit_minor // 2) for line in meant.lines
    )
    other = replace(meant, lines=halved) if what == "amount" else replace(meant, currency="USD")
    await say(w, anna, await post_by_hand(w, other))
    await decide(w, paul)
    await w.settle()
    assert ((await w.transactions())[-1].state, (await case(w)).code) == ("failed", "hand_posting_differs")
    assert what in (await case(w)).sentence


async def test_one_posting_proves_one_document(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    first = await arrive(w, claim_document("B"))
    assert first.state == "posted"
    number = (await w.erp_books())["documents"][0]["number"]
    failed = await refused(w)
    posting = await post_by_hand(w, await intent_of(w, failed))
    await say(w, anna, posting, number=number)
    await decide(w, paul)
    await w.settle()
    assert [one.state for one in await w.transactions()] == ["posted", "failed"]


async def test_a_document_that_goes_on_by_itself_is_not_claimed_posted(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    held = await arrive(w, claim_document("A", project="P-NONE"))
    with pytest.raises(NotPossibleError, match="not failed"):
        await say(w, anna, Posting("erp", "", "2026", "", "1", held.received_at.date()))


@dataclass(frozen=True, slots=True)
class Mute:
    """A target that can neither refuse nor be asked."""

    traits: Traits = field(default_factory=lambda: Traits(dedupe=Dedupe.NONE))

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        raise AssertionError(intents)

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        raise AssertionError(references)

    async def find_by_source(self, source_documents: Sequence[str]) -> dict[str, tuple[Posting, ...]] | Failure:
        raise AssertionError(source_documents)

    async def reverse(self, reversals: Sequence[Reversal]) -> list[Outcome]:
        raise AssertionError(reversals)


def with_target(w: World, target: Target) -> None:
    """Let the ERP be reached through another connector from now on."""
    erp = replace(w.parts.connectors["erp"], target=target)
    w.parts = replace(w.parts, connectors={**w.parts.connectors, "erp": erp})


async def test_of_a_target_that_cannot_be_asked_two_persons_word_is_the_evidence(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    with_target(w, Mute())
    await say(w, anna, Posting("erp", "", "2026", "", "4711", failed.received_at.date()))
    await decide(w, paul)
    await w.settle()
    posted = (await w.transactions())[-1]
    assert (posted.state, (await case(w)).evidence) == ("posted", "posted as 4711")


async def test_a_target_that_is_away_is_asked_again(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    posting = await post_by_hand(w, await intent_of(w, failed))
    await say(w, anna, posting)
    await decide(w, paul)
    await w.faults("erp", [{"kind": "status", "moment": "before", "path": "/v1/documents", "status": 503, "count": 2}])
    await w.settle()
    assert ((await w.transactions())[-1].state, (await case(w)).state) == ("failed", "retrying")
    await w.settle_over(timedelta(seconds=61))
    assert (await w.transactions())[-1].state == "posted"


async def test_a_connector_that_stumbles_for_ever_brings_it_back_to_a_person(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    with_target(w, Mute(Traits(dedupe=Dedupe.QUERYABLE)))
    await say(w, anna, Posting("erp", "", "2026", "", "4711", failed.received_at.date()))
    await decide(w, paul)
    await w.settle_over(timedelta(seconds=61), turns=ASKED_AT_MOST + 2)
    row = await case(w)
    assert (row.state, row.code, (await w.transactions())[-1].state) == (
        "in_progress",
        "hand_posting_differs",
        "failed",
    )
    assert "it did not answer" in row.sentence


async def test_what_was_recalled_meanwhile_is_not_posted(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    await say(w, anna, await post_by_hand(w, await intent_of(w, failed)))
    await decide(w, paul)
    await w.recall("A")
    await w.pull("concur", "recalls")
    for one in PASSES:
        if one is not read_claims_back:
            await one(w.parts)
    await w.settle()
    assert (await w.transactions())[-1].state == "cancelled"


async def test_of_what_is_in_doubt_two_persons_accept_what_differs(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await refused(w)
    meant = await intent_of(w, failed)
    halved = tuple(
        replace(line, debit_minor=line.debit_minor // 2, credit_minor=line.credit_minor // 2) for line in meant.lines
    )
    posting = await post_by_hand(w, replace(meant, lines=halved))
    row = await claimed(w, anna)
    await do(w, anna, exception_cases.retry, row.id, revision=row.revision)
    await w.settle_over(GRACE)
    doubted = (await w.transactions())[-1]
    assert (doubted.state, doubted.inquire_at, (await case(w)).code) == ("in_doubt", None, "reference_conflict")
    said, row = Said((posting.number,), posting.posting_date), await claimed(w, anna)
    await do(
        w,
        anna,
        acts.claim_posted,
        row.id,
        Claim(Claimed.POSTED, said, accepts_difference=True),
        revision=row.revision,
    )
    await decide(w, paul)
    await w.settle()
    assert ((await w.transactions())[-1].state, (await case(w)).state) == ("posted", "resolved")
    assert await w.parts.read(is_balanced)
