"""F2: the power fails, and the disk has forgotten what was not synced."""

import random
import time
from pathlib import Path

import pytest

from control_plane.api.client import ApiClient
from tests.faults.conftest import Tell
from tests.faults.figures import length
from tests.faults.machine import forgetful_disk
from tests.faults.senders import damages_of, sending, taking_events

pytestmark = pytest.mark.slow

CUTS = length(short=2, full=50)


def test_what_was_taken_over_survives_power_cuts(tmp_path: Path, tell: Tell) -> None:
    chance, damages = random.Random(2), 0
    with (
        forgetful_disk(tmp_path / "disk", seed=2) as disk,
        taking_events(tmp_path, database=disk.folder / "tieout.db") as tieout,
        sending(tieout) as sender,
    ):
        for cut in range(CUTS):
            with sender.storm(cut):
                time.sleep(chance.uniform(0.1, 1.0))
                tieout.kill()
            disk.lose_power()
            damages += damages_of(disk.folder / "tieout.db")
            tieout.begin()
            sender.send_again()
        with ApiClient(tieout.address, tieout.key) as client:
            lost, doubled = sender.missing_and_doubled(client)

    tell("F2", f"documents taken over and lost in {CUTS} power cuts", lost)
    tell("F2", f"documents there twice after {CUTS} power cuts", doubled)
    tell("F2", "damages of the file", damages)
