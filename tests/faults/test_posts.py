"""F4: many posts of which a fifth is ambiguous, while workers are killed again and again."""

import random
import time
from collections.abc import Iterator

import pytest

from bench.figures import at_least, at_most
from tests.faults.conftest import Tell
from tests.faults.figures import only_in_full
from tests.faults.grown import POSTS, Grown, differences, grown
from tests.journeys.playing import wait_until
from tests.stands.databases import PostgresStand

pytestmark = [pytest.mark.slow, pytest.mark.postgres, only_in_full("tests/journeys/test_kills.py")]

DOCUMENTS = 10_000
AT_ONCE = 250
KILL_EVERY = 5.0
LONGEST = 7200.0
AMBIGUOUS = (
    {"kind": "swallow", "moment": "after", "path": POSTS, "seconds": 4, "probability": 0.05},
    {"kind": "reset", "moment": "after", "path": POSTS, "probability": 0.05},
    {"kind": "status", "moment": "after", "path": POSTS, "probability": 0.05},
    {"kind": "close", "moment": "before", "path": POSTS, "probability": 0.05},
)
_DOUBTED = "SELECT count(DISTINCT transaction_id) FROM lineage WHERE to_state = 'in_doubt'"
_LEFT = "SELECT count(*) FROM transaction WHERE state = 'in_doubt'"
_SETTLED = """
    SELECT count(*) FROM transaction WHERE flow = 'expense_report'
    AND state NOT IN ('received', 'ready', 'in_flight', 'awaiting_ack', 'in_doubt')
"""
_DOUBTS = """
    SELECT extract(epoch FROM min(after.at) - before.at) FROM lineage before JOIN lineage after
    ON after.transaction_id = before.transaction_id AND after.id > before.id AND after.from_state = 'in_doubt'
    WHERE before.to_state = 'in_doubt' GROUP BY before.id, before.at
"""


@pytest.fixture
def world(postgres_server: PostgresStand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    with postgres_server.empty() as url, grown(url, tmp_path_factory.mktemp("grown")) as one:
        yield one


def _on_the_way(world: Grown) -> int:
    return world.approved - world.number(_SETTLED)


def test_lost_answers_and_killed_workers_lose_and_double_nothing(world: Grown, tell: Tell) -> None:
    chance, until = random.Random(4), time.monotonic() + LONGEST
    world.faults(*AMBIGUOUS)
    with world.beside("worker") as (other,):
        while time.monotonic() < until and (world.approved < DOCUMENTS or _on_the_way(world) > AT_ONCE):
            if world.approved < DOCUMENTS and _on_the_way(world) < 4 * AT_ONCE:
                world.approve(AT_ONCE)
            time.sleep(KILL_EVERY)
            victim = chance.choice((world.worker, other))
            victim.kill()
            victim.begin()
        world.faults()
        wait_until(lambda: world.number(_LEFT) == 0, seconds=300, what="the end of all doubts")
        proof = world.proof()

    doubted, left = world.number(_DOUBTED), world.number(_LEFT)
    lasted = sorted(float(seconds) for (seconds,) in world.rows(_DOUBTS))
    assert differences(proof) == []
    tell("F4", f"documents lost of {world.approved} with a fifth of the answers ambiguous", proof.lost)
    tell("F4", f"documents doubled of {world.approved} with a fifth of the answers ambiguous", proof.doubled)
    tell("F4", "doubts that ended without a person", 100 * (doubted - left) / max(1, doubted), "%", at_least(99))
    tell("F4", "the 95th of 100 doubts lasted", lasted[int(0.95 * len(lasted))], "s", at_most(60))
