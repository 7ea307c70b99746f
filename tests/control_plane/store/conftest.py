"""A desk over either database, and over SQLite alone where the database makes no difference."""

import pytest

from control_plane.store.database import Database
from tests.control_plane.store.desk import Desk
from tests.stands.runtime import StandRuntime


@pytest.fixture
def desk(database: Database, runtime: StandRuntime) -> Desk:
    return Desk(database, runtime)


@pytest.fixture
def lite(sqlite_database: Database, runtime: StandRuntime) -> Desk:
    return Desk(sqlite_database, runtime)
