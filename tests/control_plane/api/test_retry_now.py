"""Sent at once over HTTP: what would be tried again later by itself."""

from datetime import timedelta

from httpx import AsyncClient, Response

from control_plane.domain.access import Role
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Reason, State
from control_plane.store.tables import TransactionRow
from tests.control_plane.api.stand import Stand, txn


async def send_now(client: AsyncClient, row: TransactionRow) -> Response:
    because = {"reason": "The ERP is set right"}
    headers = {"if-match": f'"{row.revision}"'}
    return await client.post(f"/v1/transactions/{txn(row)}/retry-now", json=because, headers=headers)


def waiting(stand: Stand) -> TransactionRow:
    """Return a document that is tried again in an hour."""
    return stand.document(State.READY, Reason.RETRY, priority_at=stand.runtime.now() + timedelta(hours=1))


async def test_the_planned_try_is_brought_forward(stand: Stand) -> None:
    row = waiting(stand)
    async with stand.client(stand.key(Role.ANALYST)) as client:
        answer = await send_now(client, row)
        again = await send_now(client, stand.transaction_row(row.id))
    assert answer.status_code == 200
    assert stand.transaction_row(row.id).priority_at == stand.runtime.now()
    assert (again.status_code, again.json()["detail"]) == (409, "It does not wait for another try.")


async def test_who_may_not_retry_may_not_hurry_either(lite: Stand) -> None:
    row = waiting(lite)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        refused = await send_now(client, row)
        unknown = await client.get(f"/v1/transactions/{public_id('txn', 1)}")
    assert (refused.status_code, unknown.status_code) == (403, 404)
