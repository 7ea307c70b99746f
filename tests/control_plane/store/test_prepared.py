from datetime import timedelta, timezone

import pytest
from sqlalchemy import Boolean, Integer, String, bindparam, event, select, text, update
from sqlalchemy.exc import IntegrityError

from control_plane.store.database import Database
from control_plane.store.prepared import Prepared, among, given
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import BIG, JSON_VALUE, PayloadRow
from tests.stands.runtime import MORNING

PAYLOAD = table_of(PayloadRow)
MOMENT = PAYLOAD.c.recorded_at.type
NAMED = Prepared(
    select(PAYLOAD.c.id, PAYLOAD.c.kind, PAYLOAD.c.recorded_at, PAYLOAD.c.erased_at)
    .where(among(PAYLOAD.c.id, "ids"), PAYLOAD.c.kind.in_(["envelope", "answer"]))
    .order_by(PAYLOAD.c.id)
)
ERASE = Prepared(
    update(PAYLOAD).where(PAYLOAD.c.id == bindparam("number")).values(body=None, erased_at=bindparam("now"))
)


@pytest.fixture
def filled(database: Database) -> Database:
    rows = [
        PayloadRow(id=number, kind=kind, content_type="", body=b"", sha256="", recorded_at=MORNING).model_dump()
        for number, kind in enumerate(("envelope", "intents", "answer"), 1)
    ]
    with database.write() as session:
        insert_many(session, PayloadRow, rows)
    return database


def test_rows_come_back_as_their_columns_read_them(filled: Database) -> None:
    with filled.read() as session:
        found = NAMED.rows(session, ids=[3, 2, 1])

    assert found == [(1, "envelope", MORNING, None), (3, "answer", MORNING, None)]
    assert found[0][2].utcoffset() == timedelta(0)


def test_nobody_is_named_by_an_empty_list(filled: Database) -> None:
    with filled.read() as session:
        assert NAMED.rows(session, ids=[]) == []


def test_a_moment_is_kept_in_utc_wherever_it_was_read(filled: Database) -> None:
    there = MORNING.astimezone(timezone(timedelta(hours=5)))
    with filled.write() as session:
        assert [ERASE.run(session, number=number, now=there) for number in (1, 7)] == [1, 0]

    with filled.read() as session:
        assert NAMED.rows(session, ids=[1]) == [(1, "envelope", MORNING, MORNING)]


def test_a_moment_without_a_time_zone_is_refused(filled: Database) -> None:
    with pytest.raises(ValueError, match=r"time ?zone"), filled.write() as session:
        ERASE.run(session, number=1, now=MORNING.replace(tzinfo=None))


def test_it_is_executed_for_each_of_many_values(filled: Database) -> None:
    with filled.write() as session:
        ERASE.each(session, [{"number": number, "now": MORNING} for number in (1, 3)])

    with filled.read() as session:
        assert [row[3] for row in NAMED.rows(session, ids=[1, 3])] == [MORNING, MORNING]


def test_a_list_of_keys_is_joined_however_long_it_is(database: Database) -> None:
    wanted = given("keys", {"domain": String(), "entity": String(), "number": BIG})
    keys = [("project", "DE|01", number) for number in range(70_000)]
    with database.read() as session:
        found = Prepared(select(wanted)).rows(session, keys=keys)

    assert set(found) == set(keys)


def test_an_empty_list_of_keys_is_an_empty_table(database: Database) -> None:
    wanted = given("keys", {"domain": String(), "number": Integer()})
    with database.read() as session:
        assert Prepared(select(wanted)).rows(session, keys=[]) == []


def test_a_list_keeps_every_kind_of_value(database: Database) -> None:
    kinds = {"text": String(), "moment": MOMENT, "is_so": Boolean(), "json": JSON_VALUE, "none": BIG}
    row = ("Zoë \\ %s :x", MORNING, False, {"a": [1, None]}, None)
    with database.read() as session:
        found = Prepared(select(given("rows", kinds))).rows(session, rows=[row])

    assert found == [row]


def test_the_database_refuses_it_as_everywhere(filled: Database) -> None:
    taken = Prepared(text("UPDATE payload SET id = 1 WHERE id = 2"))
    with pytest.raises(IntegrityError), filled.write() as session:
        taken.run(session)


def test_whoever_listens_hears_of_it(filled: Database) -> None:
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(filled.writer, "before_cursor_execute", hear)
    with filled.write() as session:
        NAMED.rows(session, ids=[1])
    event.remove(filled.writer, "before_cursor_execute", hear)

    assert any("payload" in statement for statement in heard)
