"""A world whose spans are kept in memory, and a process that has not told anything yet."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.util._once import Once

from control_plane.store.database import open_database
from control_plane.telemetry import redaction
from control_plane.telemetry.logs import formatter
from control_plane.telemetry.provider import provider_to
from tests.control_plane.telemetry.told import Lines, Spans
from tests.stands.databases import SqliteStand
from tests.stands.world import World, twins, world


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a process without a provider and without secrets."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(redaction, "_FORMS", set())


@pytest.fixture
def spans() -> Iterator[Spans]:
    exporter = Spans()
    provider = provider_to(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    yield exporter
    provider.shutdown()


@pytest.fixture(params=["json", "text"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    """Whatever anybody logs, as it would be written in either form."""
    yield from _caught(request.param)


@pytest.fixture
def json_lines() -> Iterator[Lines]:
    yield from _caught("json")


def _caught(form: str) -> Iterator[Lines]:
    root, handler = logging.getLogger(), Lines()
    before = root.level
    handler.setFormatter(formatter(form))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
async def w(sqlite_stand: SqliteStand) -> AsyncIterator[World]:
    with sqlite_stand.fresh() as url, twins() as urls:
        database = open_database(url)
        async with world(database, urls, idle=timedelta(milliseconds=5)) as one:
            await one.learn()
            yield one
        database.dispose()
