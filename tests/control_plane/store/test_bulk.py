"""How bulk operations are found in the tables: as fast with a million done items as with none."""

from sqlalchemy import text

from control_plane.store import bulk
from control_plane.store.database import open_database
from tests.stands.databases import SqliteStand


def test_what_is_at_work_is_found_by_indexes_of_what_is_not_done(sqlite_stand: SqliteStand) -> None:
    with sqlite_stand.fresh() as url:
        database = open_database(url)
        with database.read() as session:
            asked = bulk.AT_WORK._of(session.connection()).text
            steps = [row.detail for row in session.connection().execute(text(f"EXPLAIN QUERY PLAN {asked}"))]
            assert bulk.at_work(session) == []
        database.dispose()
    read = {step.split(" INDEX ")[1] for step in steps if " INDEX " in step}
    assert "ix_bulk_operation_at_work" in read
    assert read <= {"ix_bulk_operation_at_work", "ix_bulk_item_running", "uq_bulk_item_held"}
