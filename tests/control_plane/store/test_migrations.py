import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, text

from control_plane.store import migrations
from control_plane.store.database import Database, open_database
from control_plane.store.migrations import check, draft, migrate, newest_revision
from control_plane.store.tables import METADATA
from tests.stands.databases import PostgresStand

INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


def indexes(connection: Connection, dialect: str) -> dict[str, str]:
    return {name: definition for name, definition in connection.execute(text(INDEXES[dialect])) if name}


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.dispose()


def test_models_and_migrations_agree(database_url: str) -> None:
    assert check(database_url) == []


def test_a_difference_is_told(own_database_url: str) -> None:
    with opened(own_database_url) as database, database.write() as session:
        session.execute(text("DROP TABLE webhook_delivery"))

    assert any("webhook_delivery" in difference for difference in check(own_database_url))


def test_migrating_again_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == newest_revision()
    assert check(database_url) == []


def test_indexes_with_their_conditions_are_those_of_the_models(own_database_url: str) -> None:
    with opened(own_database_url) as database, database.write() as session:
        migrated = indexes(session.connection(), database.dialect)
        session.execute(text("DROP TABLE alembic_version"))
        METADATA.drop_all(session.connection())
        METADATA.create_all(session.connection())
        made = indexes(session.connection(), database.dialect)

    migrated.pop("alembic_version_pkc", None)
    assert made == migrated


def test_two_processes_that_migrate_at_once_do_it_once(postgres_server: PostgresStand) -> None:
    with postgres_server.empty() as url, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(migrate, [url, url])) == [newest_revision()] * 2
        assert check(url) == []


def test_the_next_migration_is_drafted_from_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = newest_revision()
    folder = tmp_path / "migrations"
    shutil.copytree(migrations._HERE, folder)
    monkeypatch.setattr(migrations, "_HERE", folder)
    monkeypatch.setattr("control_plane.store.tables.METADATA", with_one_more_table())

    written = draft("Keep notes")

    assert written == folder / "versions" / f"{int(before) + 1:04}_keep_notes.py"
    assert 'create_table("note"' in written.read_text().replace("'", '"')


def with_one_more_table() -> MetaData:
    extended = MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.sorted_tables:
        table.to_metadata(extended)
    Table("note", extended, Column("id", BigInteger, primary_key=True))
    return extended
