import subprocess
import sys

import pytest

from control_plane.proof.simulator.history import live
from control_plane.proof.simulator.many import tell
from control_plane.proof.simulator.plan import plan
from control_plane.proof.simulator.stage import Stage

TELL = """
from control_plane.proof.simulator.many import tell
print("\\n".join(tell(7).lines))
"""


@pytest.mark.parametrize("seed", [3, 7, 11])
def test_a_seed_repeats_its_history(one: Stage, seed: int) -> None:
    assert live(one, plan(seed)) == live(one, plan(seed))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_repeats_its_history_in_another_process(hash_seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", TELL],
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert told.stdout.splitlines() == list(tell(7).lines)


def test_two_seeds_tell_two_histories(one: Stage) -> None:
    assert live(one, plan(3)).lines[1:] != live(one, plan(4)).lines[1:]
