"""What tests of every floor may ask for: a migrated database of either kind, ids and a runtime."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.stands.databases import NoPostgresError, PostgresStand, SqliteStand, postgres_stand, sqlite_in_memory

if TYPE_CHECKING:
    from control_plane.store.database import Database
    from tests.stands.runtime import CountingIds, StandRuntime


@pytest.hookimpl(trylast=True)  # after the shuffle
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests, so that no worker is left alone with one in the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def sqlite_stand() -> Iterator[SqliteStand]:
    with sqlite_in_memory() as stand:
        yield stand


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresStand]:
    """A running server; tests that ask for it are skipped, with the reason, where it cannot start."""
    with ExitStack() as open_stands:
        try:
            stand = open_stands.enter_context(postgres_stand())
        except NoPostgresError as error:
            pytest.skip(str(error))
        yield stand


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database without rows; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        with request.getfixturevalue("sqlite_stand").fresh() as url:
            yield url
    else:
        yield request.getfixturevalue("postgres_server").clean()


@pytest.fixture(params=BOTH)
def own_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same for a test that changes the schema."""
    stand = request.getfixturevalue("sqlite_stand" if request.param == "sqlite" else "postgres_server")
    with stand.fresh() as url:
        yield url


@contextmanager
def _opened(url: str) -> "Iterator[Database]":
    from control_plane.store.database import open_database  # noqa: PLC0415  (only tests with a database load it)

    database = open_database(url)
    yield database
    database.dispose()


@pytest.fixture
def database(database_url: str) -> "Iterator[Database]":
    """A migrated, open database; the test runs once on SQLite and once on PostgreSQL."""
    with _opened(database_url) as opened:
        yield opened


@pytest.fixture
def sqlite_database(sqlite_stand: SqliteStand) -> "Iterator[Database]":
    """The same on SQLite alone: where the kind of database makes no difference."""
    with sqlite_stand.fresh() as url, _opened(url) as opened:
        yield opened


@pytest.fixture
def runtime() -> "StandRuntime":
    from tests.stands.runtime import StandRuntime  # noqa: PLC0415  (see above)

    return StandRuntime()


@pytest.fixture
def ids(runtime: "StandRuntime") -> "CountingIds":
    return runtime.ids
