from datetime import timedelta
from typing import Any

import httpx

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from control_plane.store import exception_cases, master_data
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import FLOW, Stand, exc, seen
from tests.stands.runtime import MORNING

FIELD = "lines.1.project"


def blocked(stand: Stand, code: str, *, minor: int = 1_000, **columns: Any) -> ExceptionCaseRow:
    """An exception of a document that waits for an inactive project."""
    sums = {"amount_minor": minor, "group_minor": minor}
    document = stand.document(State.ON_HOLD, Reason.MASTER_DATA, **sums, **columns)
    return stand.case(document, "inactive_master_data", field_path=FIELD, value=code, domain_title="Project")


def known(stand: Stand, *records: MasterRecord) -> None:
    with stand.database.write() as session:
        master_data.record(session, "erp", records, now=stand.runtime.now(), ids=stand.runtime.ids)


def project(code: str, entity: str = "") -> MasterRecord:
    return MasterRecord(Domain.PROJECT, code, f"The project {code}", active=False, attributes={}, legal_entity=entity)


def cure(stand: Stand, row: ExceptionCaseRow) -> None:
    """Let what the exception waited for arrive, and its document be posted."""
    assert row.transaction_id is not None
    with stand.database.write() as session:
        now = stand.runtime.now()
        exception_cases.release_for(session, [row.transaction_id], now=now)
        exception_cases.resolve_for(session, {row.transaction_id: "posted as 17"}, now=now)


async def lines(client: httpx.AsyncClient, **filters: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/causes", params=filters)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def told(line: dict[str, Any]) -> tuple[str, str, int, int]:
    record = line["record"] or {"code": "", "legal_entity_id": ""}
    return record["code"], record["legal_entity_id"], line["totals"]["count"], line["totals"]["group"]["minor"]


async def test_each_record_that_blocks_is_a_line_with_its_sums_and_its_nearest_deadline(stand: Stand) -> None:
    known(stand, project("P-1"), project("P-2", "DE01"))
    soon = MORNING + timedelta(days=2)
    for minor, currency, due_at in ((4_000, "EUR", MORNING + timedelta(days=9)), (200, "CHF", soon)):
        blocked(stand, "P-1", minor=minor, currency=currency, due_at=due_at, legal_entity_id=f"{currency}-1")
    blocked(stand, "P-2", minor=900)
    blocked(stand, "P-3", minor=50)
    async with stand.client(stand.key(Role.VIEWER)) as client:
        found = await lines(client)
        mine = await client.get("/v1/exceptions", params={"record_domain": "project", "record_code": "P-1"})
    assert [told(one) for one in found] == [("P-1", "", 2, 4_200), ("P-2", "DE01", 1, 900), ("P-3", "DE01", 1, 50)]
    assert [(one["currency"], one["minor"]) for one in found[0]["totals"]["by_currency"]] == [
        ("CHF", 200),
        ("EUR", 4_000),
    ]
    assert found[0]["due_at"] == soon.isoformat().replace("+00:00", "Z")
    assert [one["record"]["name"] for one in found] == ["The project P-1", "The project P-2", ""]
    assert len({one["fingerprint"] for one in found}) == 1
    assert {one["clear"] for one in found} == {
        f"{FLOW} | post | rejected | inactive_master_data | lines.*.project",
    }
    assert len(mine.json()["items"]) == 2


async def test_nobody_sees_what_blocks_elsewhere(stand: Stand) -> None:
    row = blocked(stand, "P-1", legal_entity_id="FR01")
    async with stand.client(stand.key(Grant(Role.ANALYST, "DE01"))) as client:
        assert await lines(client) == []
        page = await client.get(f"/v1/causes/{row.fingerprint}")
        act = await client.post(f"/v1/causes/{row.fingerprint}/note", json={"text": "Hello"}, headers=at(1))
    assert (page.status_code, act.status_code) == (404, 404)


async def test_the_page_of_a_cause_tells_what_cured_it_and_how_well(stand: Stand) -> None:
    cured = [blocked(stand, "P-1") for _ in range(3)]
    stand.runtime.advance(timedelta(minutes=6))
    for row in cured:
        cure(stand, row)
    blocked(stand, "P-2")
    async with stand.client(stand.key(Role.VIEWER)) as client:
        page = (await client.get(f"/v1/causes/{cured[0].fingerprint}")).json()
    assert page["clear"] == f"{cured[0].flow} | post | rejected | inactive_master_data | lines.*.project"
    assert page["cures"] == [
        {"act": "by_itself", "released_count": 3, "tried_count": 3, "median_seconds": 360.0},
    ]
    assert page["runbook"].startswith("Reactivate {value}")
    assert (page["totals"]["count"], len(page["exceptions"]), len(page["lines"])) == (1, 1, 1)


async def test_the_act_after_which_a_document_was_posted_is_the_cure(stand: Stand) -> None:
    row = stand.stuck()
    async with stand.client(stand.key(Role.ANALYST)) as client:
        await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
        row = stand.case_row(row.id)
        retried = await client.post(f"/v1/exceptions/{exc(row)}/retry", json={"reason": "Once more"}, headers=seen(row))
        assert retried.status_code == 200
        cure(stand, row)
        page = (await client.get(f"/v1/causes/{row.fingerprint}")).json()
    assert [(one["act"], one["released_count"]) for one in page["cures"]] == [("retry", 1)]


async def test_a_cause_that_stands_again_is_told_as_such_with_the_cure_that_did_not_hold(stand: Stand) -> None:
    row = blocked(stand, "P-1")
    stand.runtime.advance(timedelta(hours=1))
    cure(stand, row)
    stand.runtime.advance(timedelta(days=1))
    blocked(stand, "P-1")
    other = blocked(stand, "P-2")
    async with stand.client(stand.key(Role.VIEWER)) as client:
        found = await lines(client)
        page = (await client.get(f"/v1/causes/{other.fingerprint}")).json()
    assert {one["record"]["code"]: one["is_back"] for one in found} == {"P-1": True, "P-2": False}
    assert [(one["exception_count"], one["act"], one["came_back"]) for one in page["episodes"]] == [
        (2, "by_itself", False),
        (1, "by_itself", True),
    ]


async def test_an_exception_that_came_back_counts_as_a_regression(stand: Stand) -> None:
    row = blocked(stand, "P-1")
    cure(stand, row)
    document = stand.transaction_row(row.transaction_id)
    again = stand.case(document, "inactive_master_data", field_path=FIELD, value="P-1", domain_title="Project")
    assert again.id == row.id
    async with stand.client(stand.key(Role.VIEWER)) as client:
        (line,) = await lines(client)
    assert (line["regression_count"], line["is_back"]) == (1, True)


def at(revision: int) -> dict[str, str]:
    return {"if-match": f'"{revision}"'}


async def test_a_note_stays_whatever_becomes_of_the_exceptions(stand: Stand) -> None:
    row = blocked(stand, "P-1")
    path = f"/v1/causes/{row.fingerprint}"
    async with stand.client(stand.key(Role.ANALYST, login="anna")) as client:
        before = await client.get(path)
        body = {"text": "Ask the project office: they close on Fridays."}
        written = await client.post(f"{path}/note", json=body, headers={"if-match": before.headers["etag"]})
        stale = await client.post(f"{path}/note", json=body, headers={"if-match": before.headers["etag"]})
        cure(stand, row)
        after = (await client.get(path)).json()
    assert (written.status_code, stale.status_code) == (200, 412)
    assert [(one["text"], one["author"]) for one in after["notes"]] == [(body["text"], "anna")]
    assert after["totals"]["count"] == 0


async def test_two_causes_are_told_as_one_until_they_are_taken_apart_for_good(stand: Stand) -> None:
    ours = blocked(stand, "P-1", minor=1_000)
    document = stand.document(State.ON_HOLD, Reason.MASTER_DATA, amount_minor=500, group_minor=500)
    values = {"value": "P-1", "domain": "project", "domain_title": "Project"}
    theirs = stand.case(document, "inactive_master_data", field_path="lines[0].project", **values)
    path, reason = f"/v1/causes/{theirs.fingerprint}", "The ERP says it, or we say it: one project."
    async with stand.client(stand.key(Role.ANALYST)) as client:
        assert len(await lines(client)) == 2
        merge = {"into": ours.fingerprint, "reason": reason}
        merged = await client.post(f"{path}/merge", json=merge, headers=at(1))
        (line,) = await lines(client)
        page = (await client.get(f"/v1/causes/{ours.fingerprint}")).json()
        twice = await client.post(f"{path}/merge", json=merge, headers=at(2))
        apart = await client.post(f"{path}/unmerge", json={"reason": reason}, headers=at(2))
        again = await client.post(f"{path}/merge", json=merge, headers=at(3))
        back = await client.post(
            f"/v1/causes/{ours.fingerprint}/merge",
            json={"into": theirs.fingerprint, "reason": reason},
            headers=at(3),
        )
        assert len(await lines(client)) == 2
    assert merged.json()["merged_into"] == ours.fingerprint
    assert (line["fingerprint"], line["merged"], told(line)[2:]) == (ours.fingerprint, [theirs.fingerprint], (2, 1_500))
    assert (page["totals"]["count"], page["merged"], len(page["exceptions"])) == (2, [theirs.fingerprint], 2)
    assert [one.status_code for one in (twice, apart, again, back)] == [409, 200, 409, 409]
    assert "for good" in again.json()["detail"]


async def test_only_who_works_for_the_whole_group_merges_causes(stand: Stand) -> None:
    row = blocked(stand, "P-1")
    other = stand.stuck()
    body = {"into": other.fingerprint, "reason": "One and the same"}
    async with stand.client(stand.key(Grant(Role.ANALYST, "DE01"))) as client:
        page = (await client.get(f"/v1/causes/{row.fingerprint}")).json()
        refused = await client.post(f"/v1/causes/{row.fingerprint}/merge", json=body, headers=at(1))
    assert page["acts"] == ["note"]
    assert refused.status_code == 403


async def test_who_only_reads_writes_no_note(stand: Stand) -> None:
    row = blocked(stand, "P-1")
    async with stand.client(stand.key(Role.VIEWER)) as client:
        refused = await client.post(f"/v1/causes/{row.fingerprint}/note", json={"text": "Hello"}, headers=at(1))
    assert refused.status_code == 403
