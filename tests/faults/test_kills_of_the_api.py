"""F1: the API is killed between its commit and its answer; who sends again gets the same answer."""

import random
import time
from pathlib import Path

import pytest

from bench.figures import at_least
from control_plane.api.client import ApiClient
from tests.faults.conftest import Tell
from tests.faults.figures import length
from tests.faults.senders import sending, taking_events

pytestmark = pytest.mark.slow

KILLS = length(short=3, full=300)


def test_what_is_sent_again_after_a_kill_is_there_once(tmp_path: Path, tell: Tell) -> None:
    chance, known = random.Random(1), 0
    with taking_events(tmp_path) as tieout, sending(tieout) as sender:
        for kill in range(KILLS):
            with sender.storm(kill):
                time.sleep(chance.uniform(0.08, 0.25))
                tieout.kill()
            tieout.begin()
            known += sender.send_again()
            for name in chance.sample(sorted(sender.taken), min(3, len(sender.taken))):
                answer = sender.send(name)
                assert answer is not None
                assert answer.json()["items"][0]["duplicate"]
        with ApiClient(tieout.address, tieout.key) as client:
            lost, doubled = sender.missing_and_doubled(client)

    tell("F1", f"taken over and lost in {KILLS} kills", lost)
    tell("F1", "sent again and already there", known, "", at_least(0))
    tell("F1", f"there twice after {KILLS} kills", doubled)
