"""Intake over HTTP: CloudEvents in three modes, safely ours or refused."""

import asyncio
import base64
import json
from typing import Any

import pytest

from control_plane.domain.access import Grant, Role
from control_plane.store.troubles import DatabaseAwayError, DatabaseFullError
from tests.control_plane.api.stand import Stand

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"ev-{number}",
        "source": "concur",
        "type": "expense_report.approved.v1",
        "subject": f"R-{number}",
        "time": "2026-03-16T08:59:00+01:00",
        "data": {"reportId": f"R-{number}"},
        **changes,
    }


async def test_a_structured_event_is_taken_over_with_its_bytes_as_they_came(lite: Stand) -> None:
    body = (
        b'{"specversion":"1.0","id":"ev-1","source":"concur","type":"expense_report.approved.v1",'
        b' "data" : {"amount": 412.50,  "exact": 12345678901234567890.10, "text":"\\u00e4 } ,"} , "subject":"R-1"}'
    )
    async with lite.client(lite.key(Role.MACHINE)) as client:
        answer = await client.post("/v1/events", content=body, headers=STRUCTURED)
    assert (answer.status_code, answer.json()) == (
        202,
        {"items": [{"id": "ev-1", "source": "concur", "duplicate": False, "transaction_id": None}]},
    )
    envelope = lite.intake.envelopes[0]
    assert envelope.payload == b'{"amount": 412.50,  "exact": 12345678901234567890.10, "text":"\\u00e4 } ,"}'
    assert (envelope.subject, envelope.time) == ("R-1", lite.runtime.now())


async def test_a_batch_is_answered_event_by_event(lite: Stand) -> None:
    async with lite.client(lite.key(Role.MACHINE)) as client:
        first = await client.post("/v1/events", json=[event(1), event(2)], headers=BATCH)
        again = await client.post("/v1/events", json=[event(2), event(3)], headers=BATCH)
    assert [one["duplicate"] for one in first.json()["items"]] == [False, False]
    assert [(one["id"], one["duplicate"]) for one in again.json()["items"]] == [("ev-2", True), ("ev-3", False)]
    assert again.status_code == 202


async def test_a_binary_event_has_its_attributes_in_headers(lite: Stand) -> None:
    headers = {
        "content-type": "application/xml",
        "ce-specversion": "1.0",
        "ce-id": "ev%201",
        "ce-source": "concur",
        "ce-type": "expense_report.approved.v1",
        "ce-subject": "R%C3%A4-1",
    }
    async with lite.client(lite.key(Role.MACHINE)) as client:
        answer = await client.post("/v1/events", content=b"<report/>", headers=headers)
    assert answer.status_code == 202
    envelope = lite.intake.envelopes[0]
    assert (envelope.id, envelope.subject, envelope.payload) == ("ev 1", "Rä-1", b"<report/>")
    assert envelope.content_type == "application/xml"


async def test_data_in_base64_and_text_are_taken_as_what_they_stand_for(lite: Stand) -> None:
    encoded = event(1, data_base64=base64.b64encode(b"\x00\xff").decode(), datacontenttype="application/pdf")
    del encoded["data"]
    text = event(2, data="a;b\n1;2", datacontenttype="text/csv")
    async with lite.client(lite.key(Role.MACHINE)) as client:
        answer = await client.post("/v1/events", json=[encoded, text], headers=BATCH)
    assert answer.status_code == 202
    assert [one.payload for one in lite.intake.envelopes] == [b"\x00\xff", b"a;b\n1;2"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"id": "   "},
        {"id": 7},
        {"source": None},
        {"type": "invoice.guessed.v9"},
        {"time": "yesterday"},
        {"time": "2026-03-16T09:00:00"},
        {"subject": "s" * 256},
        {"id": "ev\u0000"},
        {"source": "unknown"},
        {"data_base64": "AAAA"},
    ],
)
async def test_an_event_that_is_not_one_is_refused_whole(lite: Stand, wrong: dict[str, Any]) -> None:
    async with lite.client(lite.key(Role.MACHINE)) as client:
        answer = await client.post("/v1/events", json=[event(1), event(2, **wrong)], headers=BATCH)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert lite.intake.envelopes == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"[]", STRUCTURED, 422),
        (b"{}", BATCH, 422),
        (b"[]", BATCH, 422),
        (json.dumps([event(n) for n in range(201)]).encode(), BATCH, 422),
        (b'{"id":"a","id":"b"}', STRUCTURED, 400),
        (b"\xff", STRUCTURED, 400),
        (b'{"data_base64":"%"}', STRUCTURED, 422),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"{}", {}, 415),
        (b"{}", {"ce-specversion": "1.0"}, 422),
        (b"{}", {"ce-specversion": "1.0", "ce-id": "%FF"}, 400),
        (b"{}", {"ce-specversion": "1.0", "ce-id": "%00"}, 422),
        (b"\xff", BATCH, 400),
    ],
)
async def test_what_cannot_be_read_is_refused(lite: Stand, body: bytes, headers: dict[str, str], status: int) -> None:
    async with lite.client(lite.key(Role.MACHINE)) as client:
        answer = await client.post("/v1/events", content=body, headers=headers)
        assert (await client.get("/livez")).status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_what_arrives_together_shares_commits(lite: Stand) -> None:
    async with lite.client(lite.key(Role.MACHINE)) as client:
        sent = [client.post("/v1/events", json=event(number), headers=STRUCTURED) for number in range(20)]
        answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["items"][0]["id"] for answer in answers} == {f"ev-{number}" for number in range(20)}
    assert lite.intake.commits <= 20


@pytest.mark.parametrize(("trouble", "status"), [(DatabaseFullError("full"), 507), (DatabaseAwayError("away"), 503)])
async def test_nothing_is_accepted_while_nothing_can_be_kept(lite: Stand, trouble: Exception, status: int) -> None:
    lite.intake.trouble = trouble
    async with lite.client(lite.key(Role.MACHINE)) as client:
        answer = await client.post("/v1/events", json=event(), headers=STRUCTURED)
        lite.intake.trouble = None
        after = await client.post("/v1/events", json=event(), headers=STRUCTURED)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "5")
    assert after.status_code == 202


async def test_one_senders_fault_is_not_its_neighbors(lite: Stand) -> None:
    class FaultyError(Exception):
        pass

    taken = lite.intake

    class Picky:
        async def __call__(self, envelopes: Any) -> Any:
            if any(envelope.id == "ev-3" for envelope in envelopes):
                raise FaultyError
            await asyncio.sleep(0)
            return await taken(envelopes)

    lite.intake = Picky()  # type: ignore[assignment]  # another intake
    async with lite.client(lite.key(Role.MACHINE)) as client:
        sent = [client.post("/v1/events", json=event(number), headers=STRUCTURED) for number in range(6)]
        answers = await asyncio.gather(*sent)
    assert [answer.status_code for answer in answers] == [202, 202, 202, 500, 202, 202]


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        (Grant(Role.MACHINE), 202),
        (Grant(Role.INTEGRATOR), 202),
        (Grant(Role.MACHINE, "DE01"), 403),
        (Grant(Role.ANALYST), 403),
        (Grant(Role.ADMIN), 403),
    ],
)
async def test_who_may_send_events(lite: Stand, grant: Grant, status: int) -> None:
    async with lite.client(lite.key(grant)) as client:
        answer = await client.post("/v1/events", json=event(), headers=STRUCTURED)
    assert answer.status_code == status
