"""Whole worlds for acts: on SQLite alone where the database makes no difference."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from control_plane.store.database import Database, open_database
from tests.stands.databases import SqliteStand
from tests.stands.world import World, twins, world

IDLE = timedelta(milliseconds=5)


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def w(sqlite_stand: SqliteStand, urls: tuple[str, str]) -> AsyncIterator[World]:
    """A world on SQLite."""
    with sqlite_stand.fresh() as url:
        opened = open_database(url)
        async with world(opened, urls, idle=IDLE) as one:
            await one.learn()
            yield one
        opened.dispose()


@pytest.fixture
async def either(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    """A world on SQLite, and once more on PostgreSQL."""
    async with world(database, urls, idle=IDLE) as one:
        await one.learn()
        yield one
