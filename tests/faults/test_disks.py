"""F32 to F35: the disk under SQLite is full, fails or takes no writes, or the process has no descriptors left."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bench.figures import at_most
from control_plane.api.client import ApiClient
from control_plane.proof.stage import TieoutProcess
from tests.faults.conftest import Tell
from tests.faults.machine import enlarge, failing_calls, on_small_disk
from tests.faults.senders import Sender, damages_of, sending, taking_events
from tests.journeys.playing import wait_until

pytestmark = pytest.mark.slow

LARGE = 100_000


@contextmanager
def _asking(tieout: TieoutProcess) -> Iterator[ApiClient]:
    with ApiClient(tieout.address, tieout.key, timeout_seconds=30) as client:
        yield client


def _status(sender: Sender, name: str, padding: int = 0) -> int:
    answer = sender.send(name, padding=padding)
    return 0 if answer is None else answer.status_code


def _readiness(tieout: TieoutProcess) -> int:
    return httpx.get(f"{tieout.address}/readyz", timeout=30, trust_env=False).status_code


def _pid(tieout: TieoutProcess) -> int:
    assert tieout.pid is not None
    return tieout.pid


def test_a_full_disk_is_told_reads_go_on_and_room_is_used_without_a_restart(tmp_path: Path, tell: Tell) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with (
        taking_events(tmp_path, under=on_small_disk(disk, 6), database=disk / "tieout.db") as tieout,
        sending(tieout) as sender,
        _asking(tieout) as client,
    ):
        assert _status(sender, "TR-before") == HTTPStatus.ACCEPTED
        assert sender.missing_and_doubled(client) == (0, 0)
        for number in range(200):
            if _status(sender, f"TR-{number}", LARGE) != HTTPStatus.ACCEPTED:
                break
        assert sender.refused == {HTTPStatus.INSUFFICIENT_STORAGE: 1}
        assert client.transactions().items
        enlarge(_pid(tieout), disk, 24)
        began = time.monotonic()
        wait_until(lambda: _status(sender, "TR-again", LARGE) == HTTPStatus.ACCEPTED, seconds=60, what="a taken event")
        waited = time.monotonic() - began
        lost, doubled = sender.missing_and_doubled(client)
        damages = damages_of(Path(f"/proc/{_pid(tieout)}/root{disk}/tieout.db"))

    tell("F32", "documents lost or doubled by a full disk", lost + doubled)
    tell("F32", "damages of the file", damages)
    tell("F32", "until events are taken again once there is room", waited, "s", at_most(10))


def test_after_a_write_that_the_disk_did_not_keep_nothing_is_taken_until_the_restart(
    tmp_path: Path, tell: Tell
) -> None:
    with taking_events(tmp_path) as tieout, sending(tieout) as sender:
        assert _status(sender, "TR-before") == HTTPStatus.ACCEPTED
        with _asking(tieout) as client:
            assert sender.missing_and_doubled(client) == (0, 0)
        with failing_calls(_pid(tieout), "fsync,fdatasync", "EIO"):
            assert _status(sender, "TR-during") == HTTPStatus.SERVICE_UNAVAILABLE
        after = [_status(sender, f"TR-after-{number}") for number in range(3)]
        assert _readiness(tieout) == HTTPStatus.SERVICE_UNAVAILABLE
        with _asking(tieout) as client:
            assert client.transactions().items
        tieout.end()
        damages = damages_of(tmp_path / "tieout.db")
        tieout.begin()
        assert _readiness(tieout) == HTTPStatus.OK
        assert _status(sender, "TR-during") == HTTPStatus.ACCEPTED
        with _asking(tieout) as client:
            lost, doubled = sender.missing_and_doubled(client)

    tell("F33", "events taken after a write that the disk did not keep", after.count(HTTPStatus.ACCEPTED))
    tell("F33", "documents lost or doubled", lost + doubled)
    tell("F33", "damages of the file", damages)


def test_a_disk_that_takes_no_writes_is_told_and_writes_go_on_without_a_restart(tmp_path: Path, tell: Tell) -> None:
    with taking_events(tmp_path) as tieout, sending(tieout) as sender, _asking(tieout) as client:
        assert _status(sender, "TR-before") == HTTPStatus.ACCEPTED
        assert sender.missing_and_doubled(client) == (0, 0)
        with failing_calls(_pid(tieout), "pwrite64", "EROFS"):
            during = [_status(sender, f"TR-{number}") for number in range(3)]
            assert client.transactions().items
        wait_until(lambda: _status(sender, "TR-0") == HTTPStatus.ACCEPTED, seconds=60, what="a taken event")
        lost, doubled = sender.missing_and_doubled(client)
        damages = damages_of(tmp_path / "tieout.db")

    assert set(during) == {HTTPStatus.SERVICE_UNAVAILABLE}
    tell("F34", "documents lost or doubled by a disk that takes no writes", lost + doubled)
    tell("F34", "damages of the file", damages)


def test_a_process_without_descriptors_serves_again_when_it_has_some(tmp_path: Path, tell: Tell) -> None:
    with_few = ("sh", "-c", 'ulimit -n 64 && exec "$@"', "sh")
    with taking_events(tmp_path, under=with_few) as tieout, sending(tieout) as sender, _asking(tieout) as client:
        assert _status(sender, "TR-before") == HTTPStatus.ACCEPTED
        where = urlsplit(tieout.address)
        with ExitStack() as crowd:
            for _ in range(100):
                crowd.enter_context(socket.create_connection((where.hostname, where.port or 0), timeout=10))
            time.sleep(2)
        began = time.monotonic()
        wait_until(lambda: _status(sender, "TR-after") == HTTPStatus.ACCEPTED, seconds=60, what="a taken event")
        waited = time.monotonic() - began
        lost, doubled = sender.missing_and_doubled(client)

    tell("F35", "documents lost or doubled by a crowd", lost + doubled)
    tell("F35", "until events are taken again", waited, "s", at_most(10))
