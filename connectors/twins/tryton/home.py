"""Where the real Tryton lives: a folder of its own with its virtual environment, made from the lock."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[3]
LOCK: Final = PROJECT / "requirements" / "tryton.txt"
INSTALL_SECONDS: Final = 600.0

Say = Callable[[str], None]
"""Is told in a few words what takes long."""


class TrytonMissingError(RuntimeError):
    """Tryton could not be installed or started; the message says what to do."""


def silent(_words: str) -> None:
    """Say nothing."""


def home() -> Path:
    """Return the folder for virtual environment and template: TIEOUT_TRYTON_HOME, else `.tryton` in the project."""
    return Path(os.environ.get("TIEOUT_TRYTON_HOME") or PROJECT / ".tryton").absolute()


def pins() -> str:
    """Return a fingerprint of the lock and the interpreter.

    Raises:
        TrytonMissingError: the lock is not there, because this is no checkout of the project.
    """
    if not LOCK.exists():
        raise TrytonMissingError(f"{LOCK} is missing: the real Tryton runs from a checkout of the project only.")
    return hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]


def installed(say: Say = silent) -> Path:
    """Return the `bin` folder of Tryton's own virtual environment, made now if the lock has changed.

    Raises:
        TrytonMissingError: it could not be installed.
    """
    place, stamp = home() / "venv", home() / "venv" / "pins"
    with _alone():
        if not stamp.exists() or stamp.read_text() != pins():
            say("installing Tryton into its own virtual environment")
            shutil.rmtree(place, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(place))
            _run(str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes", "--requirement", str(LOCK))
            stamp.write_text(pins())
    return place / "bin"


@contextmanager
def _alone() -> Iterator[None]:
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603  (our own words)
    if done.returncode:
        raise TrytonMissingError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-800:]}")
