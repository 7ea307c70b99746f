from datetime import timedelta

import pytest

from control_plane.domain.access import Actor, Grant, Role
from control_plane.store import people
from control_plane.store.database import Database
from control_plane.store.people import LoginTakenError, Person
from tests.stands.runtime import MORNING, CountingIds

ANNA = Person("anna", "Anna Example", employee_ref="E-1")
ANALYST = Grant(Role.ANALYST, "DE01")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(database: Database, ids: CountingIds) -> int:
    with database.write() as session:
        person_id = people.add(session, ids, ANNA, now=MORNING)
        people.set_grants(session, person_id, [ANALYST, Grant(Role.VIEWER)])
    return person_id


def issue(database: Database, ids: CountingIds, person_id: int, chance: int = 7) -> str:
    with database.write() as session:
        return people.issue_key(
            session, ids, person_id, entropy=bytes([chance] * 37), now=MORNING, expires_at=MORNING + 9 * MINUTE
        )


def who(database: Database, key: str, *, after: timedelta = MINUTE) -> Actor | None:
    with database.read() as session:
        found = people.authenticate(session, key, now=MORNING + after)
    return None if found is None else found.actor


def test_a_key_says_who_comes_and_what_he_was_granted(database: Database, ids: CountingIds, anna: int) -> None:
    key = issue(database, ids, anna)

    grants = frozenset({ANALYST, Grant(Role.VIEWER)})
    assert who(database, key) == Actor(anna, "anna", grants, employee_ref="E-1")


def test_a_key_is_kept_as_a_hash_only(database: Database, ids: CountingIds, anna: int) -> None:
    key = issue(database, ids, anna)

    with database.read() as session:
        (row,) = people.keys_of(session, anna)
    assert row.key_id == key.split("_")[1]
    assert key not in str(row.model_dump())


def test_a_wrong_or_expired_key_is_nobodys(database: Database, ids: CountingIds, anna: int) -> None:
    key, other = issue(database, ids, anna), issue(database, ids, anna, chance=8)
    stranger = other.replace(other.split("_")[1], key.split("_")[1])

    assert who(database, key, after=9 * MINUTE) is None
    assert who(database, key[:-1]) is None
    assert who(database, stranger) is None
    with database.write() as session:
        assert people.revoke_key(session, key.split("_")[1], now=MORNING)
    assert who(database, key) is None
    assert who(database, other) is not None


def test_a_key_that_was_never_issued_is_nobodys(database: Database, ids: CountingIds, anna: int) -> None:
    key = issue(database, ids, anna)
    with database.write() as session:
        assert not people.revoke_key(session, "aaaaaaaa", now=MORNING)
        assert people.revoke_key(session, key.split("_")[1], now=MORNING)
        assert not people.revoke_key(session, key.split("_")[1], now=MORNING)


def test_who_is_shut_out_has_no_key_any_more(database: Database, ids: CountingIds, anna: int) -> None:
    key = issue(database, ids, anna)
    with database.write() as session:
        assert people.deactivate(session, anna)
        assert not people.deactivate(session, anna)
        assert people.actor(session, anna, now=MORNING) is None
        assert people.actor(session, 4711, now=MORNING) is None

    assert who(database, key) is None


def test_grants_are_replaced_as_a_whole(database: Database, anna: int) -> None:
    with database.write() as session:
        people.set_grants(session, anna, [Grant(Role.AUDITOR)])
        found = people.actor(session, anna, now=MORNING)
        assert found is not None
        assert found.grants == {Grant(Role.AUDITOR)}
        people.set_grants(session, anna, [])
        found = people.actor(session, anna, now=MORNING)
        assert found is not None
        assert found.grants == frozenset()


def test_a_login_belongs_to_one_person(database: Database, ids: CountingIds, anna: int) -> None:
    with pytest.raises(LoginTakenError, match="anna"), database.write() as session:
        people.add(session, ids, ANNA, now=MORNING)

    with database.write() as session:
        people.add(session, ids, Person("robot", "Robot", is_machine=True), now=MORNING)
        assert [row.login for row in people.every(session)] == ["anna", "robot"]
        found = people.by_login(session, "anna")
        assert found is not None
        assert found.id == anna
        assert people.by_login(session, "nobody") is None


def test_the_use_of_a_key_is_noted_once_a_minute(database: Database, ids: CountingIds, anna: int) -> None:
    key_id = issue(database, ids, anna).split("_")[1]
    with database.write() as session:
        assert people.note_use(session, key_id, now=MORNING)
        assert not people.note_use(session, key_id, now=MORNING + timedelta(seconds=59))
        assert people.note_use(session, key_id, now=MORNING + MINUTE)
        (row,) = people.keys_of(session, anna)
        assert row.last_used_at == MORNING + MINUTE
