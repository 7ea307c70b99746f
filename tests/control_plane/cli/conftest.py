"""A desk for the commands that ask a running API, and a whole stage for those that need real documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.twins.expense.sample_set import sample_set
from control_plane.api.client import ApiClient
from control_plane.proof.arrival import settle
from control_plane.proof.stage import Stage
from control_plane.store.database import Database
from tests.control_plane.acts.bulk_stand import BulkStand
from tests.control_plane.cli.desk import Desk, desk_over
from tests.journeys.playing import on_stage
from tests.stands.runtime import StandRuntime


@pytest.fixture
def desk(sqlite_database: Database, runtime: StandRuntime, tmp_path: Path) -> Iterator[Desk]:
    with desk_over(BulkStand(sqlite_database, runtime), tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, ApiClient]]:
    with on_stage(tmp_path_factory.mktemp("cli")) as (running, client):
        running.platform.submit([one.envelope for one in sample_set()[:200]])
        settle(client, at_least=200)
        yield running, client
