"""The grown shape under faults: an API on PostgreSQL between both twins, and processes beside it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from connectors.twins.expense.sample_set import trickle
from control_plane.proof.arrival import settle
from control_plane.proof.demo import TRIES, _prove_once
from control_plane.proof.erp import TwinErp
from control_plane.proof.hand import Hand
from control_plane.proof.stage import Stage, TieoutProcess, Wishes, staged
from control_plane.proof.verify import UNKNOWN, Proof
from control_plane.store.migrations import migrate
from tests.journeys.playing import QUICK, learn

LEASE: Final = 8
DEADLINE: Final = 3
SETTINGS: Final = {
    **QUICK,
    "engine": {"lease": LEASE, "batch": 100, "page": 100},
    "connections.erp": {
        **QUICK["connections.erp"],
        "options": {"visibility_grace_seconds": "1", "batch": "5", "deadline_seconds": str(DEADLINE)},
    },
    "connections.travel": {"provider": "events"},
}
POSTS: Final = "/v1/documents$"


@dataclass(slots=True)
class Grown:
    """The running stage, its database, and the documents that were approved so far."""

    stage: Stage
    database_url: str
    scheduler: TieoutProcess
    worker: TieoutProcess
    approved: int = 0
    _samples: Iterator[Any] = field(default_factory=lambda: trickle(today=datetime.now(UTC).date()))

    @property
    def erp(self) -> Hand:
        """Return the hand behind the ERP's curtain."""
        assert isinstance(self.stage.erp, TwinErp)
        return self.stage.erp.hand

    def approve(self, count: int) -> None:
        """Approve further documents on the platform."""
        self.stage.platform.submit([next(self._samples).envelope for _ in range(count)])
        self.approved += count

    def faults(self, *rules: dict[str, Any]) -> None:
        """Let the ERP misbehave."""
        self.erp.put("/twin/faults", {"seed": 7, "rules": list(rules)})

    def proof(self) -> Proof:
        """Return the proof against both books once everything has arrived."""
        for _ in range(TRIES - 1):
            proof = self._proof_of_now()
            if not differences(proof):
                return proof
        return self._proof_of_now()

    def _proof_of_now(self) -> Proof:
        with self.stage.client() as client:
            settle(client, at_least=self.approved)
            return _prove_once(self.stage, client)[0]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what the database says."""
        with psycopg.connect(self.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def number(self, query: str, *values: object) -> int:
        """Return a single number that the database says."""
        return int(self.rows(query, *values)[0][0] or 0)

    @contextmanager
    def beside(self, *commands: str, under: Sequence[str] = ()) -> Iterator[list[TieoutProcess]]:
        """Give further processes, which end with the block."""
        with _running(self.stage, *commands, under=under) as processes:
            yield processes


@contextmanager
def grown(url: str, folder: Path, settings: dict[str, dict[str, Any]] | None = None) -> Iterator[Grown]:
    """Give an API, a scheduler and a worker over an empty database, once the ERP's lists are read."""
    migrate(url)
    own = {**(settings or {}), "database": {"url": url, **(settings or {}).get("database", {})}}
    secrets = {"directory": str(folder / "stage" / "secrets"), "master": "secret:expense_client_secret"}
    wanted = {**SETTINGS, "secrets": secrets, **own}
    wishes = Wishes(folder / "stage", has_screen=False, command="api", settings=wanted)
    with staged(wishes) as stage, _running(stage, "scheduler", "worker") as (scheduler, worker):
        with stage.client() as client:
            learn(client)
        yield Grown(stage, url, scheduler, worker)


@contextmanager
def _running(stage: Stage, *commands: str, under: Sequence[str] = ()) -> Iterator[list[TieoutProcess]]:
    with ExitStack() as stack:
        processes = [TieoutProcess(stage.tieout.config.parent, command, under=under) for command in commands]
        for process in processes:
            stack.callback(process.end)
            process.begin()
        yield processes


def differences(proof: Proof) -> list[str]:
    """Return what the books disagree about; what another sender sent is nobody's difference."""
    return [str(one) for one in proof.differences if one.what != UNKNOWN]
