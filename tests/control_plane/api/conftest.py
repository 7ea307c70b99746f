"""The API over either database, and over SQLite alone where the database makes no difference."""

import pytest

from control_plane.store.database import Database
from tests.control_plane.api.stand import Stand
from tests.stands.runtime import StandRuntime


@pytest.fixture
def stand(database: Database, runtime: StandRuntime) -> Stand:
    return Stand(database, runtime)


@pytest.fixture
def lite(sqlite_database: Database, runtime: StandRuntime) -> Stand:
    return Stand(sqlite_database, runtime)
