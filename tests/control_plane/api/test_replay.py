"""Replay over HTTP: a failed document is delivered again from what is kept of it."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from control_plane.domain.access import Role
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Reason, State
from control_plane.store import payloads
from control_plane.store.payloads import Payload
from control_plane.store.tables import TransactionRow
from tests.control_plane.api.stand import Stand


def failed(stand: Stand, *, has_passed: bool = True) -> TransactionRow:
    """Return a failed document, with the ERP documents that it was bound to if it had passed its checks."""
    with stand.database.write() as session:
        kept = Payload("intents", "application/json", b"[]")
        (number,) = payloads.put(session, stand.runtime.ids, [kept], now=stand.runtime.now())
    return stand.document(State.FAILED, Reason.REJECTED, intents_payload_id=number if has_passed else None)


async def replay(client: AsyncClient, row: TransactionRow, as_of: str, **headers: str) -> Response:
    path = f"/v1/transactions/{public_id('txn', row.id)}/replay"
    sent: dict[str, Any] = {"as_of": as_of, "reason": "The mapping was wrong"}
    return await client.post(path, json=sent, headers={"if-match": f'"{row.revision}"', **headers})


@pytest.mark.parametrize(("as_of", "state"), [("then", "ready"), ("now", "received")])
async def test_a_failed_document_is_delivered_again(stand: Stand, as_of: str, state: str) -> None:
    row = failed(stand)
    case = stand.case(row)
    async with stand.client(stand.key(Role.ANALYST)) as client:
        answer = await replay(client, row, as_of)
        story = (await client.get(f"/v1/transactions/{public_id('txn', row.id)}/lineage")).json()["items"]
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["reason"]) == (state, "replay")
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    assert (story[-1]["name"], story[-1]["facts"]["as_of"]) == ("replay", as_of)
    assert stand.case_row(case.id).state == "retrying"


async def test_what_never_passed_its_checks_can_only_be_read_anew(stand: Stand) -> None:
    row = failed(stand, has_passed=False)
    async with stand.client(stand.key(Role.ANALYST)) as client:
        then, now = await replay(client, row, "then"), await replay(client, row, "now")
    assert (then.status_code, then.json()["code"]) == (409, "not_possible")
    assert "there is nothing from then to send" in then.json()["detail"]
    assert now.status_code == 200


async def test_only_what_failed_is_replayed_and_only_once(lite: Stand) -> None:
    row, other = failed(lite), lite.document(State.READY)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        first, again = await replay(client, row, "now"), await replay(client, row, "now")
        ready = await replay(client, other, "now")
    assert [first.status_code, again.status_code, ready.status_code] == [200, 412, 409]


async def test_who_only_looks_replays_nothing_and_nobody_their_own_claim(lite: Stand) -> None:
    row = failed(lite)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        assert (await replay(client, row, "now")).status_code == 403
    async with lite.client(lite.key(Role.ANALYST, employee_ref=row.counterparty)) as client:
        assert (await replay(client, row, "now")).status_code == 403
    async with lite.client(lite.key(Role.ANALYST)) as client:
        assert (await replay(client, row, "then", **{"if-match": "*"})).status_code == 428


async def test_what_somebody_else_works_on_is_left_to_them(lite: Stand) -> None:
    row = failed(lite)
    case = lite.case(row)
    async with lite.client(lite.key(Role.ANALYST)) as anna, lite.client(lite.key(Role.ANALYST)) as kim:
        claim = f"/v1/exceptions/{public_id('exc', case.id)}/claim"
        (await anna.post(claim, headers={"if-match": f'"{case.revision}"'})).raise_for_status()
        assert (await replay(kim, row, "now")).status_code == 409
        assert (await replay(anna, row, "now")).status_code == 200
