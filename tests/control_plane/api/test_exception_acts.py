"""An exception's life over HTTP: kept, put aside, handed over, merged, closed; and what a stale tab is told."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.twins.running import running_in_thread
from control_plane.domain.access import Role
from control_plane.domain.case_ends import CLOSES_AFTER
from control_plane.domain.exception_case import CLAIM_LASTS, FORM_LASTS
from control_plane.domain.materiality import Materiality
from control_plane.domain.transaction import Reason, State
from control_plane.store import exception_cases, exception_sweeps
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import Stand, at, exc, seen, txn

BECAUSE = {"reason": "The vendor was asked"}


async def act(
    stand: Stand, key: str, row: ExceptionCaseRow, name: str, body: Mapping[str, Any] | None = None
) -> httpx.Response:
    """Do something with the exception as it is now."""
    async with stand.client(key) as client:
        headers = seen(stand.case_row(row.id))
        return await client.post(f"/v1/exceptions/{exc(row)}/{name}", headers=headers, json=body)


async def done(stand: Stand, key: str, row: ExceptionCaseRow, name: str, body: Mapping[str, Any] | None = None) -> Any:
    """Do the same where it is allowed, and return the exception then."""
    answer = await act(stand, key, row, name, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sweep(stand: Stand, after: timedelta) -> None:
    stand.runtime.advance(after)
    with stand.database.write() as session:
        exception_sweeps.sweep(session, Materiality, now=stand.runtime.now())


def resolve(stand: Stand, row: ExceptionCaseRow) -> None:
    with stand.database.write() as session:
        exception_cases.resolve_for(session, {row.transaction_id or 0: "posted as 49"}, now=stand.runtime.now())


def later(stand: Stand, hours: int = 5) -> datetime:
    return stand.runtime.now() + timedelta(hours=hours)


async def test_of_fifty_who_claim_at_once_over_real_connections_one_gets_it(stand: Stand) -> None:
    row = stand.stuck()
    keys = [stand.key(Role.ANALYST, login=f"analyst{number}") for number in range(10)]
    path = f"/v1/exceptions/{exc(row)}/claim"
    with running_in_thread(stand.app()) as server:
        async with httpx.AsyncClient(base_url=server.url, verify=False, timeout=30) as client:
            tries = [{**seen(row), "authorization": f"Bearer {key}"} for key in keys * 5]
            answers = await asyncio.gather(*(client.post(path, headers=headers) for headers in tries))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 49
    winner = next(one.json()["claimed_by"]["login"] for one in answers if one.status_code == 200)
    lost = [one.json() for one in answers if one.status_code == 412]
    assert {one["code"] for one in lost} == {"changed_meanwhile"}
    assert all(f"claim by {winner}" in one["detail"] for one in lost)
    assert {told["by"] for one in lost for told in one["meanwhile"]} == {winner}


async def test_a_stale_tab_is_told_who_did_what_when(stand: Stand) -> None:
    anna, row = stand.key(Role.ANALYST, login="anna"), stand.stuck()
    await done(stand, anna, row, "claim")
    await done(stand, anna, row, "defer", {**BECAUSE, "wake_at": at(later(stand))})
    sweep(stand, timedelta(hours=5))
    async with stand.client(stand.key(Role.ANALYST)) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
    assert answer.status_code == 412
    told = [(one["by"], one["did"], one["revision"]) for one in answer.json()["meanwhile"]]
    assert told == [("anna", "claim", 2), ("anna", "defer", 3), ("tieout", "in_progress", 4)]
    assert answer.json()["meanwhile"][-1]["at"] == at(stand.runtime.now())


async def test_an_open_form_keeps_a_claim_and_what_was_seen_stays_true(lite: Stand) -> None:
    key, row = lite.key(Role.ANALYST), lite.stuck()
    claimed = await done(lite, key, row, "claim")
    for _ in range(5):
        sweep(lite, FORM_LASTS - timedelta(seconds=1))
        await done(lite, key, row, "keep-open")
    kept = await done(lite, key, row, "keep-open")
    assert (kept["state"], kept["revision"]) == ("assigned", claimed["revision"])
    assert kept["claim_expires_at"] == at(lite.runtime.now() + FORM_LASTS)
    sweep(lite, CLAIM_LASTS)
    assert lite.case_row(row.id).state == "new"
    assert (await act(lite, key, row, "keep-open")).status_code == 409


async def test_work_does_not_expire_and_is_given_back(lite: Stand) -> None:
    key, row = lite.key(Role.ANALYST), lite.stuck()
    await done(lite, key, row, "claim")
    worked = await done(lite, key, row, "start-work")
    assert (worked["state"], worked["claim_expires_at"]) == ("in_progress", None)
    sweep(lite, timedelta(days=3))
    assert (await done(lite, key, row, "give-back"))["state"] == "new"


async def test_what_is_put_aside_wakes_and_says_why_it_slept(lite: Stand) -> None:
    key, row = lite.key(Role.ANALYST), lite.stuck()
    await done(lite, key, row, "claim")
    aside = await done(lite, key, row, "defer", {**BECAUSE, "wake_at": at(later(lite))})
    assert (aside["state"], aside["defer_reason"], aside["wake_at"]) == ("deferred", BECAUSE["reason"], at(later(lite)))
    assert aside["acts"] == ["start_work", "merge"]
    sweep(lite, timedelta(hours=5))
    assert lite.case_row(row.id).state == "in_progress"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"wake_at": "2027-01-01T09:00:00Z"}, 422),
        ({"reason": "Mail sent"}, 422),
        ({"reason": "Mail sent", "wake_at": "2020-01-01T09:00:00Z"}, 409),
        ({"reason": "Mail sent", "wake_at": "2099-01-01T09:00:00Z"}, 409),
        ({"reason": "Mail sent", "wake_at": "2027-01-01T09:00:00"}, 422),
    ],
)
async def test_nothing_is_put_aside_without_reason_and_moment(lite: Stand, body: dict[str, str], status: int) -> None:
    key, row = lite.key(Role.ANALYST), lite.stuck()
    await done(lite, key, row, "claim")
    assert (await act(lite, key, row, "defer", body)).status_code == status


async def test_a_hand_over_arrives_when_the_other_one_accepts(stand: Stand) -> None:
    anna, berta = stand.key(Role.ANALYST, login="anna"), stand.key(Role.ANALYST, login="berta")
    row = stand.stuck()
    await done(stand, anna, row, "claim")
    offered = await done(stand, anna, row, "hand-over", {**BECAUSE, "person": "berta"})
    assert (offered["claimed_by"]["login"], offered["offered_to"]["login"]) == ("anna", "berta")
    assert offered["acts"] == [
        "start_work",
        "give_back",
        "defer",
        "refuse_hand_over",
        "retry",
        "return_to_source",
        "propose_correction",
        "propose_hand_posting",
        "merge",
    ]
    async with stand.client(berta) as client:
        shown = (await client.get(f"/v1/exceptions/{exc(row)}")).json()
        mine = (await client.get("/v1/exceptions", params={"is_offered_to_me": "true"})).json()["items"]
    assert shown["acts"] == ["accept_hand_over", "refuse_hand_over"]
    assert [one["id"] for one in mine] == [exc(row)]
    taken = await done(stand, berta, row, "accept-hand-over")
    assert (taken["claimed_by"]["login"], taken["offered_to"], taken["state"]) == ("berta", None, "assigned")


async def test_a_team_accepts_and_is_accountable(lite: Stand) -> None:
    anna, berta = lite.key(Role.ANALYST), lite.key(Role.ANALYST)
    row = lite.stuck()
    await done(lite, anna, row, "claim")
    offered = await done(lite, anna, row, "hand-over", {**BECAUSE, "team": "integration_platform"})
    assert (offered["offered_team"], offered["team"]) == ("integration_platform", "erp_team")
    assert (await done(lite, berta, row, "accept-hand-over"))["team"] == "integration_platform"


async def test_refusing_a_hand_over_bounces_at_once(lite: Stand) -> None:
    anna, berta = lite.key(Role.ANALYST, login="anna"), lite.key(Role.ANALYST, login="berta")
    row = lite.stuck()
    await done(lite, anna, row, "claim")
    for who in (berta, anna):
        await done(lite, anna, row, "hand-over", {**BECAUSE, "person": "berta"})
        back = await done(lite, who, row, "refuse-hand-over", BECAUSE)
        assert (back["claimed_by"]["login"], back["offered_to"]) == ("anna", None)


async def test_nothing_is_handed_to_who_cannot_take_it(lite: Stand) -> None:
    anna, row = lite.key(Role.ANALYST, login="anna"), lite.stuck(counterparty="E4711")
    lite.key(Role.VIEWER, login="vera")
    lite.key(Role.ANALYST, login="paid", employee_ref="E4711")
    await done(lite, anna, row, "claim")
    for receiver in (
        {"person": "vera"},
        {"person": "paid"},
        {"person": "nobody"},
        {"team": "no_team"},
        {"person": "anna"},
    ):
        assert (await act(lite, anna, row, "hand-over", {**BECAUSE, **receiver})).status_code == 409, receiver
    for receiver in ({}, {"person": "vera", "team": "erp_team"}):
        assert (await act(lite, anna, row, "hand-over", {**BECAUSE, **receiver})).status_code == 422, receiver


async def test_nobody_else_accepts_a_hand_over(lite: Stand) -> None:
    anna, other = lite.key(Role.ANALYST), lite.key(Role.ANALYST)
    lite.key(Role.ANALYST, login="berta")
    row = lite.stuck()
    await done(lite, anna, row, "claim")
    await done(lite, anna, row, "hand-over", {**BECAUSE, "person": "berta"})
    for name in ("accept-hand-over", "claim"):
        assert (await act(lite, other, row, name)).status_code == 409
    assert (await act(lite, other, row, "refuse-hand-over", BECAUSE)).status_code == 409


async def test_merged_exceptions_are_taken_apart_for_good(stand: Stand) -> None:
    key = stand.key(Role.ANALYST)
    row, into = stand.stuck(), stand.case(stand.document(State.FAILED, Reason.REJECTED), "closed_period")
    await done(stand, key, row, "claim")
    merged = await done(stand, key, row, "merge", {**BECAUSE, "into": exc(into)})
    assert (merged["state"], merged["merged_into"], merged["acts"]) == ("merged", exc(into), ["un_merge"])
    apart = await done(stand, key, row, "un-merge", BECAUSE)
    assert (apart["state"], apart["merged_into"]) == ("new", None)
    for one, other in ((row, into), (into, row)):
        await done(stand, key, one, "claim")
        refused = await act(stand, key, one, "merge", {**BECAUSE, "into": exc(other)})
        assert refused.json()["detail"] == "The two were taken apart before; they are not merged again."


async def test_nothing_is_merged_into_what_is_not_there_or_told_elsewhere(lite: Stand) -> None:
    key = lite.key(Role.ANALYST)
    first, second, third = lite.stuck(), lite.stuck(), lite.stuck()
    await done(lite, key, first, "claim")
    await done(lite, key, first, "merge", {**BECAUSE, "into": exc(second)})
    await done(lite, key, second, "claim")
    await done(lite, key, third, "claim")
    for row, into in ((second, exc(third)), (third, exc(first)), (third, exc(third)), (third, "exc_0000000000007")):
        assert (await act(lite, key, row, "merge", {**BECAUSE, "into": into})).status_code in {404, 409}


async def test_above_materiality_only_a_controller_closes(lite: Stand) -> None:
    row = lite.stuck(group_minor=99_999_999)
    resolve(lite, row)
    sweep(lite, CLOSES_AFTER)
    assert lite.case_row(row.id).state == "resolved"
    assert (await act(lite, lite.key(Role.ANALYST), row, "close", BECAUSE)).status_code == 403
    closed = await done(lite, lite.key(Role.CONTROLLER), row, "close", BECAUSE)
    assert (closed["state"], closed["evidence"]) == ("closed", "posted as 49")


async def test_what_is_not_resolved_nobody_closes(lite: Stand) -> None:
    row = lite.stuck()
    assert (await act(lite, lite.key(Role.CONTROLLER), row, "close", BECAUSE)).status_code == 409


async def test_after_a_closed_exception_the_next_one_is_linked(lite: Stand) -> None:
    row = lite.stuck()
    resolve(lite, row)
    await done(lite, lite.key(Role.CONTROLLER), row, "close", BECAUSE)
    again = lite.case(lite.transaction_row(row.transaction_id))
    async with lite.client(lite.key(Role.VIEWER)) as client:
        shown = (await client.get(f"/v1/exceptions/{exc(again)}")).json()
    assert (shown["former_id"], shown["state"]) == (exc(row), "new")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.AUDITOR, Role.MACHINE])
async def test_who_may_not_claim_does_nothing_of_all_this(lite: Stand, role: Role) -> None:
    row, other, key = lite.stuck(), lite.stuck(), lite.key(role)
    bodies: dict[str, dict[str, str] | None] = {
        "keep-open": None,
        "start-work": None,
        "defer": {**BECAUSE, "wake_at": at(later(lite))},
        "hand-over": {**BECAUSE, "team": "erp_team"},
        "accept-hand-over": None,
        "refuse-hand-over": BECAUSE,
        "merge": {**BECAUSE, "into": exc(other)},
        "un-merge": BECAUSE,
        "close": BECAUSE,
    }
    for name, body in bodies.items():
        assert (await act(lite, key, row, name, body)).status_code == 403, name
    assert lite.case_row(row.id).revision == row.revision


async def test_a_stale_tab_of_a_document_is_told_how_it_went_on(lite: Stand) -> None:
    anna, row = lite.key(Role.ANALYST, login="anna"), lite.document(State.FAILED, Reason.CONTRACT)
    path, body = f"/v1/transactions/{txn(row)}/replay", {"reason": "Fixed at the source", "as_of": "now"}
    headers = {"if-match": f'"{row.revision}"'}
    async with lite.client(anna) as client:
        first = await client.post(path, json=body, headers=headers)
        again = await client.post(path, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 412), first.text
    assert [(one["by"], one["did"]) for one in again.json()["meanwhile"]] == [("anna", "received")]
