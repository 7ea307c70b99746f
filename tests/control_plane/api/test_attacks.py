"""Bad input over HTTP: each gets its answer, and the next request is served."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.types import Message

from control_plane.api.app import create_app
from control_plane.api.services import ApiSettings
from control_plane.api.shield import Shield
from control_plane.domain.access import Role
from control_plane.domain.identity import public_id
from control_plane.store import people
from control_plane.store.troubles import DatabaseFullError
from tests.control_plane.api.stand import Stand

LOOKUP = "/v1/transactions/lookup"
JSON = {"content-type": "application/json"}


@pytest.fixture
async def client(lite: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with lite.client(lite.key(Role.ANALYST)) as one:
        yield one
        neighbor = await one.get("/v1/me")
        assert neighbor.status_code == 200


def assert_problem(answer: httpx.Response, status: int, code: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["instance"]) == (status, answer.request.url.path)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["code"] == code or not code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"identifiers": [NaN]}', 422),
        (b'{"identifiers": [-Infinity]}', 422),
        (b'{"identifiers": [1e400]}', 422),
        (b'{"identifiers": ["a"], "identifiers": ["b"]}', 400),
        (b'{"identifiers": ["a\\u0000b"]}', 422),
        (b'{"identifiers": ["\\ud800"]}', 422),
        (b'{"identifiers": ["\xff"]}', 400),
        (b'\xef\xbb\xbf{"identifiers": ["a"]}', 400),
        (b"[" * 100_000, 400),
        (b'{"identifiers": [' + b"9" * 5_000 + b"]}", 400),
        (b'{"identifiers": ["a"], "id": 1, "status": "approved"}', 422),
        (b'{"identifiers": ["  "]}', 422),
        (b'{"identifiers": [true]}', 422),
        (b'"', 400),
        (b"null", 422),
        (b"", 422),
    ],
)
async def test_a_body_with_more_than_one_meaning_is_refused(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    assert_problem(await client.post(LOOKUP, content=body, headers=JSON), status)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_another_kind_of_body_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post(LOOKUP, content=b'{"identifiers": ["a"]}', headers=headers)
    assert_problem(answer, 415)


async def test_a_body_that_announces_too_much_is_not_read(lite: Stand) -> None:
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent = await _call(lite, receive, [(b"content-length", b"50000000")])
    assert (sent[0]["status"], read) == (413, 0)


async def test_a_body_that_grows_too_long_is_cut(lite: Stand) -> None:
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    lite.settings = ApiSettings(body_limit=10_000)
    sent = await _call(lite, receive, [])
    assert (sent[0]["status"], read) == (413, 11)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=-1", 422, "invalid"),
        ("limit=0", 422, "invalid"),
        ("limit=201", 422, "invalid"),
        ("limit=100000000000000000000", 422, "invalid"),
        ("limit=1&limit=2", 400, "repeated_parameter"),
        ("sort=amount", 400, "unknown_parameter"),
        ("api_key=tie_secret", 400, "unknown_parameter"),
        ("q=a%00b", 422, "unstorable_text"),
        ("place=everywhere", 422, "invalid"),
        ("is_open=maybe", 422, "invalid"),
        ("q=" + "a" * 201, 422, "invalid"),
        ("cursor=" + "a" * 3000, 422, "invalid"),
    ],
)
async def test_a_query_that_is_not_clear_is_refused(
    client: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    assert_problem(await client.get(f"/v1/transactions?{query}"), status, code)


@pytest.mark.parametrize("day", ["0000-01-01", "2026-02-31", "31.12.2026", "2026-13-01"])
async def test_a_day_that_is_none_is_refused(client: httpx.AsyncClient, day: str) -> None:
    assert_problem(await client.get("/v1/ledger", params={"day": day}), 422)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_far_day_is_answered(client: httpx.AsyncClient, day: str) -> None:
    assert (await client.get("/v1/ledger", params={"day": day})).status_code == 200


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00", "yesterday"])
async def test_a_moment_without_a_zone_is_refused(client: httpx.AsyncClient, moment: str) -> None:
    assert_problem(await client.get("/v1/master-data/project", params={"as_of": moment}), 422)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("TRACE", "/v1/ledger", 405),
        ("DELETE", "/v1/transactions", 405),
        ("BREW", "/v1/me", 405),
        ("GET", "/v1/exceptions/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/v1/transactions/..%2f..%2fetc", 404),
        ("GET", "/v1/transactions/txn_%00", 404),
        ("GET", "/v1/transactions/txn_iiiiiiiiiiiii", 404),
        ("GET", "/v1/transactions/txn_zzzzzzzzzzzzz", 404),
        ("GET", f"/v1/transactions/{public_id('exc', 1)}", 404),
        ("GET", "/v1/master-data/secrets", 422),
        ("GET", "/v2/anything", 404),
    ],
)
async def test_a_way_that_leads_nowhere_is_told(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    assert_problem(await client.request(method, path), status)


async def test_an_unknown_method_names_the_known_ones(client: httpx.AsyncClient) -> None:
    assert "GET" in (await client.delete("/v1/transactions")).headers["allow"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer garbage", "Basic YTpi", "bearer tie_aaaaaaaa_bbbb_00000000", "Bearer " + "x" * 9_000],
)
async def test_no_key_or_a_wrong_one_is_refused(lite: Stand, authorization: str) -> None:
    async with lite.client() as client:
        answer = await client.get("/v1/me", headers={"authorization": authorization})
    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_ends_with_its_time_its_revocation_and_its_person(lite: Stand) -> None:
    keys = [lite.key(Role.VIEWER, lasts=timedelta(hours=1)), lite.key(Role.VIEWER), lite.key(Role.VIEWER, login="leo")]
    for key in keys:
        async with lite.client(key) as client:
            assert (await client.get("/v1/me")).status_code == 200
    lite.runtime.advance(timedelta(hours=1))
    with lite.database.write() as session:
        people.revoke_key(session, keys[1].split("_")[1], now=lite.runtime.now())
        leo = people.by_login(session, "leo")
        assert leo is not None
        people.deactivate(session, leo.id)
    for key in keys:
        async with lite.client(key) as client:
            assert (await client.get("/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/transactions",
        "/v1/exceptions",
        "/v1/causes",
        "/v1/ledger",
        "/v1/slas",
        "/v1/connections",
        "/v1/runs",
        "/v1/alerts",
        "/v1/flows",
        "/v1/master-data/project",
        "/v1/health",
        "/v1/audit",
    ],
)
async def test_an_administrator_of_people_sees_no_data(lite: Stand, path: str) -> None:
    async with lite.client(lite.key(Role.ADMIN)) as client:
        assert_problem(await client.get(path), 403, "forbidden")


async def test_our_own_mistake_says_nothing_and_the_next_request_is_served(
    lite: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(lite.services)

    @app.get("/v1/mistake")
    def mistake() -> None:
        raise ValueError("the password is hunter2")

    async with lite.client(app=app) as client:
        answer = await client.get("/v1/mistake")
        assert_problem(answer, 500, "internal_error")
        assert "hunter2" not in answer.text
        assert (await client.get("/livez")).status_code == 200
    assert answer.json()["request_id"] in [record.__dict__.get("request_id") for record in caplog.records]


async def test_an_answer_that_has_begun_can_only_be_cut(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    shield = Shield(app, body_limit=1, draw_request_id=lambda: "req_1")
    await shield({"type": "http", "path": "/", "headers": []}, receive, send)
    assert [message["status"] for message in sent] == [200]
    assert "request failed" in caplog.text


async def test_what_is_no_http_passes_through() -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    shield = Shield(app, body_limit=1, draw_request_id=lambda: "req_1")
    await shield({"type": "websocket"}, None, None)  # type: ignore[arg-type]  # nothing is received or sent
    assert seen == ["websocket"]


async def test_reads_go_on_while_nothing_can_be_written(lite: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lite.key(Role.VIEWER)

    def full(*_: object, **__: object) -> bool:
        raise DatabaseFullError("no space left")

    monkeypatch.setattr(people, "note_use", full)
    async with lite.client(key) as client:
        assert (await client.get("/v1/transactions")).status_code == 200


async def test_answers_are_not_kept_by_anybody_between(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/me")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def _call(stand: Stand, receive: Any, headers: list[tuple[bytes, bytes]]) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    key = stand.key(Role.MACHINE)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("tieout.test", 80),
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"tieout.test"),
            (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/cloudevents+json"),
            *headers,
        ],
    }
    await create_app(stand.services)(scope, receive, send)
    return sent
