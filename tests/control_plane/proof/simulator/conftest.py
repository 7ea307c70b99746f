"""One stage for all tests of a file."""

from collections.abc import Iterator

import pytest

from control_plane.proof.simulator.stage import Stage, stage


@pytest.fixture(scope="module")
def one() -> Iterator[Stage]:
    with stage() as opened:
        yield opened
