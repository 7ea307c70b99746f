"""Comments and mentions over HTTP: they outlive retries and versions, and nobody changes them."""

from typing import Any

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from connectors.failures import Failure
from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Reason, State
from control_plane.store import exception_cases
from control_plane.store.exception_cases import Trouble
from control_plane.store.statements import table_of
from control_plane.store.tables import CommentRow
from control_plane.store.troubles import DatabaseTroubleError
from tests.control_plane.api.stand import Stand, exc, txn


async def say(stand: Stand, key: str, path: str, text: str) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post(f"/v1/{path}/comments", json={"text": text})


async def said(stand: Stand, key: str, path: str, **params: Any) -> list[dict[str, Any]]:
    async with stand.client(key) as client:
        return list((await client.get(f"/v1/{path}/comments", params=params)).json()["items"])


async def mentions(stand: Stand, key: str) -> list[dict[str, Any]]:
    async with stand.client(key) as client:
        return list((await client.get("/v1/mentions")).json()["items"])


async def test_a_comment_is_seen_at_the_exception_and_at_every_version_of_its_document(stand: Stand) -> None:
    anna = stand.key(Role.ANALYST, login="anna")
    first = stand.document(State.FAILED, Reason.REJECTED, source_id="R1")
    row = stand.case(first)
    answer = await say(stand, anna, f"exceptions/{exc(row)}", "The vendor was renamed")
    assert answer.status_code == 200, answer.text
    second = stand.document(
        State.READY, source_id="R1", source_document_id="R1-2", business_reference="ER-2", version=2, is_head=False
    )
    for path in (f"exceptions/{exc(row)}", f"transactions/{txn(first)}", f"transactions/{txn(second)}"):
        found = await said(stand, anna, path)
        assert [(one["author"], one["text"]) for one in found] == [("anna", "The vendor was renamed")], path
    assert (await said(stand, anna, f"transactions/{txn(stand.document())}")) == []


async def test_who_is_named_is_told_until_they_have_read_it(stand: Stand) -> None:
    berta = stand.key(Role.VIEWER, login="berta")
    stand.key(Grant(Role.VIEWER, "FR02"), login="french")
    row = stand.stuck()
    answer = await say(stand, stand.key(Role.ANALYST), f"exceptions/{exc(row)}", "@berta @french @nobody: look")
    assert answer.json()["unknown_mentions"] == ["french", "nobody"]
    told = await mentions(stand, berta)
    assert [one["text"] for one in told] == ["@berta @french @nobody: look"]
    async with stand.client(berta) as client:
        path = f"/v1/mentions/{told[0]['id']}/read"
        assert (await client.post(path)).json()["items"] == []
        assert (await client.post(path)).status_code == 404


async def test_comments_are_paged_newest_first(lite: Stand) -> None:
    key, row = lite.key(Role.ANALYST), lite.stuck()
    for number in range(3):
        await say(lite, key, f"exceptions/{exc(row)}", f"Number {number}")
    async with lite.client(key) as client:
        first = (await client.get(f"/v1/exceptions/{exc(row)}/comments", params={"limit": 2})).json()
        params = {"limit": 2, "cursor": first["next_cursor"]}
        rest = (await client.get(f"/v1/exceptions/{exc(row)}/comments", params=params)).json()
    assert [one["text"] for one in (*first["items"], *rest["items"])] == ["Number 2", "Number 1", "Number 0"]


async def test_a_connections_exception_has_comments_of_its_own(lite: Stand) -> None:
    trouble = Trouble(failure=Failure("credentials_refused"), connection="erp")
    with lite.database.write() as session:
        number = exception_cases.open_for(session, lite.runtime.ids, [trouble], now=lite.runtime.now())[0]
    key, path = lite.key(Role.ANALYST), f"exceptions/{public_id('exc', number)}"
    assert (await say(lite, key, path, "The password was changed")).status_code == 200
    assert [one["text"] for one in await said(lite, key, path)] == ["The password was changed"]


async def test_a_comment_is_in_the_story_without_its_words(lite: Stand) -> None:
    row = lite.stuck()
    await say(lite, lite.key(Role.ANALYST, login="anna"), f"exceptions/{exc(row)}", "Secret words")
    number = public_id("txn", row.transaction_id or 0)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        story = await client.get(f"/v1/transactions/{number}/lineage")
    assert ("act", "anna", "comment") in [(one["kind"], one["by"], one["name"]) for one in story.json()["items"]]
    assert "Secret words" not in story.text
    async with lite.client(lite.key(Role.AUDITOR)) as client:
        entries = (await client.get("/v1/audit", params={"action": "comment.write"})).json()["items"]
    assert [(one["actor"], one["object_id"]) for one in entries] == [("anna", number)]
    assert "Secret words" not in str(entries)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.AUDITOR, 403), (Role.MACHINE, 403), (Role.APPROVER, 200), (Role.ADMIN, 404)],
)
async def test_who_may_comment(lite: Stand, role: Role, status: int) -> None:
    row = lite.stuck()
    assert (await say(lite, lite.key(role), f"exceptions/{exc(row)}", "Hello")).status_code == status


async def test_what_is_not_yours_has_no_comments(lite: Stand) -> None:
    row = lite.stuck(legal_entity_id="FR02")
    german = lite.key(Grant(Role.ANALYST, "DE01"))
    async with lite.client(german) as client:
        for path in (f"exceptions/{exc(row)}", f"transactions/{public_id('txn', row.transaction_id or 0)}"):
            assert (await client.get(f"/v1/{path}/comments")).status_code == 404
            assert (await client.post(f"/v1/{path}/comments", json={"text": "Hello"})).status_code == 404
        assert (await client.get(f"/v1/exceptions/{public_id('exc', 5)}/comments")).status_code == 404
        assert (
            await client.post(f"/v1/exceptions/{public_id('exc', 5)}/comments", json={"text": "x"})
        ).status_code == 404


@pytest.mark.parametrize("text", ["", "   ", "x" * 5_001, 7, None])
async def test_a_comment_has_words(lite: Stand, text: Any) -> None:
    row = lite.stuck()
    assert (await say(lite, lite.key(Role.ANALYST), f"exceptions/{exc(row)}", text)).status_code == 422


async def test_nobody_changes_what_was_said(stand: Stand) -> None:
    row = stand.stuck()
    await say(stand, stand.key(Role.ANALYST), f"exceptions/{exc(row)}", "As it was")
    comment = table_of(CommentRow)
    for statement in (comment.update().values(text="Never said"), comment.delete()):
        with pytest.raises((DBAPIError, DatabaseTroubleError)), stand.database.write() as session:
            session.connection().execute(statement)
