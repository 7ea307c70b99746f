"""A corrected document goes its own way, on real twins: what one person may correct alone, and what two must."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.twins.expense.sample_set import sample_set
from control_plane.acts import approvals as deciding
from control_plane.acts import corrections as acts
from control_plane.acts.claims import claim
from control_plane.acts.corrections import Wish
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import Hand, NotAllowedError, NotPossibleError, OwnDocumentError
from control_plane.domain.access import Actor, Role
from control_plane.domain.correction import Change, CorrectionReason
from control_plane.engine.parts import Unit
from control_plane.engine.receive import Feed, receive
from control_plane.engine.understand import envelope_of
from control_plane.store import corrections, inbox, payloads, people
from control_plane.store.tables import ExceptionCaseRow, TransactionRow
from tests.control_plane.acts.duties import approval, arrive, case, claimed, decide, do, person
from tests.stands.balance import is_balanced
from tests.stands.claims import claim as claim_document
from tests.stands.world import World

CLOSED = CorrectionReason.INACTIVE_MASTER_DATA


async def propose(w: World, actor: Actor, *changes: Change, reason_code: CorrectionReason = CLOSED) -> Any:
    """Claim the newest exception and correct its document."""
    row = await claimed(w, actor)
    return await do(w, actor, acts.propose, row.id, Wish(changes, reason_code), revision=row.revision)


def sample(name: str) -> Any:
    return next(one.envelope for one in sample_set() if one.case == name)


async def wrong_project(w: World, amount: str = "100.00") -> Change:
    """Let a report arrive whose project nobody knows; return what corrects it."""
    held = await arrive(w, claim_document("A", project="P-NONE", amount=amount))
    assert (held.state, held.reason) == ("on_hold", "master_data")
    line = (await case(w)).field_path.rpartition(".")[0]
    return Change(f"{line}.project", "P-NONE", "")


async def test_coding_is_corrected_by_its_owner_alone_and_the_corrected_version_is_posted(either: World) -> None:
    w = either
    anna = await person(w, "anna", Role.ANALYST)
    change = await wrong_project(w)
    submitted = await propose(w, anna, change)
    first, second = await w.transactions()
    assert submitted.is_waived
    assert (first.state, first.reason, second.state, second.version) == ("superseded", "corrected", "received", 2)
    assert (await case(w)).state == "retrying"
    await w.settle()
    assert [one.state for one in await w.transactions()] == ["superseded", "posted"]
    resolved = await case(w)
    assert (resolved.state, resolved.transaction_id) == ("resolved", second.id)
    assert resolved.evidence.startswith("posted as")
    assert await w.parts.read(is_balanced)


async def test_the_envelope_stays_as_it_came_and_the_difference_stands_beside_it(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    change = await wrong_project(w)
    await propose(w, anna, change)
    first, second = await w.transactions()
    kept = (await w.parts.read(lambda session: corrections.of(session, [second.id])))[second.id]
    assert second.payload_id == first.payload_id
    assert (kept.changes, kept.row.corrects_id, kept.row.maker) == ((change,), first.id, "anna")
    told = [entry for entry in await w.story(second.id) if entry.kind == "version"]
    assert [entry.facts["fields"] for entry in told] == [[change.path]]
    assert "P-NONE" not in str([entry.facts for entry in await w.story(second.id)])


async def test_what_is_corrected_twice_keeps_its_first_correction(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    change = await wrong_project(w)
    await propose(w, anna, replace(change, after="P-NEITHER"))
    await w.settle()
    assert (await w.transactions())[-1].state == "on_hold"
    again = await case(w)
    assert (again.state, again.attempt, again.claimed_by) == ("in_progress", 2, anna.person_id)
    await propose(w, anna, replace(change, before="P-NEITHER"))
    await w.settle()
    assert [one.state for one in await w.transactions()] == ["superseded", "superseded", "posted"]


async def test_an_amount_is_never_corrected_by_one_person(either: World) -> None:
    w = either
    anna, paul = await person(w, "anna", Role.ANALYST, Role.APPROVER), await person(w, "paul", Role.APPROVER)
    failed = await arrive(w, sample("wrong_total"))
    stated = next(one for one in await do(w, anna, acts.fields, failed) if one.path == "total")
    line_sum = (await case(w)).values["line_sum"].split()[0].replace(",", "")
    change = Change("total", stated.value, line_sum)
    assert not (await propose(w, anna, change, reason_code=CorrectionReason.WRONG_AMOUNT)).is_waived
    assert ((await case(w)).state, (await w.transactions())[-1].version) == ("pending_approval", 1)
    with pytest.raises(NotAllowedError, match="You proposed it"):
        await decide(w, anna)
    await decide(w, paul)
    corrected = (await w.transactions())[-1]
    assert (corrected.version, corrected.state) == (2, "received")
    await w.settle()
    assert (await w.transactions())[-1].state == "posted"
    assert await w.parts.read(is_balanced)


async def test_above_the_governed_limit_a_day_coding_needs_two_as_well(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    assert not (await propose(w, anna, await wrong_project(w, amount="1000.01"))).is_waived


async def test_neither_the_payee_of_before_nor_of_after_corrects_or_approves(w: World) -> None:
    failed = await arrive(w, sample("wrong_total"))
    payee = failed.counterparty
    (anna, paid, boss_of) = (
        await person(w, "anna", Role.ANALYST),
        await person(w, "pat", Role.ANALYST, Role.APPROVER, employee_ref=payee),
        await person(w, "omar", Role.ANALYST, Role.APPROVER, employee_ref="E-OTHER"),
    )
    change = Change("employee", payee, "E-OTHER")
    with pytest.raises(OwnDocumentError):
        await do(w, paid, claim, (await case(w)).id, revision=(await case(w)).revision)
    with pytest.raises(OwnDocumentError):
        await propose(w, boss_of, change)
    await do(w, boss_of, giving_back, await case(w))
    await propose(w, anna, change, reason_code=CorrectionReason.WRONG_PAYEE)
    for approver in (paid, boss_of):
        with pytest.raises(NotAllowedError):
            await decide(w, approver)
    assert ((await approval(w)).state, (await w.transactions())[-1].version) == ("open", 1)


def giving_back(hand: Hand, row: ExceptionCaseRow) -> None:
    from control_plane.acts.claims import give_back  # noqa: PLC0415

    give_back(hand, row.id, revision=row.revision)


async def test_a_refused_correction_changes_nothing_and_its_owner_goes_on_working(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await arrive(w, sample("wrong_total"))
    await propose(w, anna, Change("employee", failed.counterparty, "E-9"))
    await decide(w, paul, deciding.refuse)
    after = await case(w)
    assert (after.state, after.claimed_by, (await approval(w)).state) == ("in_progress", anna.person_id, "refused")
    assert len(await w.transactions()) == 1


async def test_what_somebody_proposed_who_is_shut_out_goes_back_to_the_team(w: World) -> None:
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await arrive(w, sample("wrong_total"))
    await propose(w, anna, Change("employee", failed.counterparty, "E-9"))
    await w.parts.write(lambda unit: people.deactivate(unit.session, anna.person_id))
    with pytest.raises(NotAllowedError, match="shut out"):
        await decide(w, paul)
    await decide(w, paul, deciding.refuse)
    after = await case(w)
    assert (after.state, after.claimed_by) == ("new", None)


async def test_a_withdrawn_correction_changes_nothing(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    failed = await arrive(w, sample("wrong_total"))
    await propose(w, anna, Change("employee", failed.counterparty, "E-9"))
    row = await approval(w)
    await do(w, anna, deciding.withdraw, row.id, revision=row.revision, consequences=CONSEQUENCES)
    assert ((await case(w)).state, (await approval(w)).state) == ("in_progress", "withdrawn")


async def test_a_recall_meanwhile_outdates_the_proposal(either: World) -> None:
    w = either
    anna, paul = await person(w, "anna", Role.ANALYST), await person(w, "paul", Role.APPROVER)
    failed = await arrive(w, sample("wrong_total"))
    await propose(w, anna, Change("employee", failed.counterparty, "E-9"))
    await w.recall(failed.source_document_id)
    await w.pull("concur", "recalls")
    await w.settle()
    assert (await w.transactions())[-1].state == "cancelled"
    assert ((await approval(w)).state, (await case(w)).state) == ("outdated", "cancelled")
    with pytest.raises(NotPossibleError):
        await decide(w, paul)


async def test_the_source_may_recall_a_corrected_version_and_approve_the_same_again(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    await propose(w, anna, await wrong_project(w))
    second = (await w.transactions())[-1]
    await w.recall(second.source_document_id)
    await w.pull("concur", "recalls")
    await w.settle()
    assert [one.state for one in await w.transactions()] == ["superseded", "cancelled"]
    assert await come_again(w, second) == frozenset()
    await w.settle()
    third = (await w.transactions())[-1]
    assert (third.version, third.state, third.reason) == (3, "on_hold", "master_data")
    assert await w.parts.read(is_balanced)


async def test_what_the_source_shows_again_does_not_undo_a_correction(w: World) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    await propose(w, anna, await wrong_project(w))
    second = (await w.transactions())[-1]
    assert await come_again(w, second) == {("concur", second.source_document_id)}
    await w.settle()
    assert [one.state for one in await w.transactions()] == ["superseded", "posted"]


async def come_again(w: World, document: TransactionRow) -> frozenset[tuple[str, str]]:
    """Let the very same envelope come once more; return what of it was only counted."""
    source = w.parts.connectors["concur"].source
    assert source is not None

    def again(unit: Unit) -> frozenset[tuple[str, str]]:
        number = document.payload_id
        header, body = inbox.headers_of(unit.session, [number])[number], payloads.bodies(unit.session, [number])[number]
        return receive(unit, Feed("concur", "expense_reports", source), [envelope_of(header, body)]).repeated

    return await w.parts.write(again)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (Change("legal_entity", "DE01", "FR02"), "no field that may be corrected"),
        (Change("lines.99.project", "", "P-05"), "has no line 99"),
        (Change("title", "What it never said", "x"), "does not say"),
        (Change("document_date", "", "31 February"), "is no date"),
    ],
)
async def test_what_cannot_be_corrected_is_refused_in_words(w: World, change: Change, because: str) -> None:
    anna = await person(w, "anna", Role.ANALYST)
    failed = await arrive(w, sample("wrong_total"))
    if change.path == "document_date":
        said = next(one for one in await do(w, anna, acts.fields, failed) if one.path == "document_date")
        change = replace(change, before=said.value)
    with pytest.raises(NotPossibleError, match=because):
        await propose(w, anna, change)
    assert len(await w.transactions()) == 1
