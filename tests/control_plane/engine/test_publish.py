"""Alerts reach a webhook once, signed, again after failures, and never a machine inside."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import select
from standardwebhooks import Webhook as Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.twins.running import running_in_thread
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.engine.parts import Parts
from control_plane.engine.publish import PublicResolver, Publisher, Webhook
from control_plane.store.database import Database
from control_plane.store.incarnations import Start, register
from control_plane.store.tables import WebhookDeliveryRow
from tests.control_plane.api.stand import Stand
from tests.stands.real_time import RealTimeRuntime

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@dataclass(slots=True)
class Endpoint:
    """A receiver that checks signatures and answers as it is told."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    received: list[dict[str, object]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        Receiver(SECRET).verify(body, dict(request.headers))
        self.received.append(json.loads(body))
        status = self.statuses.pop(0) if self.statuses else 204
        return Response(status_code=status, headers=self.headers)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    app = Starlette(routes=[Route("/hook", one.answer, methods=["POST"])])
    with running_in_thread(app) as server:
        one.url = f"{server.url}/hook"
        yield one


@pytest.fixture
def stand(database: Database) -> Stand:
    made = Stand(database, RealTimeRuntime())  # type: ignore[arg-type]  # a signature is good for minutes of real time
    with database.write() as session:
        start = Start("worker", "host", 1)
        register(session, made.runtime.ids.draw(), start, slot=0, now=made.runtime.now())
    return made


def parts(stand: Stand) -> Parts:
    return Parts(stand.runtime, stand.database, {}, {})


def publisher(url: str, *, allows_loopback: bool = True) -> Publisher:
    hook = Webhook("ops", url, SECRET, allows_loopback=allows_loopback)
    return Publisher([hook], screen_url="https://tieout.test", look_every=timedelta(0), silent_after=timedelta(days=1))


def deliveries(stand: Stand) -> list[WebhookDeliveryRow]:
    with stand.database.read() as session:
        return list(session.exec(select(WebhookDeliveryRow)).all())


async def test_an_alert_is_told_once_and_its_end_once(stand: Stand, endpoint: Endpoint) -> None:
    row = stand.document(State.FAILED, Reason.REJECTED)
    publish = publisher(endpoint.url)
    assert [await publish(parts(stand)) for _ in range(3)] == [1, 0, 0]
    stand.move(row, State.CANCELLED, By.SOURCE, Reason.RECALLED)
    assert [await publish(parts(stand)) for _ in range(3)] == [1, 0, 0]
    raised, resolved = endpoint.received
    data = raised["data"]
    assert isinstance(data, dict)
    assert (raised["type"], data["name"], data["severity"]) == ("alert.raised.v1", "failed", "warning")
    assert data["amounts"] == [{"count": 1, "minor": 41_250, "currency": "EUR", "group_minor": 41_250}]
    assert data["link"].startswith("https://tieout.test/exceptions?flow=expense_report")
    assert (resolved["type"], resolved["data"]) == ("alert.resolved.v1", {"key": data["key"]})


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (429, {"retry-after": "30"}), (301, {"location": "/x"})])
async def test_what_was_not_taken_is_told_again(
    stand: Stand, endpoint: Endpoint, status: int, headers: dict[str, str]
) -> None:
    stand.document(State.FAILED, Reason.REJECTED)
    endpoint.statuses, endpoint.headers = [status], headers
    publish = publisher(endpoint.url)
    await publish(parts(stand))
    waiting = deliveries(stand)[0]
    assert (waiting.attempt_count, waiting.delivered_at, waiting.last_failure) == (1, None, f"answered {status}")
    stand.runtime.advance(timedelta(minutes=2))
    await publish(parts(stand))
    assert deliveries(stand)[0].delivered_at is not None
    assert len(endpoint.received) == 2


async def test_an_endpoint_that_is_gone_is_told_no_more(stand: Stand, endpoint: Endpoint) -> None:
    stand.document(State.FAILED, Reason.REJECTED)
    endpoint.statuses = [410]
    await publisher(endpoint.url)(parts(stand))
    assert deliveries(stand)[0].given_up_at is not None


async def test_what_nobody_takes_for_a_day_is_given_up(stand: Stand) -> None:
    stand.document(State.FAILED, Reason.REJECTED)
    publish = publisher("http://127.0.0.1:9/hook")
    await publish(parts(stand))
    assert deliveries(stand)[0].given_up_at is None
    stand.runtime.advance(timedelta(hours=25))
    await publish(parts(stand))
    assert deliveries(stand)[0].given_up_at is not None


async def test_a_machine_inside_is_never_told(stand: Stand, endpoint: Endpoint) -> None:
    stand.document(State.FAILED, Reason.REJECTED)
    await publisher(endpoint.url, allows_loopback=False)(parts(stand))
    assert endpoint.received == []
    assert "https" in deliveries(stand)[0].last_failure


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    resolver = PublicResolver(allows_loopback=False)
    with pytest.raises(OSError, match="leads inside"):
        await resolver.resolve("localhost", 443)
    await resolver.close()


async def test_without_webhooks_nothing_is_looked_for(stand: Stand) -> None:
    stand.document(State.FAILED, Reason.REJECTED)
    assert await Publisher([])(parts(stand)) == 0
    assert deliveries(stand) == []
