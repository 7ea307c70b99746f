from typing import Any

import httpx

from control_plane.domain.access import Role
from control_plane.domain.failure_rule import Answer
from control_plane.store import failure_rules
from control_plane.store.failure_rules import Heard
from tests.control_plane.api.stand import Stand

DRAFT: dict[str, Any] = {
    "name": "tax key",
    "code": "inactive_master_data",
    "answer_code": "FS-215",
    "pattern": r"Tax key (?P<value>\w+) is not defined",
    "values": {"domain": "tax_code", "domain_title": "Tax code"},
}


def hear(stand: Stand, *texts: str) -> None:
    with stand.database.write() as session:
        heard = [Heard(Answer("erp", "FS-215", text), number) for number, text in enumerate(texts, start=1)]
        failure_rules.hear(session, stand.runtime.ids, heard, now=stand.runtime.now())


async def approve(client: httpx.AsyncClient, approval_id: str) -> httpx.Response:
    seen = await client.get(f"/v1/approvals/{approval_id}")
    body = {"content_sha256": seen.json()["content_sha256"], "reason": "Agreed"}
    headers = {"if-match": seen.headers["etag"]}
    return await client.post(f"/v1/approvals/{approval_id}/approve", json=body, headers=headers)


async def test_answers_that_nobody_knows_are_kept_once_whatever_their_numbers(stand: Stand) -> None:
    hear(stand, "Tax key V9 is not defined in document 17", "Tax key V9 is not defined in document 18", "Ledger locked")
    async with stand.client(stand.key(Role.VIEWER)) as client:
        known = (await client.get("/v1/failure-rules")).json()
    assert {(one["text"], one["count"], one["rule"]) for one in known["unknown_answers"]} == {
        ("Tax key V9 is not defined in document 18", 2, ""),
        ("Ledger locked", 1, ""),
    }


async def test_a_rule_is_tried_on_what_was_kept_and_takes_effect_when_a_second_person_agrees(stand: Stand) -> None:
    hear(stand, "Tax key V9 is not defined", "Ledger locked")
    proposal = {**DRAFT, "reason": "The ERP's word for an inactive tax code"}
    async with stand.client(stand.key(Role.CONTROLLER)) as maker, stand.client(stand.key(Role.CONTROLLER)) as checker:
        trial = (await maker.post("/v1/failure-rules/dry-run", json=DRAFT)).json()
        assert (await maker.get("/v1/failure-rules")).json()["rules"] == []
        proposed = await maker.post("/v1/failure-rules/propose", json=proposal)
        own = await approve(maker, proposed.json()["approval_id"])
        assert (await maker.get("/v1/failure-rules")).json()["rules"] == []
        done = await approve(checker, proposed.json()["approval_id"])
        known = (await checker.get("/v1/failure-rules")).json()
        retired = await maker.post("/v1/failure-rules/propose", json={**proposal, "is_active": False})
        await approve(checker, retired.json()["approval_id"])
        after = (await checker.get("/v1/failure-rules")).json()
    assert trial["known_count"] == 1
    assert [(one["code"], one["values"]["value"]) for one in trial["items"] if one["is_known"]] == [
        ("inactive_master_data", "V9")
    ]
    assert (proposed.status_code, own.status_code, done.status_code) == (200, 403, 200)
    assert [(one["name"], one["version"], one["is_active"]) for one in known["rules"]] == [("tax key", 1, True)]
    assert {one["text"]: one["rule"] for one in known["unknown_answers"]} == {
        "Tax key V9 is not defined": "tax key",
        "Ledger locked": "",
    }
    assert [(one["version"], one["is_active"]) for one in after["rules"]] == [(2, False)]


async def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused_with_the_reason(stand: Stand) -> None:
    evil = {**DRAFT, "pattern": r"(?P<value>a)\1"}
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        trial = await client.post("/v1/failure-rules/dry-run", json=evil)
        proposed = await client.post("/v1/failure-rules/propose", json={**evil, "reason": "Try it"})
    assert (trial.status_code, proposed.status_code) == (422, 409)
    assert "cannot be used" in proposed.json()["detail"]


async def test_who_sets_no_policy_proposes_no_rule(stand: Stand) -> None:
    async with stand.client(stand.key(Role.ANALYST)) as client:
        trial = await client.post("/v1/failure-rules/dry-run", json=DRAFT)
        proposed = await client.post("/v1/failure-rules/propose", json={**DRAFT, "reason": "Try it"})
    assert (trial.status_code, proposed.status_code) == (403, 403)
