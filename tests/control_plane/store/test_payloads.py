from control_plane.store import payloads
from control_plane.store.database import Database
from control_plane.store.payloads import Payload
from tests.stands.runtime import MORNING, CountingIds


def test_payloads_come_back_byte_by_byte_under_their_ids(database: Database, ids: CountingIds) -> None:
    bodies = [b'{"id": 1}', b"", bytes(range(256))]
    with database.write() as session:
        numbers = payloads.put(session, ids, [Payload("answer", "", body) for body in bodies], now=MORNING)

    with database.read() as session:
        assert payloads.bodies(session, numbers) == dict(zip(numbers, bodies, strict=True))


def test_an_erased_payload_and_an_unknown_one_are_missing(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        first, second = payloads.put(session, ids, [Payload("answer", "", body) for body in (b"1", b"2")], now=MORNING)
        payloads.erase(session, [first], now=MORNING)

    with database.read() as session:
        assert payloads.bodies(session, [first, second, 4711]) == {second: b"2"}
