"""The schema's history: bring a database up to date, or tell where it differs from the models."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from control_plane.store.database import Database, advisory_lock, open_database
from control_plane.store.tables import METADATA

_HERE: Final = Path(__file__).parent


def migrate(url: str) -> str:
    """Bring the database up to date, made if it is a new SQLite file, and return the schema's revision.

    Several processes may call it at the same time: one works, the others wait.

    Raises:
        DatabaseTroubleError: the database is full, takes no writes or does not answer.
    """
    configuration = Config()
    configuration.set_main_option("script_location", str(_HERE))
    with _opened(url) as database, database.write() as session:
        advisory_lock(session, ["migrate"])
        configuration.attributes["connection"] = session.connection()
        command.upgrade(configuration, "head")
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


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.dispose()
