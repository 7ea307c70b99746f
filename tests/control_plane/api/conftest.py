"""The API over either database, and over SQLite alone where the database makes no difference."""

from collections.abc import Iterator

import pytest

from control_plane.store.database import Database, open_database
from tests.control_plane.api.stand import Stand
from tests.stands.databases import SqliteStand
from tests.stands.runtime import StandRuntime


@pytest.fixture
def stand(database: Database, runtime: StandRuntime) -> Stand:
    return Stand(database, runtime)


@pytest.fixture
def lite(sqlite_stand: SqliteStand, runtime: StandRuntime) -> Iterator[Stand]:
    with sqlite_stand.fresh() as url:
        opened = open_database(url)
        yield Stand(opened, runtime)
        opened.dispose()
