import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from control_plane.store import audit
from control_plane.store.audit import BEGINNING, Entry, Head, Verification
from control_plane.store.database import Database
from control_plane.store.tables import AuditRow
from tests.stands.runtime import MORNING

KEY = b"0123456789abcdef"
CLAIM = Entry(
    actor="anna",
    actor_id=7,
    action="exception.claim",
    object_type="exception",
    object_id="exc_1",
    reason="Ich kümmere mich",
    before={"state": "open"},
    after={"state": "claimed", "amounts": [1, None, "0.10"], "at": {"b": 1, "a": True}},
)


def write(database: Database, entry: Entry = CLAIM) -> Head:
    with database.write() as session:
        return audit.write(session, entry, key=KEY, now=MORNING + timedelta(microseconds=123))


def verify(database: Database, *, key: bytes = KEY, anchor: Head = BEGINNING) -> Verification:
    with database.read() as session:
        return audit.verify(session, key=key, anchor=anchor)


def tamper(database: Database, statement: str) -> None:
    """Do what only somebody with full power over the database can do."""
    with database.write() as session:
        if database.dialect == "postgresql":
            session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            _drop_guards(session)
        session.execute(text(statement))


def _drop_guards(session: Session) -> None:
    for name in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
        session.execute(text(f"DROP TRIGGER {name}"))


def test_an_empty_chain_is_intact(database: Database) -> None:
    assert verify(database) == Verification(0, None, BEGINNING)


def test_a_chain_reads_as_it_was_written(database: Database) -> None:
    heads = [write(database, replace(CLAIM, object_id=f"exc_{number}")) for number in range(3)]

    assert [head.seq for head in heads] == [1, 2, 3]
    assert verify(database) == Verification(3, None, heads[-1])
    assert verify(database).is_intact


def test_several_acts_in_one_unit_of_work_follow_each_other(database: Database) -> None:
    with database.write() as session:
        for _ in range(3):
            audit.write(session, CLAIM, key=KEY, now=MORNING)

    assert verify(database).count == 3


def test_an_act_that_fails_leaves_no_entry(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            audit.write(session, CLAIM, key=KEY, now=MORNING)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    write(database)

    assert verify(database).count == 1


def test_writers_at_the_same_time_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(write, database) for _ in range(20)]:
            future.result(timeout=30)

    assert verify(database).count == 20
    assert verify(database).is_intact


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET reason = 'something else' WHERE seq = 2",
        "UPDATE audit SET actor = 'berta' WHERE seq = 2",
        "UPDATE audit SET after = '{}' WHERE seq = 2",
        "UPDATE audit SET legal_entity_id = 'FR01' WHERE seq = 2",
        "UPDATE audit SET actor_id = NULL WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "UPDATE audit SET previous_hash = '' WHERE seq = 2",
    ],
)
def test_the_first_bad_entry_is_named(database: Database, change: str) -> None:
    for number in range(3):
        write(database, replace(CLAIM, object_id=f"exc_{number}"))

    tamper(database, change)

    assert (verify(database).count, verify(database).first_bad_seq) == (1, 2)


def test_without_its_key_a_chain_cannot_be_written_anew(database: Database) -> None:
    write(database)

    assert verify(database, key=b"another").first_bad_seq == 1


def test_a_missing_end_is_seen_by_whoever_kept_the_head(database: Database) -> None:
    heads = [write(database) for _ in range(3)]
    assert verify(database, anchor=heads[1]).is_intact

    tamper(database, "DELETE FROM audit WHERE seq = 3")

    assert verify(database).is_intact
    assert verify(database, anchor=heads[1]).is_intact
    assert verify(database, anchor=heads[2]) == Verification(2, 3, heads[1])


def test_a_few_lines_without_our_code_verify_the_same(database: Database) -> None:
    write(database)
    expected = write(database)

    with database.read() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.seq))).all()
    former = "0" * 64
    for row in rows:
        facts = [former, row.seq, row.occurred_at.strftime("%Y-%m-%d %H:%M:%S.%f"), row.actor_id, row.actor]
        facts += [row.action, row.object_type, row.object_id, row.legal_entity_id]
        facts += [json.dumps(side, sort_keys=True, separators=(",", ":")) for side in (row.before, row.after)]
        told = json.dumps([*facts, row.reason, row.request_id], ensure_ascii=False, separators=(",", ":"))
        former = hmac.new(KEY, told.encode(), hashlib.sha256).hexdigest()

    assert former == expected.hash
