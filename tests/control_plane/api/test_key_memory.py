"""Keys that were valid a moment ago: for a moment only, and never many."""

from datetime import timedelta

from control_plane.api.key_memory import MOST, REMEMBERED_FOR, KeyMemory
from control_plane.domain.access import Actor, Grant, Role
from control_plane.store import people
from control_plane.store.people import Authenticated
from tests.control_plane.api.stand import Stand
from tests.stands.runtime import MORNING

ANNA = Authenticated(Actor(1, "anna"), "aaaaaaaa", None)
MOMENT = timedelta(microseconds=1)


def test_a_key_is_known_for_a_moment() -> None:
    memory = KeyMemory()
    memory.keep("key", ANNA, now=MORNING)
    assert memory.recall("key", now=MORNING + REMEMBERED_FOR - MOMENT) is ANNA
    assert memory.recall("key", now=MORNING + REMEMBERED_FOR) is None
    assert memory.recall("another", now=MORNING) is None


def test_a_key_is_never_known_beyond_its_end() -> None:
    memory, end = KeyMemory(), MORNING + MOMENT
    memory.keep("key", Authenticated(ANNA.actor, "aaaaaaaa", None, end), now=MORNING)
    assert memory.recall("key", now=end) is None


def test_the_key_that_was_looked_up_longest_ago_makes_room() -> None:
    memory = KeyMemory()
    for number in range(MOST):
        memory.keep(f"key {number}", ANNA, now=MORNING)
    memory.keep("key 0", ANNA, now=MORNING)
    memory.keep("one more", ANNA, now=MORNING)
    assert memory.recall("key 0", now=MORNING) is ANNA
    assert memory.recall("key 1", now=MORNING) is None


def test_a_memory_tells_nobody_what_it_knows() -> None:
    memory = KeyMemory()
    memory.keep("secret", ANNA, now=MORNING)
    assert "secret" not in repr(memory)


async def test_a_revoked_key_is_refused_after_a_second(stand: Stand) -> None:
    key = stand.key(Role.VIEWER)
    async with stand.client(key) as client:
        assert (await client.get("/v1/me")).status_code == 200
        with stand.database.write() as session:
            people.revoke_key(session, key.split("_")[1], now=stand.runtime.now())
        stand.runtime.advance(REMEMBERED_FOR)
        assert (await client.get("/v1/me")).status_code == 401


async def test_who_is_shut_out_or_loses_a_grant_feels_it_after_a_second(stand: Stand) -> None:
    async with stand.client(stand.key(Role.VIEWER, login="anna")) as client:
        assert (await client.get("/v1/transactions")).status_code == 200
        with stand.database.write() as session:
            anna = people.by_login(session, "anna")
            assert anna is not None
            people.set_grants(session, anna.id, [Grant(Role.ADMIN)])
        stand.runtime.advance(REMEMBERED_FOR)
        assert (await client.get("/v1/transactions")).status_code == 403
        with stand.database.write() as session:
            people.deactivate(session, anna.id)
        stand.runtime.advance(REMEMBERED_FOR)
        assert (await client.get("/v1/transactions")).status_code == 401


async def test_a_new_key_and_a_wrong_one_are_looked_up_at_once(stand: Stand) -> None:
    key = stand.key(Role.VIEWER)
    async with stand.client(key) as client:
        assert (await client.get("/v1/me")).status_code == 200
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    async with stand.client(wrong) as client:
        assert (await client.get("/v1/me")).status_code == 401


async def test_the_use_of_a_key_is_noted_when_it_is_looked_up(stand: Stand) -> None:
    async with stand.client(stand.key(Role.VIEWER, login="anna")) as client:
        await client.get("/v1/me")
    with stand.database.read() as session:
        anna = people.by_login(session, "anna")
        assert anna is not None
        assert people.keys_of(session, anna.id)[0].last_used_at == stand.runtime.now()
