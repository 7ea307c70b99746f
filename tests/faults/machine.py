"""What a fault needs of the machine; where it is missing, the test is skipped and says why."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_TOOLS_WITHIN: Final = 20.0
_FORGETFUL: Final = Path(__file__).with_name("forgetful_disk.py")
_FAKETIME: Final = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")


def on_small_disk(folder: Path, megabytes: int) -> Sequence[str]:
    """Return the words under which a process sees a disk of so many megabytes at a folder, alone."""
    _need("unshare")
    mount = f'mount -t tmpfs -o size={megabytes}m tmpfs "$0"'
    words = ("unshare", "-rm", "sh", "-c")
    if subprocess.run([*words, mount, str(folder)], capture_output=True, timeout=_TOOLS_WITHIN, check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk of his own: unshare -rm is refused")
    return (*words, f'{mount} && exec "$@"', str(folder))


def enlarge(pid: int, folder: Path, megabytes: int) -> None:
    """Give more room to the disk that only this process sees."""
    enter = ("nsenter", "-t", str(pid), "-U", "-m", "--preserve-credentials")
    mount = ("mount", "-o", f"remount,size={megabytes}m", str(folder))
    subprocess.run([*enter, *mount], check=True, timeout=_TOOLS_WITHIN)


@contextmanager
def failing_calls(pid: int, calls: str, error: str) -> Iterator[None]:
    """Let system calls of a running process fail while the block lasts."""
    _need("strace")
    words = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(pid), "-e", f"inject={calls}:error={error}"]
    with subprocess.Popen([*words, "-e", f"trace={calls}"], stderr=subprocess.PIPE) as strace:
        try:
            _wait_for_tracer(pid, strace)
            yield
        finally:
            strace.terminate()
            strace.wait(_TOOLS_WITHIN)


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk whose power may be cut."""

    folder: Path
    _process: "subprocess.Popen[bytes]"

    def lose_power(self) -> None:
        """Let it forget what was not synced; nothing may have it open."""
        self._process.send_signal(signal.SIGUSR1)
        assert self.said() == "cut"

    def said(self) -> str:
        """Return its next word; empty where it ended instead."""
        alarm = threading.Timer(_TOOLS_WITHIN, self._process.kill)
        alarm.start()
        word = self._process.stdout.readline() if self._process.stdout else b""
        alarm.cancel()
        return word.decode().strip()


@contextmanager
def forgetful_disk(folder: Path, *, seed: int) -> Iterator[Disk]:
    """Give a disk at a folder that forgets at a power cut what was not synced."""
    folder.mkdir()
    words = [_python_with_fuse(), str(_FORGETFUL), str(folder), str(seed)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        disk = Disk(folder, process)
        try:
            if disk.said() != "ready":
                pytest.skip("this machine lets nobody bring a file system of his own: /dev/fuse is refused")
            yield disk
        finally:
            last = threading.Timer(_TOOLS_WITHIN, process.kill)
            last.start()
            process.communicate()
            last.cancel()


def _python_with_fuse() -> str:
    for python in (sys.executable, "/usr/bin/python3"):
        known = subprocess.run(
            [python, "-c", "import pyfuse3"], capture_output=True, timeout=_TOOLS_WITHIN, check=False
        )
        if not known.returncode:
            return python
    pytest.skip("needs pyfuse3: on Debian and Ubuntu `apt install python3-pyfuse3`")


def faketime() -> str:
    """Return the path of the library that gives a process a clock of its own."""
    for pattern in _FAKETIME:
        found = sorted(Path("/").glob(pattern.removeprefix("/")))
        if found:
            return str(found[0])
    pytest.skip("needs libfaketime: on Debian and Ubuntu `apt install libfaketime`")


def _wait_for_tracer(pid: int, strace: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _TOOLS_WITHIN
    while not _are_traced(pid):
        if strace.poll() is not None or time.monotonic() > until:
            said = strace.stderr.read().decode().strip() if strace.stderr else ""
            pytest.skip(f"strace cannot attach to a process on this machine: {said}")
        time.sleep(0.05)


def _are_traced(pid: int) -> bool:
    threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return all("TracerPid:\t0" not in status for status in threads)


def _need(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"needs {tool}: on Debian and Ubuntu it is in the package util-linux or of its own name")
