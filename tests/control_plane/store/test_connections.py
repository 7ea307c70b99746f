from datetime import timedelta

import pytest

from control_plane.store import connections
from control_plane.store.connections import Configured
from control_plane.store.database import Database
from control_plane.store.tables import ConnectionRow
from tests.stands.runtime import MORNING

ERP = Configured("erp", "tryton", "DE01")


@pytest.fixture(autouse=True)
def registered(database: Database) -> None:
    with database.write() as session:
        connections.register(session, [ERP])


def erp(database: Database) -> ConnectionRow:
    with database.read() as session:
        found = connections.one(session, "erp")
    assert found is not None
    return found


def test_registering_again_keeps_the_health_and_takes_the_new_provider(database: Database) -> None:
    with database.write() as session:
        connections.heard(session, "erp", failure="", now=MORNING)
        connections.register(session, [Configured("erp", "sandbox_erp"), Configured("concur", "concur")])
        connections.register(session, [])

    assert (erp(database).provider, erp(database).last_success_at) == ("sandbox_erp", MORNING)
    with database.read() as session:
        assert [row.name for row in connections.every(session)] == ["concur", "erp"]
        assert connections.one(session, "nobody") is None


def test_success_and_failure_are_both_remembered(database: Database) -> None:
    later = MORNING + timedelta(minutes=1)
    with database.write() as session:
        connections.heard(session, "erp", failure="", now=MORNING)
        connections.heard(session, "erp", failure="The ERP is away.", now=later)

    row = erp(database)
    assert (row.last_success_at, row.last_failure_at, row.last_failure) == (MORNING, later, "The ERP is away.")
    assert row.revision == 1


def test_a_connection_is_paused_once_and_resumed_once(database: Database) -> None:
    with database.write() as session:
        assert connections.pause(session, "erp", reason="failure", failure="auth_refused", now=MORNING)
        assert not connections.pause(session, "erp", reason="again", now=MORNING)
        assert connections.paused(session) == {"erp"}
    row = erp(database)
    assert (row.paused_failure, row.paused_at, row.revision) == ("auth_refused", MORNING, 2)

    with database.write() as session:
        assert connections.resume(session, "erp")
        assert not connections.resume(session, "erp")
        assert connections.paused(session) == frozenset()
    row = erp(database)
    assert (row.paused_failure, row.paused_at, row.revision) == ("", None, 3)


def test_who_saw_an_older_revision_changes_nothing(database: Database) -> None:
    with database.write() as session:
        assert not connections.pause(session, "erp", reason="month end", revision=7, now=MORNING)
        assert connections.pause(session, "erp", reason="month end", revision=1, now=MORNING)
        assert not connections.resume(session, "erp", revision=1)
        assert connections.resume(session, "erp", revision=2)
