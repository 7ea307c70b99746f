"""Pasted lists into claim and hand-over: each identifier by itself, each with its own outcome."""

from collections import Counter
from typing import Any

import httpx
import pytest

from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import State
from control_plane.store import exception_cases
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import Stand, exc, seen, txn


async def post(stand: Stand, key: str, name: str, identifiers: list[str], **fields: str) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post(f"/v1/exceptions/{name}", json={"identifiers": identifiers, **fields})


async def listed(stand: Stand, key: str, name: str, identifiers: list[str], **fields: str) -> dict[str, Any]:
    answer = await post(stand, key, name, identifiers, **fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def number_of(stand: Stand, row: ExceptionCaseRow) -> str:
    return stand.transaction_row(row.transaction_id).document_number


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["identifier"], one["outcome"]) for one in answer["items"]]


async def test_of_two_hundred_pasted_identifiers_197_are_claimed_and_3_are_named(stand: Stand) -> None:
    rows = [stand.stuck() for _ in range(197)]
    identifiers = [number_of(stand, row) for row in rows]
    unknown = ["NO-SUCH-1", "NO-SUCH-2", public_id("txn", 7)]
    answer = await listed(stand, stand.key(Role.ANALYST, login="anna"), "claim-listed", identifiers + unknown)
    assert (answer["found_count"], answer["unknown"]) == (197, unknown)
    assert Counter(one["outcome"] for one in answer["items"]) == {"done": 197, "unknown": 3}
    assert {stand.case_row(row.id).state for row in rows} == {"assigned"}
    async with stand.client(stand.key(Role.AUDITOR)) as client:
        entries = (await client.get("/v1/audit", params={"actor": "anna", "limit": 200})).json()["items"]
    assert Counter(one["action"] for one in entries) == {"exception.claim": 197}


async def test_each_identifier_has_its_own_outcome(lite: Stand) -> None:
    anna = lite.key(Role.ANALYST, employee_ref="E4711")
    free, taken, done, own = lite.stuck(), lite.stuck(), lite.stuck(), lite.stuck(counterparty="E4711")
    async with lite.client(lite.key(Role.ANALYST)) as client:
        await client.post(f"/v1/exceptions/{exc(taken)}/claim", headers=seen(taken))
    with lite.database.write() as session:
        exception_cases.resolve_for(session, {done.transaction_id or 0: "posted as 49"}, now=lite.runtime.now())
    healthy = lite.document(State.READY)
    names = [exc(free), number_of(lite, taken), number_of(lite, done), number_of(lite, own), txn(healthy), "nothing"]
    answer = await listed(lite, anna, "claim-listed", names)
    assert [outcome for _, outcome in outcomes(answer)] == [
        "done",
        "refused",
        "nothing_open",
        "refused",
        "nothing_open",
        "unknown",
    ]
    assert answer["items"][1]["why"] == "Somebody else has claimed the exception."
    assert answer["items"][3]["why"].startswith("The document pays you")
    async with lite.client(lite.key(Role.AUDITOR)) as client:
        refused = (await client.get("/v1/audit", params={"action": "act.refused"})).json()["items"]
    assert [one["object_id"] for one in refused] == [exc(own)]


async def test_one_exception_under_two_names_is_claimed_once(lite: Stand) -> None:
    row = lite.stuck()
    answer = await listed(lite, lite.key(Role.ANALYST), "claim-listed", [exc(row), number_of(lite, row), exc(row)])
    assert [outcome for _, outcome in outcomes(answer)] == ["done", "done"]
    assert lite.case_row(row.id).revision == row.revision + 1


async def test_a_list_is_handed_over_and_claimed_first_where_nobody_has_it(stand: Stand) -> None:
    anna = stand.key(Role.ANALYST, login="anna")
    stand.key(Role.ANALYST, login="berta", employee_ref="E4711")
    mine, free, hers = stand.stuck(), stand.stuck(), stand.stuck(counterparty="E4711")
    async with stand.client(anna) as client:
        await client.post(f"/v1/exceptions/{exc(mine)}/claim", headers=seen(mine))
    names = [number_of(stand, row) for row in (mine, free, hers)]
    answer = await listed(stand, anna, "hand-over-listed", names, reason="Your entity", person="berta")
    assert [outcome for _, outcome in outcomes(answer)] == ["done", "done", "refused"]
    offered = [stand.case_row(row.id) for row in (mine, free, hers)]
    assert [row.offer_expires_at is not None for row in offered] == [True, True, False]
    assert offered[2].state == "new"  # what was begun for it has not happened


async def test_a_list_names_nothing_of_other_entities(lite: Stand) -> None:
    row = lite.stuck(legal_entity_id="FR02")
    german = lite.key(Grant(Role.ANALYST, "DE01"))
    names = [exc(row), number_of(lite, row), public_id("txn", row.transaction_id or 0)]
    answer = await listed(lite, german, "claim-listed", names)
    assert answer["unknown"] == names


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("claim-listed", {"identifiers": []}),
        ("claim-listed", {"identifiers": ["x"] * 201}),
        ("claim-listed", {"identifiers": ["  "]}),
        ("hand-over-listed", {"identifiers": ["x"], "reason": "Yours"}),
        ("hand-over-listed", {"identifiers": ["x"], "person": "berta"}),
    ],
)
async def test_a_list_that_is_none_is_refused(lite: Stand, name: str, body: dict[str, Any]) -> None:
    async with lite.client(lite.key(Role.ANALYST)) as client:
        assert (await client.post(f"/v1/exceptions/{name}", json=body)).status_code == 422


async def test_who_may_not_claim_gets_every_line_refused(lite: Stand) -> None:
    row = lite.stuck()
    answer = await listed(lite, lite.key(Role.VIEWER), "claim-listed", [exc(row)])
    assert outcomes(answer) == [(exc(row), "refused")]
    assert lite.case_row(row.id).state == "new"


async def test_the_same_key_claims_a_list_once(lite: Stand) -> None:
    row, key = lite.stuck(), lite.key(Role.ANALYST)
    async with lite.client(key) as client:
        headers = {"idempotency-key": "list-1"}
        answers = [
            await client.post("/v1/exceptions/claim-listed", json={"identifiers": [exc(row)]}, headers=headers)
            for _ in range(2)
        ]
    assert answers[0].content == answers[1].content
    assert lite.case_row(row.id).revision == row.revision + 1
