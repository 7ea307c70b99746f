"""The template: a set-up database, made once per lock and set-up, copied for every run."""

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from connectors.twins.tryton import books
from connectors.twins.tryton.home import PROJECT, Say, TrytonMissingError, home, installed, pins, silent
from connectors.twins.tryton.process import ADMIN, DATABASE, configured, serving
from connectors.twins.tryton.rpc import Rpc

INIT_SECONDS: Final = 600.0
_SET_UP: Final = (
    "tryton/books.py",
    "tryton/template.py",
    "erp/chart.py",
    "erp/master_data.py",
    "people.py",
    "currencies.py",
)


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of the two users of a template."""

    admin: str
    connector: str


@dataclass(frozen=True, slots=True)
class Template:
    """A finished database file with its passwords and the programs that made it."""

    binaries: Path
    database: Path
    passwords: Passwords

    def copy_to(self, directory: Path) -> None:
        """Put a fresh database into the directory."""
        shutil.copyfile(self.database, directory / self.database.name)


def template(say: Say = silent) -> Template:
    """Return the template for the present lock and set-up; the first time it is made, in about a minute.

    Raises:
        TrytonMissingError: Tryton could not be installed, initialized or started.
    """
    binaries = installed(say)
    place = home() / "templates" / _fingerprint()
    if not place.exists():
        say("setting up Tryton's books, once")
        _make(binaries, place)
    passwords = Passwords(**json.loads((place / "passwords.json").read_text()))
    return Template(binaries, place / f"{DATABASE}.sqlite", passwords)


def _fingerprint() -> str:
    digest = hashlib.sha256(pins().encode())
    for name in _SET_UP:
        digest.update((PROJECT / "connectors" / "twins" / name).read_bytes())
    return digest.hexdigest()[:16]


def _make(binaries: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        passwords = Passwords(admin=secrets.token_urlsafe(16), connector=secrets.token_urlsafe(16))
        (made / "passwords.json").write_text(json.dumps(asdict(passwords)))
        _initialize(binaries, made, passwords)
        with serving(binaries, made, passwords.admin) as url, Rpc(url, ADMIN, passwords.admin) as rpc:
            books.set_up(rpc, passwords.connector)
        _settle(made / f"{DATABASE}.sqlite")
        _publish(made, place)


def _initialize(binaries: Path, directory: Path, passwords: Passwords) -> None:
    (directory / f"{DATABASE}.sqlite").touch()
    secret = directory / "admin.password"
    secret.write_text(passwords.admin)
    command = [
        *(str(binaries / "trytond-admin"), "-c", str(configured(directory)), "-d", DATABASE),
        *("-u", *books.MODULES, "--activate-dependencies", "--no-indexes", "--email", "admin@example.com"),
    ]
    done = subprocess.run(  # noqa: S603  (our own words)
        command,
        env=os.environ | {"TRYTONPASSFILE": str(secret)},
        capture_output=True,
        text=True,
        timeout=INIT_SECONDS,
        check=False,
    )
    secret.unlink()
    if done.returncode:
        raise TrytonMissingError(f"trytond-admin failed: {done.stderr.strip()[-800:]}")


def _settle(database: Path) -> None:
    """Fold SQLite's write-ahead log into the file, so that one file is the whole database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _publish(made: Path, place: Path) -> None:
    try:
        made.rename(place)
    except OSError:
        if not place.exists():  # else somebody else was first, and theirs is as good
            raise
