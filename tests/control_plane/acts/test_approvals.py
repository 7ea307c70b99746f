"""Small proposals add up, also where many are made at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from control_plane.acts.approvals import ADDED_UP_OVER, Submitted, submit
from control_plane.acts.door import Hand
from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.approval import Proposal, Subject
from control_plane.engine.parts import Unit
from control_plane.store.database import Database
from tests.stands.runtime import StandRuntime

ANNA = Actor(7, "anna", frozenset({Grant(Role.ANALYST)}))
BERTA = Actor(8, "berta", frozenset({Grant(Role.ANALYST)}))
LIMIT = 1_000


def proposal(number: int, worth: int | None = 400) -> Proposal:
    return Proposal("example", Subject("exception", number), {"value": number}, "DE01", "EUR", worth or 1, worth)


def submitted(database: Database, runtime: StandRuntime, actor: Actor, asked: Proposal) -> Submitted:
    with database.write() as session:
        hand = Hand(Unit(session, runtime.now(), runtime.ids, {}), actor, b"key", reason="It is right so")
        return submit(hand, asked, free_up_to_minor=LIMIT)


def test_of_many_small_ones_made_at_once_no_more_are_waived_than_fit(database: Database, runtime: StandRuntime) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: submitted(database, runtime, ANNA, proposal(number)), range(8)))
    assert [answer.is_waived for answer in answers].count(True) == LIMIT // 400


def test_each_person_has_a_day_of_their_own(database: Database, runtime: StandRuntime) -> None:
    assert submitted(database, runtime, ANNA, proposal(1, LIMIT)).is_waived
    assert not submitted(database, runtime, ANNA, proposal(2, 1)).is_waived
    assert submitted(database, runtime, BERTA, proposal(3, LIMIT)).is_waived
    runtime.advance(ADDED_UP_OVER + timedelta(seconds=1))
    assert submitted(database, runtime, ANNA, proposal(4, LIMIT)).is_waived


def test_what_has_no_rate_is_not_small(database: Database, runtime: StandRuntime) -> None:
    assert not submitted(database, runtime, ANNA, proposal(1, None)).is_waived
