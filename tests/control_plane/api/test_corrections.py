"""Corrections and postings by hand over HTTP: what may be corrected, who sees it, and what two persons decide."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from control_plane.api.app import create_app
from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from control_plane.store.database import Database
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.acts.duties import arrive, case
from tests.control_plane.api.stand import Stand, exc, seen, txn
from tests.stands.claims import claim as claim_document
from tests.stands.world import World, twins, world

BECAUSE = {"reason": "The project was closed last week"}
CODED = BECAUSE | {"reason_code": "inactive_master_data"}
SAID = BECAUSE | {"claimed": "posted", "numbers": ["4711"], "posting_date": "2026-03-02"}


@pytest.fixture
def small(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def w(small: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    async with world(small, urls, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        yield one


@pytest.fixture
def desk(w: World) -> Stand:
    return Stand(w.parts.database, w.runtime)  # type: ignore[arg-type]  # another clock does as well


@pytest.fixture
def app(w: World, desk: Stand) -> FastAPI:
    sources = {name: one.source for name, one in w.parts.connectors.items() if one.source is not None}
    return create_app(replace(desk.services, flows=w.parts.flows, sources=sources))


async def held(w: World, amount: str = "100.00") -> ExceptionCaseRow:
    """Let a report arrive whose project nobody knows."""
    await arrive(w, claim_document("A", project="P-NONE", amount=amount))
    return await case(w)


async def post(
    desk: Stand, app: FastAPI, key: str, path: str, revision: int, body: Mapping[str, Any]
) -> httpx.Response:
    async with desk.client(key, app) as client:
        return await client.post(path, headers={"if-match": f'"{revision}"'}, json=dict(body) or None)


async def get(desk: Stand, app: FastAPI, key: str, path: str) -> httpx.Response:
    async with desk.client(key, app) as client:
        return await client.get(path)


def change_of(row: ExceptionCaseRow) -> dict[str, str]:
    return {"path": f"{row.field_path.rpartition('.')[0]}.project", "before": "P-NONE", "after": ""}


async def test_a_screen_is_told_what_may_be_corrected_and_by_whom(w: World, desk: Stand, app: FastAPI) -> None:
    row = await held(w)
    path = f"/v1/exceptions/{exc(row)}/correctable-fields"
    shown = (await get(desk, app, desk.key(Role.ANALYST), path)).json()
    fields = {one["path"]: one for one in shown["items"]}
    project = fields[change_of(row)["path"]]
    assert (project["value"], project["needs_second_person"], project["default_act"]) == (
        "P-NONE",
        False,
        "propose_correction",
    )
    assert (fields["total"]["needs_second_person"], fields["total"]["default_act"]) == (True, "return_to_source")
    assert (shown["alone_up_to"]["decimal"], shown["revision"]) == ("1000.00", row.revision)
    assert (await get(desk, app, desk.key(Role.VIEWER), path)).status_code == 403
    assert (await get(desk, app, desk.key(Grant(Role.ANALYST, "XX99")), path)).status_code == 404


async def test_a_correction_goes_its_way_and_its_difference_is_shown(w: World, desk: Stand, app: FastAPI) -> None:
    row, anna = await held(w), desk.key(Role.ANALYST, login="anna")
    claimed = await post(desk, app, anna, f"/v1/exceptions/{exc(row)}/claim", row.revision, {})
    answer = await post(
        desk,
        app,
        anna,
        f"/v1/exceptions/{exc(row)}/propose-correction",
        claimed.json()["revision"],
        CODED | {"changes": [change_of(row)]},
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["kind"]) == ("waived", "correction")
    await w.settle()
    second = (await w.transactions())[-1]
    assert (second.state, second.version) == ("posted", 2)
    path = f"/v1/transactions/{txn(second)}/correction"
    shown = (await get(desk, app, desk.key(Role.AUDITOR), path)).json()
    assert (shown["changes"], shown["maker"], shown["reason"]) == ([change_of(row)], "anna", BECAUSE["reason"])
    assert (await get(desk, app, desk.key(Role.VIEWER), path)).status_code == 403
    first = f"/v1/transactions/{txn((await w.transactions())[0])}/correction"
    assert (await get(desk, app, desk.key(Role.AUDITOR), first)).status_code == 404


async def test_above_the_limit_somebody_else_approves_over_http(w: World, desk: Stand, app: FastAPI) -> None:
    row, anna, paul = await held(w, "5000.00"), desk.key(Role.ANALYST), desk.key(Role.APPROVER)
    claimed = await post(desk, app, anna, f"/v1/exceptions/{exc(row)}/claim", row.revision, {})
    path = f"/v1/exceptions/{exc(row)}/propose-correction"
    wish = CODED | {"changes": [change_of(row)]}
    proposed = (await post(desk, app, anna, path, claimed.json()["revision"], wish)).json()
    assert (proposed["state"], proposed["content"]["changes"]) == ("open", [change_of(row)])
    async with desk.client(paul, app) as client:
        (waiting,) = (await client.get("/v1/approvals", params={"waiting_for_me": "true"})).json()["items"]
    body = BECAUSE | {"content_sha256": waiting["content_sha256"]}
    done = await post(desk, app, paul, f"/v1/approvals/{waiting['id']}/approve", waiting["revision"], body)
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    await w.settle()
    assert [one.state for one in await w.transactions()] == ["superseded", "posted"]


async def test_what_cannot_be_read_here_is_not_corrected_here(lite: Stand) -> None:
    key, row = lite.key(Role.ANALYST, login="anna"), lite.stuck()
    async with lite.client(key) as client:
        answer = await client.get(f"/v1/exceptions/{exc(row)}/correctable-fields")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": []},
        {"numbers": ["1", "1"]},
        {"numbers": [""]},
        {"numbers": ["x" * 41]},
        {"posting_date": None},
        {"posting_date": "2026-02-31"},
        {"claimed": "not_posted"},
        {"claimed": "perhaps"},
        {"amount": "1.00"},
    ],
)
async def test_a_posting_by_hand_says_all_of_it_or_nothing(lite: Stand, change: dict[str, Any]) -> None:
    row = lite.stuck()
    async with lite.client(lite.key(Role.ANALYST)) as client:
        answer = await client.post(
            f"/v1/exceptions/{exc(row)}/propose-hand-posting", headers=seen(row), json=SAID | change
        )
    assert answer.status_code == 422


async def doubted(stand: Stand, key: str, **said: Any) -> tuple[ExceptionCaseRow, httpx.Response]:
    """Let somebody say what became of a document in doubt about which nobody is asked any more."""
    row = stand.stuck(State.IN_DOUBT, Reason.NO_ANSWER, inquire_at=None)
    async with stand.client(key) as client:
        await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
        row = stand.case_row(row.id)
        answer = await client.post(f"/v1/exceptions/{exc(row)}/propose-hand-posting", headers=seen(row), json=said)
    return stand.case_row(row.id), answer


async def approve(stand: Stand, key: str, proposed: Mapping[str, Any]) -> httpx.Response:
    async with stand.client(key) as client:
        return await client.post(
            f"/v1/approvals/{proposed['id']}/approve",
            headers={"if-match": f'"{proposed["revision"]}"'},
            json=BECAUSE | {"content_sha256": proposed["content_sha256"]},
        )


async def test_two_persons_declare_that_a_document_in_doubt_was_not_posted(stand: Stand) -> None:
    anna = stand.key(Role.ANALYST)
    row, proposed = await doubted(stand, anna, **BECAUSE, claimed="not_posted")
    assert (proposed.status_code, row.state) == (200, "pending_approval")
    assert stand.transaction_row(row.transaction_id).state == "in_doubt"
    assert (await approve(stand, anna, proposed.json())).status_code == 403
    assert (await approve(stand, stand.key(Role.APPROVER), proposed.json())).status_code == 200
    document, after = stand.transaction_row(row.transaction_id), stand.case_row(row.id)
    assert (document.state, document.reason) == ("failed", "no_posting")
    assert (after.state, after.claimed_by, after.attempt) == ("in_progress", row.claimed_by, 2)


async def test_what_is_still_asked_about_is_nobodys_to_declare(lite: Stand) -> None:
    key = lite.key(Role.ANALYST)
    row = lite.stuck(State.IN_DOUBT, Reason.NO_ANSWER, inquire_at=lite.runtime.now())
    async with lite.client(key) as client:
        await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
        row = lite.case_row(row.id)
        answer = await client.post(
            f"/v1/exceptions/{exc(row)}/propose-hand-posting",
            headers=seen(row),
            json=BECAUSE | {"claimed": "not_posted"},
        )
    assert answer.status_code == 409


async def test_a_failed_document_is_neither_declared_absent_nor_taken_as_different(lite: Stand) -> None:
    key = lite.key(Role.ANALYST)
    for said in (BECAUSE | {"claimed": "not_posted"}, SAID | {"accepts_difference": True}):
        row = lite.stuck()
        async with lite.client(key) as client:
            await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
            row = lite.case_row(row.id)
            answer = await client.post(f"/v1/exceptions/{exc(row)}/propose-hand-posting", headers=seen(row), json=said)
        assert answer.status_code == 409
