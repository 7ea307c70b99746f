"""A journey in real processes: what is done on the stage, and how long one waits for it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from control_plane.api.client import ApiClient
from control_plane.proof.arrival import settle
from control_plane.proof.replay import APART, Replay
from control_plane.proof.stage import Stage, Wishes, staged
from control_plane.proof.timeline import Step, spread, timeline
from control_plane.proof.xes import read_traces

QUICK: Final[Mapping[str, Mapping[str, Any]]] = {  # TOML values by section and key
    "engine": {"lease": 15, "batch": 1000, "page": 1000},
    "connections.concur": {
        "options": {"page_size": "500", "recall_events": "/v4/topics/financialintegration/events"},
        "streams": {"cash_advances": 30, "recalls": 2},
    },
    "connections.erp": {"every": 60, "streams": {"payments": 2, "project": 2}},
}
"""Larger pages and fewer questions than the demo asks: thousands of documents in a minute."""


class TooLongError(AssertionError):
    """What was waited for did not come."""


def wait_until(holds: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TooLongError(f"{what} did not come within {seconds} seconds")
        time.sleep(0.1)


@contextmanager
def on_stage(folder: Path, **wishes: Any) -> Iterator[tuple[Stage, ApiClient]]:
    """Give the stage with the ERP's lists read, and a client of Tieout."""
    wanted = {"has_screen": False, "settings": QUICK, **wishes}
    with staged(Wishes(folder / "stage", **wanted)) as stage, stage.client() as client:
        learn(client)
        yield stage, client


def learn(client: ApiClient) -> None:
    """Wait until every list of the ERP is read once."""

    def is_read() -> bool:
        return all(stream.read_at is not None for stream in client.connection("erp").streams)

    wait_until(is_read, seconds=120, what="the ERP's master data")


def steps_of(log: Path) -> Sequence[Step]:
    return spread(timeline(read_traces(log)), apart=APART)


def play(stage: Stage, client: ApiClient, steps: Sequence[Step], *, seconds: float) -> Replay:
    """Let a log happen as fast as postings come; at its end project P-13 is reactivated and strays are paid."""
    replay = Replay(stage.platform, stage.erp, steps)

    def is_over() -> bool:
        replay.advance()
        return replay.is_over

    wait_until(is_over, seconds=seconds, what="the end of the log")
    stage.erp.activate_project("P-13")
    wait_until(lambda: not _waits_for_lists(client), seconds=seconds, what="the release of what P-13 held")
    settle(client)
    replay.end()
    settle(client)
    return replay


def _waits_for_lists(client: ApiClient) -> bool:
    cases = client.exceptions(code="inactive_master_data", limit=200).items
    return any(case.state != "retrying" for case in cases)
