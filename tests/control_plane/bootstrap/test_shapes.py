import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from control_plane.api.client import ApiClient
from control_plane.bootstrap import shapes
from control_plane.bootstrap.serving import listening
from control_plane.bootstrap.shapes import Ready
from control_plane.bootstrap.sharing import shared_secrets
from control_plane.settings import ConfigurationError, Settings
from control_plane.settings.sections import ConnectionSection, DatabaseSection, UiSection

TRAVEL = ConnectionSection(provider="events")
EVENT = {
    "specversion": "1.0",
    "id": "TR-4711-2",
    "source": "travel",
    "type": "expense_report.approved.v1",
    "subject": "TR-4711",
    "time": "2026-10-15T08:30:00Z",
    "data": {"document_number": "TR-4711"},
}


def _settings(folder: Path) -> Settings:
    return Settings(
        database=DatabaseSection(url=f"sqlite:///{folder / 'tieout.db'}"),
        ui=UiSection(is_mounted=False),
        connections={"travel": TRAVEL},
    )


@asynccontextmanager
async def _up(settings: Settings) -> AsyncIterator[Ready]:
    said: list[Ready] = []
    running = asyncio.create_task(shapes.up(settings, listening("127.0.0.1", 0), said.append))
    for _ in range(600):
        if said or running.done():
            break
        await asyncio.sleep(0.05)
    try:
        yield said[0]
    finally:
        os.kill(os.getpid(), signal.SIGTERM)  # as a supervisor does
        await asyncio.wait_for(running, 30)


async def _asked(ready: Ready, ask: Callable[[ApiClient], Any]) -> Any:
    def question() -> Any:
        with ApiClient(ready.address) as door:
            key = door.sign_in(ready.sign_in_url.rpartition("=")[2]).key
        with ApiClient(ready.address, key) as client:
            return ask(client), key

    return await asyncio.to_thread(question)


async def test_the_printed_address_lets_the_operator_in_with_every_role(tmp_path: Path) -> None:
    async with _up(_settings(tmp_path)) as ready:
        me, _ = await _asked(ready, lambda client: client.me())

    assert me.login == "operator"
    assert {grant.role for grant in me.grants} == {
        "admin",
        "analyst",
        "approver",
        "auditor",
        "controller",
        "integrator",
    }
    assert ready.connections == ("travel",)


async def test_the_key_beside_the_database_stays_the_same_over_a_restart(tmp_path: Path) -> None:
    kept = []
    for _ in range(2):
        async with _up(_settings(tmp_path)):
            kept.append((tmp_path / "tieout.key").read_text())

    assert kept[0] == kept[1]


async def test_an_event_that_is_sent_to_us_becomes_one_transaction(tmp_path: Path) -> None:
    def send(address: str, key: str) -> list[dict[str, Any]]:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/cloudevents+json"}
        request = Request(f"{address}/v1/events", json.dumps(EVENT).encode(), headers)
        items: list[dict[str, Any]] = json.loads(urlopen(request, timeout=10).read())["items"]
        return items

    async with _up(_settings(tmp_path)) as ready:
        _, key = await _asked(ready, lambda client: client.me())
        (first,) = await asyncio.to_thread(send, ready.address, key)
        (again,) = await asyncio.to_thread(send, ready.address, key)

    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["transaction_id"] == again["transaction_id"] is not None


def test_processes_on_postgresql_must_be_told_what_they_share() -> None:
    settings = Settings(database=DatabaseSection(url="postgresql+psycopg://tieout@host/name"))

    with pytest.raises(ConfigurationError, match=r"secrets\.master: the processes on PostgreSQL share a secret"):
        shared_secrets(settings)
