"""One running trytond on a database file of its own, waited for and stopped."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connectors.twins.tryton.home import TrytonMissingError
from connectors.twins.tryton.rpc import Rpc

DATABASE: Final = "tieout"
ADMIN: Final = "admin"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_LEASH: Final = ("/bin/sh", "-c", 'exec 3<&0; (cat <&3 >/dev/null; kill $$) & exec "$@" 3<&- </dev/null', "leash")
"""Becomes the command, and ends it when our end of its standard input closes: however we end, nothing is left."""


def configured(directory: Path, port: int = 0) -> Path:
    """Return a configuration file in the directory that also holds the database file."""
    file = directory / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {directory}\nlist = False\n[web]\nlisten = 127.0.0.1:{port}\n"
    )
    return file


@contextmanager
def serving(binaries: Path, directory: Path, password: str) -> Iterator[str]:
    """Run trytond over the directory's database and give its address, database included, once it answers.

    Raises:
        TrytonMissingError: it ended or did not answer in time.
    """
    port = _free_port()
    command = [*_LEASH, str(binaries / "trytond"), "-c", str(configured(directory, port)), "-d", DATABASE]
    with (directory / "trytond.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  (our own words)
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}/{DATABASE}"
            _wait(process, url, password, directory / "trytond.log")
            yield url
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], url: str, password: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with Rpc(url, ADMIN, password):
                return
        except OSError:
            time.sleep(_POLL_SECONDS)
    raise TrytonMissingError(f"trytond did not start: {log.read_text(errors='replace')[-800:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
