"""Connections over HTTP: health, streams, runs, and the acts on them."""

from datetime import timedelta
from functools import partial

import pytest

from connectors.failures import Failure
from connectors.limits import Limits
from control_plane.domain.access import Grant, Role
from control_plane.domain.pacing import AT_MOST, Report, draw
from control_plane.domain.transaction import State
from control_plane.store import connections, exception_cases, pacing, runs
from control_plane.store.connections import Configured
from control_plane.store.exception_cases import Trouble
from control_plane.store.runs import Schedule, Trigger
from tests.control_plane.api.stand import CONFIRMING, Stand, minor_of

BECAUSE = {"reason": "The platform is being upgraded"}
SEEN = {"if-match": '"1"'}


def connected(stand: Stand) -> None:
    now = stand.runtime.now()
    with stand.database.write() as session:
        connections.register(session, [Configured("concur", "concur"), Configured("erp", "tryton")])
        connections.heard(session, "concur", failure="", now=now)
        schedules = [Schedule("concur", "expense_reports", timedelta(minutes=5))]
        runs.set_schedules(session, schedules)
        runs.move_cursor(session, "concur", "expense_reports", "page-7", now=now)
        runs.plan(session, stand.runtime.ids, "concur", "expense_reports", at=now, trigger=Trigger.SCHEDULE)


async def test_a_connection_shows_its_streams_and_what_stands_behind_it(stand: Stand) -> None:
    connected(stand)
    stand.document(State.READY)
    stand.document(State.POSTED)
    async with stand.client(stand.key(Role.VIEWER)) as client:
        listed = (await client.get("/v1/connections")).json()
    assert [(one["name"], one["health"]) for one in listed["items"]] == [("erp", "unused"), ("concur", "healthy")]
    concur = listed["items"][1]
    assert concur["behind"]["count"] == 1
    stream = concur["streams"][0]
    assert (stream["cursor"], stream["interval_seconds"], stream["is_stale"]) == ("page-7", 300, False)
    assert stream["next_run_at"] == "2026-03-16T09:05:00Z"
    assert stream["last_run"]["state"] == "waiting"
    assert listed["oldest_read_at"] == "2026-03-16T09:00:00Z"
    assert listed["behind_unhealthy"]["count"] == 0


async def test_behind_unhealthy_connections_each_document_stands_once_and_no_confirmation(stand: Stand) -> None:
    connected(stand)
    stand.document(State.READY)
    stand.document(State.READY, flow=CONFIRMING, target="concur")
    with stand.database.write() as session:
        for name in ("concur", "erp"):
            connections.heard(session, name, failure="it cannot be reached", now=stand.runtime.now())
    async with stand.client(stand.key(Role.VIEWER)) as client:
        listed = (await client.get("/v1/connections")).json()
    behind = {one["name"]: (one["behind"]["count"], one["confirmation_count"]) for one in listed["items"]}
    assert behind == {"concur": (1, 1), "erp": (1, 0)}
    assert (listed["behind_unhealthy"]["count"], minor_of(listed["behind_unhealthy"])) == (1, 41_250)


async def test_a_connection_is_paused_and_resumed(stand: Stand) -> None:
    connected(stand)
    stand.document(State.READY)
    async with stand.client(stand.key(Role.INTEGRATOR)) as client:
        before = await client.get("/v1/connections/erp")
        paused = await client.post("/v1/connections/erp/pause", headers=SEEN, json=BECAUSE)
        listed = (await client.get("/v1/connections")).json()
        resumed = await client.post(
            "/v1/connections/erp/resume", headers={"if-match": paused.headers["etag"]}, json=BECAUSE
        )
    assert (before.headers["etag"], before.json()["acts"]) == ('"1"', ["pause", "pull"])
    assert (paused.json()["health"], paused.json()["acts"]) == ("paused", ["resume"])
    assert paused.json()["sentence"] == "erp was paused by a person: The platform is being upgraded"
    assert (listed["items"][0]["name"], listed["behind_unhealthy"]["count"]) == ("erp", 1)
    assert (resumed.json()["health"], resumed.json()["revision"]) == ("unused", 3)


async def test_resuming_resolves_the_exception_of_the_connection(stand: Stand) -> None:
    connected(stand)
    now = stand.runtime.now()
    with stand.database.write() as session:
        connections.pause(session, "erp", reason="failure", failure="credentials_refused", now=now)
        trouble = Trouble(Failure("credentials_refused"), connection="erp")
        case = exception_cases.open_for(session, stand.runtime.ids, [trouble], now=now)[0]
    async with stand.client(stand.key(Role.INTEGRATOR, login="ines")) as client:
        answer = await client.post("/v1/connections/erp/resume", headers={"if-match": '"2"'}, json=BECAUSE)
    assert answer.status_code == 200
    assert (stand.case_row(case).state, stand.case_row(case).evidence) == ("resolved", "resumed by ines")


async def test_a_stream_is_pulled_now(stand: Stand) -> None:
    connected(stand)
    stand.runtime.advance(timedelta(seconds=30))
    path = "/v1/connections/concur/pull"
    async with stand.client(stand.key(Role.INTEGRATOR)) as client:
        answer = await client.post(path, headers=SEEN, json={"stream": "expense_reports"})
        unknown = await client.post(path, headers=SEEN, json={"stream": "invoices"})
        listed = (await client.get("/v1/runs", params={"connection": "concur"})).json()["items"]
    assert answer.status_code == 200, answer.text
    assert unknown.status_code == 409
    assert listed[0]["connection"] == "concur"


async def test_a_connection_shows_how_fast_it_is_called(stand: Stand) -> None:
    connected(stand)
    with stand.database.write() as session:
        pacing.declare(session, [("erp", Limits(50))])
    async with stand.client(stand.key(Role.VIEWER)) as client:
        erp = (await client.get("/v1/connections/erp")).json()["pacing"]
        concur = (await client.get("/v1/connections/concur")).json()["pacing"]
    assert (erp["breaker"], erp["limit"], erp["allowed_rate"], erp["headroom"]) == ("closed", 50, 50 * AT_MOST, 1)
    assert (concur["limit"], concur["allowed_rate"], concur["headroom"]) == (None, None, None)


async def test_a_system_that_is_away_is_one_alert_until_it_is_steady(stand: Stand) -> None:
    connected(stand)
    tell_away(stand)
    async with stand.client(stand.key(Role.VIEWER, Role.MACHINE)) as client:
        shown = (await client.get("/v1/connections/erp")).json()
        (alert,) = [one for one in (await client.get("/v1/alerts")).json()["items"] if one["connection"] == "erp"]
        metrics = (await client.get("/metrics")).text
        stand.runtime.advance(timedelta(seconds=30))
        prove(stand)
        (later,) = [one for one in (await client.get("/v1/alerts")).json()["items"] if one["connection"] == "erp"]
        stand.runtime.advance(timedelta(minutes=10))
        in_the_end = [one for one in (await client.get("/v1/alerts")).json()["items"] if one["connection"] == "erp"]
    assert (shown["health"], shown["pacing"]["breaker"], shown["pacing"]["allowed_rate"]) == ("failing", "open", 0)
    assert shown["pacing"]["shut_until"] == "2026-03-16T09:00:30Z"
    assert (alert["name"], alert["severity"]) == ("connection_away", "critical")
    assert alert["sentence"] == shown["sentence"]
    assert alert["sentence"].startswith("erp does not answer since 2026-03-16 09:00 UTC: one call in half a minute")
    assert 'tieout_breaker_open{connection="erp"} 1.0' in metrics
    assert 'tieout_allowed_rate{connection="erp"} 0.0' in metrics
    assert (later["key"], later["severity"], later["since"]) == (alert["key"], "warning", alert["since"])
    assert "answers again" in later["sentence"]
    assert in_the_end == []


def tell_away(stand: Stand) -> None:
    with stand.database.write() as session:
        pacing.tell(session, "erp", Limits(), Report(failed_in_a_row=10), now=stand.runtime.now())


def prove(stand: Stand) -> None:
    now = stand.runtime.now()
    with stand.database.write() as session:
        assert pacing.draw(session, "erp", Limits(), partial(draw, wanted=1, now=now))[1].is_probe
        pacing.tell(session, "erp", Limits(), Report(has_succeeded=True, is_probe=True), now=now)


@pytest.mark.parametrize(
    ("headers", "name", "act", "status"),
    [
        (SEEN, "erp", "resume", 409),
        ({"if-match": '"5"'}, "erp", "pause", 412),
        (SEEN, "sap", "pause", 404),
        ({}, "erp", "pause", 428),
    ],
)
async def test_acts_that_do_not_fit_are_refused(
    lite: Stand, headers: dict[str, str], name: str, act: str, status: int
) -> None:
    connected(lite)
    async with lite.client(lite.key(Role.INTEGRATOR)) as client:
        answer = await client.post(f"/v1/connections/{name}/{act}", headers=headers, json=BECAUSE)
    assert answer.status_code == status


async def test_a_paused_connection_is_neither_paused_again_nor_pulled(lite: Stand) -> None:
    connected(lite)
    async with lite.client(lite.key(Role.INTEGRATOR)) as client:
        await client.post("/v1/connections/concur/pause", headers=SEEN, json=BECAUSE)
        again = {"if-match": '"2"'}
        pause = await client.post("/v1/connections/concur/pause", headers=again, json=BECAUSE)
        pull = await client.post("/v1/connections/concur/pull", headers=again, json={"stream": "expense_reports"})
        unknown = await client.get("/v1/connections/sap")
    assert [pause.json()["detail"], pull.json()["detail"]] == [
        "The connection is paused already.",
        "The connection is paused.",
    ]
    assert unknown.status_code == 404


async def test_a_failing_connection_says_what_fails(lite: Stand) -> None:
    connected(lite)
    with lite.database.write() as session:
        connections.heard(session, "erp", failure="erp cannot be reached", now=lite.runtime.now())
    async with lite.client(lite.key(Role.VIEWER)) as client:
        first = (await client.get("/v1/connections")).json()["items"][0]
    assert (first["health"], first["sentence"]) == ("failing", "erp fails: erp cannot be reached")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.APPROVER, Role.CONTROLLER, Role.MACHINE])
async def test_only_an_integrator_pauses(lite: Stand, role: Role) -> None:
    connected(lite)
    async with lite.client(lite.key(role)) as client:
        answer = await client.post("/v1/connections/erp/pause", headers=SEEN, json=BECAUSE)
    assert answer.status_code == 403


async def test_who_serves_one_legal_entity_sees_connections_and_does_not_pause_them(lite: Stand) -> None:
    connected(lite)
    lite.document(legal_entity_id="FR02")
    async with lite.client(lite.key(Grant(Role.INTEGRATOR, "DE01"))) as client:
        detail = (await client.get("/v1/connections/erp")).json()
        answer = await client.post("/v1/connections/erp/pause", headers=SEEN, json=BECAUSE)
    assert (detail["acts"], detail["behind"]["count"]) == ([], 0)
    assert answer.status_code == 404


async def test_runs_are_listed_page_by_page(lite: Stand) -> None:
    now = lite.runtime.now()
    with lite.database.write() as session:
        for minute in range(3):
            at = now + timedelta(minutes=minute)
            runs.plan(session, lite.runtime.ids, "concur", f"stream{minute}", at=at, trigger=Trigger.SCHEDULE)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        first = (await client.get("/v1/runs", params={"limit": 2})).json()
        rest = (await client.get("/v1/runs", params={"limit": 2, "cursor": first["next_cursor"]})).json()
        waiting = (await client.get("/v1/runs", params={"state": "waiting"})).json()
    assert [one["stream"] for one in (*first["items"], *rest["items"])] == ["stream2", "stream1", "stream0"]
    assert len(waiting["items"]) == 3
