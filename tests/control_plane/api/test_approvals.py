"""Approvals over HTTP: what waits for whom, decisions by a second person only, and every refused try on record."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlmodel import select

from control_plane.acts.approvals import Consequence
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import Hand, NotPossibleError
from control_plane.domain.access import Grant, Role
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.identity import public_id
from control_plane.engine.parts import Unit
from control_plane.store import approvals, people
from control_plane.store.tables import ApprovalRow, AuditRow
from tests.control_plane.api.stand import Stand

KIND = "example"
BECAUSE = {"reason": "It is right so"}
PROPOSAL = Proposal(KIND, Subject("exception", 17), {"project": "P2"}, "DE01", "EUR", 41_250, 41_250)


class Followed(list[str]):
    """What followed from decisions."""

    def approved(self, _hand: Hand, row: ApprovalRow) -> None:
        if row.subject_id == 13:
            raise NotPossibleError("The document has moved on.")
        self.append("approved")

    def let_go(self, _hand: Hand, _row: ApprovalRow) -> None:
        self.append("let go")


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> Followed:
    seen = Followed()
    monkeypatch.setitem(CONSEQUENCES, KIND, Consequence(seen.approved, seen.let_go))
    return seen


def propose(stand: Stand, login: str, proposal: Proposal = PROPOSAL) -> ApprovalRow:
    with stand.database.write() as session:
        unit = Unit(session, stand.runtime.now(), stand.runtime.ids, {})
        person = people.by_login(session, login)
        assert person is not None
        maker = people.actor(session, person.id, now=unit.now)
        assert maker is not None
        number = approvals.add(session, unit.ids, proposal, maker, reason="Closed", now=unit.now)
        assert number is not None
    return found(stand, number)


def found(stand: Stand, number: int) -> ApprovalRow:
    with stand.database.read() as session:
        row = approvals.row_of(session, number)
        assert row is not None
        return row


def refusals(stand: Stand) -> list[str]:
    with stand.database.read() as session:
        return [row.reason for row in session.exec(select(AuditRow).where(AuditRow.action == "act.refused")).all()]


async def act(stand: Stand, key: str, row: ApprovalRow, name: str = "approve", **body: Any) -> httpx.Response:
    asked = BECAUSE | ({} if name == "withdraw" else {"content_sha256": row.content_sha256}) | body
    async with stand.client(key) as client:
        return await client.post(
            f"/v1/approvals/{public_id('apr', row.id)}/{name}", headers={"if-match": f'"{row.revision}"'}, json=asked
        )


async def test_a_second_person_approves_and_what_was_proposed_happens(stand: Stand, followed: Followed) -> None:
    stand.key(Role.ANALYST, login="anna")
    row = propose(stand, "anna")
    answer = await act(stand, stand.key(Role.APPROVER, login="paul"), row)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["checker"], answer.json()["acts"]) == ("approved", "paul", [])
    assert followed == ["approved"]


async def test_of_many_who_approve_at_once_one_does(stand: Stand, followed: Followed) -> None:
    stand.key(Role.ANALYST, login="anna")
    row = propose(stand, "anna")
    keys = [stand.key(Role.APPROVER) for _ in range(4)]
    answers = await asyncio.gather(*(act(stand, key, row) for key in keys * 3))
    said = [answer.status_code for answer in answers]
    assert said.count(200) == 1
    assert set(said) - {200} <= {409, 412}  # who came later, and who stood beside it
    assert followed == ["approved"]


async def test_nobody_approves_their_own_whatever_key_or_role_they_come_with(lite: Stand, followed: Followed) -> None:
    every = [role for role in Role if role is not Role.MACHINE]
    keys = [lite.key(*every, login="anna", employee_ref="E1"), lite.key(*every, login="anna.admin", employee_ref="E1")]
    with lite.database.write() as session:
        person = people.by_login(session, "anna")
        assert person is not None
        keys.append(people.issue_key(session, lite.runtime.ids, person.id, entropy=b"x" * 37, now=lite.runtime.now()))
    row = propose(lite, "anna")
    for key in keys:
        answer = await act(lite, key, row)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    assert refusals(lite) == ["You proposed it; somebody else has to decide."] * 3
    assert followed == []


async def test_who_is_shut_out_meanwhile_decides_nothing_nor_is_their_proposal_approved(
    lite: Stand, followed: Followed
) -> None:
    paul = lite.key(Role.APPROVER, login="paul")
    lite.key(Role.ANALYST, login="anna")
    row = propose(lite, "anna")
    with lite.database.write() as session:
        anna = people.by_login(session, "anna")
        assert anna is not None
        people.deactivate(session, anna.id)
    assert (await act(lite, paul, row)).json()["detail"].startswith("Who proposed it was shut out")
    assert (await act(lite, paul, row, "refuse")).status_code == 200
    assert followed == ["let go"]


async def test_a_proposal_that_reads_differently_is_not_approved_and_the_try_is_on_record(
    lite: Stand, followed: Followed
) -> None:
    lite.key(Role.ANALYST, login="anna")
    row = propose(lite, "anna")
    answer = await act(lite, lite.key(Role.APPROVER), row, content_sha256="0" * 64)
    assert (answer.status_code, answer.json()["detail"]) == (403, "The proposal is not the one that you read.")
    assert refusals(lite) == ["The proposal is not the one that you read."]
    assert followed == []


async def test_a_decision_that_cannot_be_carried_out_is_none(lite: Stand, followed: Followed) -> None:
    lite.key(Role.ANALYST, login="anna")
    row = propose(lite, "anna", replace(PROPOSAL, subject=Subject("exception", 13)))
    answer = await act(lite, lite.key(Role.APPROVER), row)
    assert (answer.status_code, found(lite, row.id).state) == (409, "open")


async def test_the_maker_takes_a_proposal_back_and_nobody_else_does(lite: Stand, followed: Followed) -> None:
    anna = lite.key(Role.ANALYST, login="anna")
    row = propose(lite, "anna")
    assert (await act(lite, lite.key(Role.ANALYST), row, "withdraw")).status_code == 403
    assert (await act(lite, anna, row, "withdraw")).json()["state"] == "withdrawn"
    assert (await act(lite, anna, row, "withdraw")).status_code == 409
    assert followed == ["let go"]


async def test_what_waits_for_me_is_neither_mine_nor_out_of_my_scope(lite: Stand) -> None:
    anna, paul = lite.key(Role.APPROVER, login="anna"), lite.key(Grant(Role.APPROVER, "DE01", 41_249), login="paul")
    mine = propose(lite, "anna")
    theirs = propose(lite, "paul", replace(PROPOSAL, subject=Subject("exception", 18), legal_entity="FR02"))

    async def waiting(key: str, **filters: str) -> list[dict[str, Any]]:
        async with lite.client(key) as client:
            return list((await client.get("/v1/approvals", params=filters)).json()["items"])

    assert [one["id"] for one in await waiting(anna, waiting_for_me="true")] == [public_id("apr", theirs.id)]
    assert [one["id"] for one in await waiting(anna, mine="true")] == [public_id("apr", mine.id)]
    (shown,) = await waiting(paul, waiting_for_me="true")
    assert (shown["acts"], shown["objection"]) == ([], "It is above your limit.")
    assert (await waiting(anna, mine="true"))[0]["acts"] == ["withdraw"]


async def test_who_only_looks_at_figures_does_not_see_what_is_asked_for(lite: Stand) -> None:
    lite.key(Role.ANALYST, login="anna")
    row = propose(lite, "anna")
    async with lite.client(lite.key(Role.VIEWER)) as client:
        answer = await client.get(f"/v1/approvals/{public_id('apr', row.id)}")
    assert (answer.json()["content"], answer.json()["acts"], answer.headers["etag"]) == (None, [], '"1"')
    async with lite.client(lite.key(Grant(Role.VIEWER, "FR02"))) as client:
        assert (await client.get(f"/v1/approvals/{public_id('apr', row.id)}")).status_code == 404
