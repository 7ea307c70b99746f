"""The promises through random histories of the real engine: crashes, lost answers, recalls, two workers."""

import pytest

from control_plane.proof.simulator.many import tally

HISTORIES = 200
PARTS = 4


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_is_kept_in_every_history(part: int) -> None:
    found = tally(range(1 + part * HISTORIES, 1 + (part + 1) * HISTORIES))

    assert found.broken == {}
