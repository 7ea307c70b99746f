"""The schema's history: bring a database up to date, or tell where it differs from the models."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlmodel import Session

from control_plane.store.database import Database, advisory_lock, open_database
from control_plane.store.tables import METADATA

_HERE: Final = Path(__file__).parent


def migrate(url: str) -> str:
    """Bring the database up to date, made if it is a new SQLite file, and return the schema's revision.

    Several processes may call it at the same time: one works, the others wait.

    Raises:
        DatabaseTroubleError: the database is full, takes no writes or does not answer.
    """
    with _opened(url) as database, database.write() as session:
        advisory_lock(session, ["migrate"])
        command.upgrade(_configuration(session), "head")
    return newest_revision()


def check(url: str) -> list[str]:
    """Return how the database's schema differs from the models; empty when they agree.

    Raises:
        DatabaseTroubleError: the database does not answer.
    """
    with _opened(url) as database, database.read() as session:
        context = MigrationContext.configure(session.connection())
        return [str(difference) for difference in compare_metadata(context, METADATA)]


def newest_revision() -> str:
    """Return the newest revision that this code knows."""
    return str(ScriptDirectory(str(_HERE)).get_current_head())


def draft(message: str) -> Path:
    """Write a migration for what the models have and the newest schema lacks, for a person to read and finish."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.db"
        following = f"{int(migrate(url)) + 1:04}"
        with _opened(url) as database, database.write() as session:
            written = command.revision(_configuration(session), message, autogenerate=True, rev_id=following)
    return Path(cast("Script", written).path)


def _configuration(session: Session) -> Config:
    configuration = Config(attributes={"connection": session.connection()}, stdout=StringIO())
    configuration.set_main_option("script_location", str(_HERE))
    return configuration


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.dispose()
