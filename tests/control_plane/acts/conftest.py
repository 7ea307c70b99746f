"""Whole worlds for acts: on SQLite alone where the database makes no difference."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from control_plane.store.database import Database
from tests.stands.world import World, twins, world

IDLE = timedelta(milliseconds=5)


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def w(sqlite_database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    """A world on SQLite."""
    async with world(sqlite_database, urls, idle=IDLE) as one:
        await one.learn()
        yield one


@pytest.fixture
async def either(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    """A world on SQLite, and once more on PostgreSQL."""
    async with world(database, urls, idle=IDLE) as one:
        await one.learn()
        yield one
