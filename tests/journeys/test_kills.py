import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from control_plane.api.client import ApiClient
from control_plane.proof.arrival import settle
from control_plane.proof.demo import prove
from control_plane.proof.erp import TwinErp
from control_plane.proof.feeds import SampleFeed
from control_plane.proof.replay import Replay
from control_plane.proof.stage import Stage
from control_plane.proof.verify import Proof
from tests.journeys.playing import QUICK, on_stage, steps_of, wait_until

KILLS: Final = 10
IMPATIENT: Final = {
    **QUICK,
    "connections.erp": {
        **QUICK["connections.erp"],
        "options": {"visibility_grace_seconds": "1", "batch": "20", "deadline_seconds": "1"},
    },
}
"""Short calls, so that a swallowed answer is noticed within a second."""
SWALLOWED: Final = {"kind": "swallow", "moment": "after", "method": "POST", "path": "/v1/documents$", "seconds": 2}


@pytest.mark.acceptance
@pytest.mark.slow
def test_ten_kills_and_swallowed_answers_lose_nothing_and_double_nothing(claims: Path | None, tmp_path: Path) -> None:
    with on_stage(tmp_path, settings=IMPATIENT) as (stage, _):
        if claims is None:
            feed = SampleFeed(stage)
            proof, struck = _survived(stage, feed.advance, lambda: feed.is_over)
        else:
            replay = Replay(stage.platform, stage.erp, steps_of(claims)[:2000])
            proof, struck = _survived(stage, replay.advance, lambda: replay.is_over)

    assert (proof.lost, proof.doubled, proof.differences) == (0, 0, ())
    assert proof.approved_count >= 500
    assert struck > 0


@pytest.mark.slow
def test_what_a_dead_process_had_in_flight_is_asked_about_at_its_restart(tmp_path: Path) -> None:
    patient = {**IMPATIENT, "engine": {**QUICK["engine"], "lease": 3600}}
    with on_stage(tmp_path, settings=patient) as (stage, client):
        _swallow(stage, probability=1.0)
        SampleFeed(stage).advance()
        wait_until(lambda: _count(client, "in_flight") > 0, seconds=60, what="a document in flight")
        stage.tieout.kill()
        _swallow(stage, probability=0.0)
        stage.tieout.begin()
        with stage.client() as again:
            settle(again)
            held, proof = _count(again, "in_flight"), prove(stage, again)[0]

    assert held == 0
    assert proof.differences == ()


def _survived(stage: Stage, advance: Callable[[], int], is_over: Callable[[], bool]) -> tuple[Proof, int]:
    """Kill Tieout again and again while documents come and answers are lost; prove the books in the end."""
    chance = random.Random(2026)
    _swallow(stage, probability=0.2)
    for _ in range(KILLS):
        for _ in range(chance.randint(1, 3)):
            advance()
        time.sleep(chance.uniform(0.1, 2.0))
        stage.tieout.kill()
        stage.tieout.begin()
    wait_until(lambda: bool(is_over() or not _and_wait(advance)), seconds=240, what="the last document")
    with stage.client() as client:
        settle(client)
        return prove(stage, client)[0], sum(_faults(stage)["struck"])


def _and_wait(advance: Callable[[], int]) -> bool:
    advance()
    return True


def _swallow(stage: Stage, *, probability: float) -> None:
    rule = {**SWALLOWED, "probability": probability}
    _twin(stage).hand.put("/twin/faults", {"seed": 7, "rules": [rule]})


def _faults(stage: Stage) -> dict[str, Sequence[int]]:
    return _twin(stage).hand.get("/twin/faults")


def _twin(stage: Stage) -> TwinErp:
    assert isinstance(stage.erp, TwinErp)
    return stage.erp


def _count(client: ApiClient, state: str) -> int:
    return sum(line.totals.count for line in client.ledger_states(flow="expense_report").items if line.state == state)
