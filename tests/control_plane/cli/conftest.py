"""A desk for the commands that ask a running API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from control_plane.store.database import open_database
from tests.control_plane.acts.bulk_stand import BulkStand
from tests.control_plane.cli.desk import Desk, desk_over
from tests.stands.databases import SqliteStand
from tests.stands.runtime import StandRuntime


@pytest.fixture
def desk(sqlite_stand: SqliteStand, runtime: StandRuntime, tmp_path: Path) -> Iterator[Desk]:
    with sqlite_stand.fresh() as url:
        opened = open_database(url)
        with desk_over(BulkStand(opened, runtime), tmp_path) as running:
            yield running
        opened.dispose()
