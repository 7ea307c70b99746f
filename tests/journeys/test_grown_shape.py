from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from control_plane.proof.arrival import settle
from control_plane.proof.demo import prove
from control_plane.proof.feeds import SampleFeed
from control_plane.proof.stage import Stage, TieoutProcess, Wishes, staged
from control_plane.store.migrations import migrate
from tests.journeys.playing import QUICK, learn
from tests.stands.databases import PostgresStand

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def grown(postgres_server: PostgresStand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wishes]:
    """Wishes for an API on PostgreSQL; workers and schedulers are begun beside it."""
    monkeypatch.setenv("SHARED", "s" * 32)
    with postgres_server.fresh() as url:
        migrate(url)
        further = {"database": {"url": url}, "secrets": {"directory": _secrets(tmp_path), "master": "env:SHARED"}}
        yield Wishes(tmp_path / "stage", has_screen=False, command="api", settings={**QUICK, **further})


@contextmanager
def _beside(stage: Stage, *commands: str) -> Iterator[list[TieoutProcess]]:
    with ExitStack() as stack:
        processes = [TieoutProcess(stage.tieout.config.parent, command) for command in commands]
        for process in processes:
            stack.callback(process.end)
            process.begin()
        yield processes


def _secrets(folder: Path) -> str:
    return str(folder / "stage" / "secrets")


def test_processes_on_postgresql_share_the_work_and_survive_the_death_of_one(grown: Wishes) -> None:
    with (
        staged(grown) as stage,
        stage.client() as client,
        _beside(stage, "worker", "worker", "scheduler", "scheduler") as (first, *_),
    ):
        learn(client)
        feed = SampleFeed(stage)
        for _ in range(3):
            feed.advance()
        first.kill()
        while feed.done < 160:
            feed.advance()
        settle(client, at_least=feed.done)
        proof, _ = prove(stage, client)

    assert (proof.lost, proof.doubled, proof.differences) == (0, 0, ())
    assert proof.statement_count >= 160
