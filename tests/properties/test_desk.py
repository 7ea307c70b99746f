"""Random acts by random people on stale views of a whole desk, on both databases, while time and the engine go on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.acts import claims, exception_cases, merging
from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    UnknownObjectError,
    is_own,
)
from control_plane.domain.access import Act, Actor, Grant, Role, may
from control_plane.domain.machine import By
from control_plane.domain.materiality import Materiality
from control_plane.domain.transaction import PLACE_OF, Reason, State
from control_plane.engine.parts import Unit
from control_plane.store import exception_cases as cases
from control_plane.store import exception_sweeps, people
from control_plane.store.database import Database
from control_plane.store.people import Person
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import Stand
from tests.stands.balance import is_balanced
from tests.stands.runtime import StandRuntime

PAID: Final = "E4711"
"""The employee whom the first document pays: one of the analysts."""
ROLES: Final = {
    "anna": (Role.ANALYST,),
    "berta": (Role.ANALYST,),
    "carla": (Role.CONTROLLER,),
    "paul": (Role.APPROVER, Role.ANALYST),
    "vera": (Role.VIEWER,),
}
Deed = Callable[..., None]
DEEDS: Final[dict[str, tuple[Act, Deed]]] = {
    "claim": (Act.CLAIM, claims.claim),
    "keep_open": (Act.CLAIM, claims.keep_open),
    "start_work": (Act.CLAIM, claims.start_work),
    "give_back": (Act.CLAIM, claims.give_back),
    "hand_over": (Act.CLAIM, partial(claims.offer, person="paul")),
    "hand_to_team": (Act.CLAIM, partial(claims.offer, team="erp_team")),
    "accept": (Act.CLAIM, claims.accept),
    "refuse": (Act.CLAIM, claims.refuse),
    "retry": (Act.RETRY, exception_cases.retry),
    "return_to_source": (Act.RETURN, exception_cases.return_to_source),
    "release": (Act.LIFT_HOLD, exception_cases.release),
    "un_merge": (Act.CLAIM, merging.unmerge),
    "close": (Act.CLOSE, exception_cases.close),
}
PROVED: Final = frozenset({State.POSTED, State.RETURNED_TO_SOURCE})
REFUSALS: Final = (UnknownObjectError, NotAllowedError, ChangedMeanwhileError, NotPossibleError)


@dataclass(frozen=True, slots=True)
class Deal:
    """Somebody does something with an exception as it was some changes ago."""

    name: str
    person: str
    case: int
    age: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Time goes by, and the sweeps do theirs."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Drive:
    """The engine posts a document that is on its way, or fails again."""

    case: int
    is_posted: bool


STEPS = st.lists(
    st.one_of(
        st.builds(
            Deal,
            st.sampled_from([*DEEDS, "merge", "defer"]),
            st.sampled_from(sorted(ROLES)),
            st.integers(0, 2),
            st.sampled_from([0, 0, 0, 1, 2]),
        ),
        st.builds(Pass, st.sampled_from([1, 31, 300, 60 * 24 * 8])),
        st.builds(Drive, st.integers(0, 2), st.booleans()),
    ),
    min_size=10,
    max_size=40,
)
QUICK: Final = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
    ],  # each walk has its own
)


@dataclass(slots=True)
class Walk:
    """One walk over three documents, with every revision that was ever to be seen."""

    stand: Stand
    people: dict[str, Actor]
    numbers: list[int] = field(default_factory=list)
    revisions: dict[int, list[int]] = field(default_factory=dict)
    accepted: int = 0

    def begin(self) -> None:
        for counterparty, state, reason in (
            (PAID, State.FAILED, Reason.REJECTED),
            ("E1", State.FAILED, Reason.CONTRACT),
            ("E2", State.ON_HOLD, Reason.BUDGET),
        ):
            row = self.stand.stuck(state, reason, counterparty=counterparty)
            self.numbers.append(row.id)
            self.revisions[row.id] = [row.revision]

    def row(self, place: int) -> ExceptionCaseRow:
        return self.stand.case_row(self.numbers[place])

    def take(self, step: Deal | Pass | Drive) -> None:
        before = [self.row(place) for place in range(3)]
        match step:
            case Deal():
                self._deal(step, before[step.case])
            case Pass(minutes):
                self.stand.runtime.advance(timedelta(minutes=minutes))
                with self.stand.database.write() as session:
                    exception_sweeps.sweep(session, Materiality, now=self.stand.runtime.now())
            case Drive(case, is_posted):
                self._drive(before[case], is_posted=is_posted)
        for place, was in enumerate(before):
            self._check(step, was, self.row(place))

    def _deal(self, step: Deal, was: ExceptionCaseRow) -> None:
        seen = self.revisions[was.id]
        revision, actor = seen[-1 - min(step.age, len(seen) - 1)], self.people[step.person]
        act, deed = self._deed(step)
        try:
            with self.stand.database.write() as session:
                unit = Unit(session, self.stand.runtime.now(), self.stand.runtime.ids, self.stand.services.flows)
                deed(Hand(unit, actor, b"key", reason="It is right so"), was.id, revision=revision)
        except REFUSALS:
            return
        self.accepted += 1
        assert revision == was.revision, "a stale view was acted on"
        assert may(actor, act, was.legal_entity_id), f"{step.person} may not {step.name}"
        document = self.stand.transaction_row(was.transaction_id)
        assert not is_own(actor, document), f"{step.person} acted on their own money"

    def _deed(self, step: Deal) -> tuple[Act, Deed]:
        if step.name == "merge":
            return Act.CLAIM, partial(merging.merge, into=self.numbers[(step.case + 1) % 3])
        if step.name == "defer":
            return Act.CLAIM, partial(claims.defer, wake_at=self.stand.runtime.now() + timedelta(hours=5))
        return DEEDS[step.name]

    def _drive(self, was: ExceptionCaseRow, *, is_posted: bool) -> None:
        document = self.stand.transaction_row(was.transaction_id)
        if document.state not in {State.READY, State.RECEIVED}:
            return
        if document.state == State.RECEIVED:
            self.stand.move(document, State.READY, By.SYSTEM, Reason.NONE)
        if not is_posted:
            self.stand.move(document, State.FAILED, By.SYSTEM, Reason.REJECTED)
            self.stand.case(self.stand.transaction_row(document.id))
            return
        for state in (State.IN_FLIGHT, State.POSTED):
            self.stand.move(document, state, By.LEASE, Reason.NONE)
        with self.stand.database.write() as session:
            cases.resolve_for(session, {document.id: "posted as 49"}, now=self.stand.runtime.now())

    def _check(self, step: object, was: ExceptionCaseRow, now: ExceptionCaseRow) -> None:
        if now.revision != was.revision:
            self.revisions[now.id].append(now.revision)
        assert now.revision >= was.revision
        if was.claimed_by is not None and now.claimed_by not in {None, was.claimed_by}:
            assert isinstance(step, Deal), step
            assert step.name == "accept", step
            assert now.claimed_by == self.people[step.person].person_id
        document = self.stand.transaction_row(now.transaction_id)
        assert document.state in PLACE_OF
        if now.state in {"resolved", "closed"}:
            assert now.evidence
            assert document.state in PROVED
            assert now.claimed_by is None


def known(stand: Stand) -> dict[str, Actor]:
    """Make everybody known once, each with their roles."""
    return {login: _known(stand, login) for login in ROLES}


def _known(stand: Stand, login: str) -> Actor:
    now = stand.runtime.now()
    with stand.database.write() as session:
        row = people.by_login(session, login)
        person = Person(login, login.title(), PAID if login == "anna" else "")
        number = row.id if row else people.add(session, stand.runtime.ids, person, now=now)
        people.set_grants(session, number, [Grant(role) for role in ROLES[login]])
        actor = people.actor(session, number, now=now)
    assert actor is not None
    return actor


@pytest.fixture
def stand(database: Database, runtime: StandRuntime) -> Stand:
    return Stand(database, runtime)


@QUICK
@given(steps=STEPS)
def test_no_walk_leads_to_two_owners_or_to_an_end_without_evidence(stand: Stand, steps: list[Any]) -> None:
    walk = Walk(stand, known(stand))
    walk.begin()
    for step in steps:
        walk.take(step)
    with stand.database.read() as session:
        assert is_balanced(session)


def test_the_walks_are_not_all_refusals(stand: Stand) -> None:
    walk = Walk(stand, known(stand))
    walk.begin()
    way = ("claim", "start_work", "hand_over", "refuse", "defer", "start_work", "merge", "un_merge", "claim", "retry")
    for name in way:
        walk.take(Deal(name, "berta", 1, 0))
    walk.take(Drive(1, is_posted=True))
    walk.take(Deal("close", "carla", 1, 0))
    assert walk.row(1).state == "closed"
    assert walk.accepted == len(way) + 1
