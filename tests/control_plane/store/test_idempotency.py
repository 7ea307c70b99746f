from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from control_plane.store import idempotency
from control_plane.store.database import Database
from control_plane.store.idempotency import Answer, KeyReusedError, Request, UnderWayError
from tests.stands.runtime import MORNING

CLAIM = Request(person_id=1, key="k-1", sha256="abc")
CLAIMED = Answer(200, b'{"state":"claimed"}', {"ETag": '"2"'})


def begin(database: Database, request: Request = CLAIM, *, now: datetime = MORNING) -> Answer | None:
    with database.write() as session:
        return idempotency.begin(session, request, now=now)


def finish(database: Database) -> None:
    with database.write() as session:
        idempotency.finish(session, CLAIM, CLAIMED)


def test_a_new_request_is_ours_to_answer(database: Database) -> None:
    assert begin(database) is None
    assert begin(database, replace(CLAIM, person_id=2)) is None
    assert begin(database, replace(CLAIM, key="k-2")) is None


def test_the_same_request_gets_the_same_answer_for_seven_days(database: Database) -> None:
    begin(database)
    finish(database)

    assert begin(database, now=MORNING + timedelta(days=6, hours=23)) == CLAIMED
    assert begin(database, now=MORNING + timedelta(days=7)) is None


def test_another_request_under_the_same_key_is_refused(database: Database) -> None:
    begin(database)
    finish(database)

    with pytest.raises(KeyReusedError, match="k-1"):
        begin(database, replace(CLAIM, sha256="def"))


def test_the_same_request_while_the_first_is_under_way_is_refused(database: Database) -> None:
    begin(database)

    with pytest.raises(UnderWayError, match="k-1"):
        begin(database, now=MORNING + timedelta(seconds=59))


def test_a_request_that_was_interrupted_may_begin_anew(database: Database) -> None:
    begin(database)

    assert begin(database, now=MORNING + timedelta(minutes=1)) is None


def test_a_request_that_fails_leaves_no_reservation(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            idempotency.begin(session, CLAIM, now=MORNING)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert begin(database) is None


def test_old_answers_are_forgotten(database: Database) -> None:
    begin(database)
    with database.write() as session:
        assert idempotency.forget_old(session, now=MORNING + timedelta(days=6)) == 0
        assert idempotency.forget_old(session, now=MORNING + timedelta(days=7)) == 1
