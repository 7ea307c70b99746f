from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import pytest
from sqlalchemy import text
from sqlmodel import Session

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.store import master_data, runs
from control_plane.store.database import Database
from control_plane.store.master_data import Binding, Change, Key
from tests.stands.runtime import MORNING, CountingIds

LATER = MORNING + timedelta(hours=1)


def project(code: str = "P-17", *, active: bool = True, entity: str = "DE01", **attributes: str) -> MasterRecord:
    return MasterRecord(
        domain=Domain.PROJECT,
        code=code,
        name=f"Project {code}",
        active=active,
        attributes={"manager": "E-1", **attributes},
        legal_entity=entity,
        source_updated_at=MORNING,
    )


P17 = project()
KEY = master_data.key_of(P17)


def record(database: Database, ids: CountingIds, *records: MasterRecord, connection: str = "erp") -> dict[Key, Change]:
    with database.write() as session:
        return master_data.record(session, connection, records, now=MORNING, ids=ids)


def test_a_new_record_is_a_change_and_then_stands(database: Database, ids: CountingIds) -> None:
    assert record(database, ids, P17) == {KEY: Change(None, P17)}

    with database.read() as session:
        assert master_data.current(session, [KEY, (Domain.PROJECT, "DE01", "P-99")]) == {KEY: P17}


def test_a_record_that_says_nothing_new_makes_no_version(database: Database, ids: CountingIds) -> None:
    record(database, ids, P17)
    with database.read() as session:
        before = master_data.version(session)

    assert record(database, ids, replace(P17, source_updated_at=LATER)) == {}
    with database.read() as session:
        assert master_data.version(session) == before


def test_a_changed_record_becomes_the_current_one(database: Database, ids: CountingIds) -> None:
    record(database, ids, P17)
    closed = replace(P17, active=False)

    assert record(database, ids, closed) == {KEY: Change(P17, closed)}
    with database.read() as session:
        assert master_data.current(session, [KEY]) == {KEY: closed}


@pytest.mark.parametrize(
    ("before", "after", "is_activated", "is_deactivated"),
    [(None, True, True, False), (None, False, False, False), (False, True, True, False), (True, False, False, True)],
)
def test_a_change_tells_what_may_be_used_from_now_on(
    *, before: bool | None, after: bool, is_activated: bool, is_deactivated: bool
) -> None:
    change = Change(None if before is None else project(active=before), project(active=after))

    assert (change.is_activated, change.is_deactivated) == (is_activated, is_deactivated)


def test_an_overlapping_delta_does_not_bring_back_the_old(database: Database, ids: CountingIds) -> None:
    newer = replace(P17, active=False, source_updated_at=LATER)
    record(database, ids, newer)

    assert record(database, ids, P17) == {}
    with database.read() as session:
        assert master_data.current(session, [KEY]) == {KEY: newer}


def test_of_several_versions_in_one_delta_the_last_one_counts(database: Database, ids: CountingIds) -> None:
    changes = record(database, ids, P17, replace(P17, name="Bridge"))

    assert [change.after.name for change in changes.values()] == ["Bridge"]


def test_the_same_code_in_two_legal_entities_is_two_records(database: Database, ids: CountingIds) -> None:
    french, of_all = project(entity="FR01"), project(entity="")
    record(database, ids, P17, french, of_all)

    with database.read() as session:
        found = master_data.current(session, [master_data.key_of(french), master_data.key_of(of_all)])
        assert found == {master_data.key_of(french): french, master_data.key_of(of_all): of_all}
        assert len(master_data.current_of(session, [Domain.PROJECT])) == 3
        assert master_data.current_of(session, [Domain.EMPLOYEE]) == {}


def test_nothing_wanted_is_nothing_asked(database: Database) -> None:
    with database.read() as session:
        assert master_data.current(session, []) == {}


def test_a_list_is_known_as_of_any_moment(database: Database, ids: CountingIds) -> None:
    closed = replace(P17, active=False)
    record(database, ids, P17)
    with database.write() as session:
        master_data.record(session, "erp", [closed, project("P-18")], now=LATER, ids=ids)

    with database.read() as session:
        assert master_data.as_of(session, Domain.PROJECT, MORNING - timedelta(seconds=1)) == []
        assert master_data.as_of(session, Domain.PROJECT, MORNING) == [P17]
        assert master_data.as_of(session, Domain.PROJECT, LATER) == [closed, project("P-18")]


def test_a_list_is_as_old_as_its_last_reading_even_if_that_brought_nothing(database: Database) -> None:
    with database.write() as session:
        assert master_data.age(session, Domain.PROJECT, now=LATER) is None
        runs.move_cursor(session, "erp", "project", "7", now=MORNING)
        assert master_data.age(session, Domain.PROJECT, now=LATER) == timedelta(hours=1)


def test_the_version_grows_even_where_a_process_has_a_slow_clock(database: Database, ids: CountingIds) -> None:
    slow = CountingIds(MORNING - timedelta(hours=1))
    versions = []
    for one, numbers in ((P17, ids), (replace(P17, active=False), slow), (P17, ids), (project("P-18"), slow)):
        record(database, numbers, one)
        with database.read() as session:
            versions.append(master_data.version(session))

    assert versions == sorted(set(versions))


def test_two_readers_of_the_same_list_make_one_version(database: Database, ids: CountingIds) -> None:
    with ThreadPoolExecutor(4) as pool:
        changed = list(pool.map(lambda _: len(record(database, ids, P17)), range(8)))

    assert sorted(changed) == [0] * 7 + [1]


def test_a_group_s_lists_load_within_a_second(database: Database, ids: CountingIds) -> None:
    employees = [replace(project(f"E-{number}"), domain=Domain.EMPLOYEE) for number in range(500)]
    projects = [project(f"P-{number}", entity=entity) for number in range(40) for entity in ("DE01", "FR01", "US01")]
    began = perf_counter()

    assert len(record(database, ids, *employees, *projects)) == 620
    assert perf_counter() - began < 1
    with database.read() as session:
        assert len(master_data.current(session, [master_data.key_of(one) for one in employees])) == 500


def test_the_current_records_are_found_by_their_index(database: Database, ids: CountingIds) -> None:
    if database.dialect == "postgresql":
        return  # decides by statistics, which a small table lacks
    with database.read() as session:
        assert "uq_master_data_current" in plan_of(session)


def plan_of(session: Session) -> str:
    statement = """
        EXPLAIN QUERY PLAN SELECT * FROM master_data, json_each('[]') AS wanted
        WHERE master_data.is_current AND domain = wanted.value AND legal_entity_id = '' AND code = wanted.value
    """
    return " ".join(str(row) for row in session.execute(text(statement)))


def test_a_binding_puts_a_source_key_under_an_erp_key(database: Database, ids: CountingIds) -> None:
    binding = Binding(Domain.EMPLOYEE, "concur", "7001", "E-1")
    with database.write() as session:
        assert master_data.bind(session, binding, by="anna", now=MORNING, ids=ids)
        assert not master_data.bind(session, binding, by="berta", now=LATER, ids=ids)
        before = master_data.version(session)
        assert master_data.bind(session, replace(binding, erp_key="E-2"), by="berta", now=LATER, ids=ids)

    with database.read() as session:
        assert master_data.every_binding(session) == {(Domain.EMPLOYEE, "concur", "7001"): "E-2"}
        assert master_data.version(session) > before
