"""Processes of the bench: each gets an order, speaks JSON by the line, and ends with the one that began it."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self  # JSON values

ROOT: Final = Path(__file__).resolve().parent.parent
GONE_WITHIN: Final = 20.0


class ChildFailedError(RuntimeError):
    """A process ended, or said nothing in time, before it gave its answer."""


class Child:
    """A running process, seen from the one that began it."""

    def __init__(self, module: str, order: Mapping[str, Any]) -> None:
        """Begin a module with an order."""
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", module, json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def heard(self, within: float) -> dict[str, Any]:
        """Return the next thing it says, in so many seconds.

        Raises:
            ChildFailedError: it ended without a word, or was silent for too long.
        """
        alarm = threading.Timer(within, self._process.kill)
        alarm.start()
        line = self._process.stdout.readline() if self._process.stdout else ""
        alarm.cancel()
        if not line:
            raise ChildFailedError(f"{self._module} ended with {self._process.wait(GONE_WITHIN)} before it answered")
        said: dict[str, Any] = json.loads(line)
        return said

    def say(self, word: str) -> None:
        """Tell it a word."""
        if self._process.stdin:
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()

    def asked(self, word: str, within: float = 30.0) -> dict[str, Any]:
        """Tell it a word and return what it answers. Raises ChildFailedError."""
        self.say(word)
        return self.heard(within)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.end()

    def end(self) -> None:
        """Let it end in order, and make it where it does not."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(GONE_WITHIN)


@contextmanager
def running(module: str, order: Mapping[str, Any]) -> Iterator[Child]:
    """Give a process that ends with this block."""
    child = Child(module, order)
    try:
        yield child
    finally:
        child.end()


def given_order() -> dict[str, Any]:
    """Return this process's order."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    return order


def tell(said: Mapping[str, Any]) -> None:
    """Say something to the one that began this process."""
    print(json.dumps(said), flush=True)


def wait_for_go() -> None:
    """Say that all is ready and wait for the word to go; this process ends with the one that began it."""
    tell({"ready": True})
    if not sys.stdin.readline():
        sys.exit("nobody is there any more to say the word")
    end_with_parent()


def end_with_parent() -> None:
    """Let this process be told to end when the one that began it ends, however that happens."""
    threading.Thread(target=_watch_stdin, daemon=True).start()


def _watch_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Used:
    """What this process has used of the machine so far."""

    cpu_seconds: float
    peak_mb: float

    @classmethod
    def so_far(cls) -> Self:
        """Return what was used until now; memory is the most that was ever resident since this program began."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        lines = Path("/proc/self/status").read_text().splitlines()
        peak_kb = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return cls(usage.ru_utime + usage.ru_stime, peak_kb / 1024)
