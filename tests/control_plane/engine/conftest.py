"""A world that has learned the ERP's lists, for tests of the engine."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from control_plane.store.database import Database
from tests.stands.backlog import Backlog
from tests.stands.runtime import CountingIds
from tests.stands.world import World, twins, world


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
def backlog(sqlite_database: Database) -> Backlog:
    return Backlog(sqlite_database, CountingIds())


@pytest.fixture
async def w(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    policy = {"after_post": {"recalled": "reverse", "changed": "reverse"}}
    async with world(database, urls, policy=policy, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        yield one
