"""Random walks of many documents through the store: births, leases and every change that the tables of states allow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from control_plane.domain.machine import By
from control_plane.domain.transaction import TRANSITIONS, Reason, Seen, State
from control_plane.runtime import Ids
from control_plane.store import transactions, transitions
from control_plane.store.database import Database
from control_plane.store.tables import TransactionRow
from control_plane.store.transitions import Change
from tests.control_plane.store.documents import birth, change, lease
from tests.stands.runtime import MORNING

CORRECTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"legal_entity_id": "CH01"},
    {"posting_period": "2026-04"},
    {"group_minor": 77},
    {"legal_entity_id": "DE02", "posting_period": "2026-05", "group_minor": -5},
)


@dataclass(frozen=True, slots=True)
class Bear:
    """Documents arrive, one per amount; those of one key wait for each other."""

    key: int
    amounts_minor: tuple[int, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker leases what is due."""

    limit: int


@dataclass(frozen=True, slots=True)
class Move:
    """Some documents change their state, corrected on the way, as they were seen so many steps ago."""

    picks: tuple[tuple[int, int], ...]
    """Which document, and which of the arrows that leave its state."""
    correction: int
    age: int
    fails: bool
    """The unit of work is rolled back."""


Step = Bear | Lease | Move

STARTS = st.sampled_from([State.RECEIVED, State.READY, State.ON_HOLD, State.IN_DOUBT, State.DUPLICATE])
AMOUNTS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=3).map(tuple)
PICKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), min_size=1, max_size=4).map(tuple)
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(Bear, st.integers(0, 2), AMOUNTS, STARTS),
        st.builds(Lease, st.integers(1, 4)),
        st.builds(
            Move, PICKS, st.integers(0, 4), st.sampled_from([0, 0, 0, 1, 3]), st.sampled_from([False] * 4 + [True])
        ),
    ),
    min_size=4,
    max_size=16,
)


class TurnedBackError(Exception):
    """A unit of work that fails at its end."""


QUICK: Final = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],  # each walk has its own flow
)


@dataclass(slots=True)
class Walk:
    """One walk in a flow of its own, with what its documents looked like after every step."""

    database: Database
    ids: Ids
    flow: str = ""
    seen: list[list[Seen]] = field(default_factory=lambda: [[]])
    applied: int = 0
    """Changes that were let through by the last step."""

    def __post_init__(self) -> None:
        self.flow = f"walk {self.ids.draw()}"

    def rows(self) -> list[TransactionRow]:
        """Return the documents of this walk, oldest first."""
        query = select(TransactionRow).where(TransactionRow.flow == self.flow).order_by(col(TransactionRow.id))
        with self.database.read() as session:
            return list(session.exec(query).all())

    def take(self, step: Step) -> None:
        """Take one step in a unit of work of its own."""
        born: list[int] = []
        self.applied = 0
        try:
            with self.database.write() as session:
                born = self._act(session, step)
        except TurnedBackError:
            self.applied = 0
        numbers = [*(one.id for one in self.seen[-1]), *born]
        with self.database.read() as session:
            self.seen.append([work.seen for work in transactions.by_ids(session, numbers)])

    def _act(self, session: Session, step: Step) -> list[int]:
        match step:
            case Bear(key, amounts_minor, state):
                named = {"flow": self.flow, "order_key": f"{self.flow}|R{key}", "state": state.value}
                births = [birth(self.ids, f"R{key}", **named, amount_minor=one) for one in amounts_minor]
                transactions.bear(session, births, self.ids, now=MORNING)
                return [one.row["id"] for one in births]
            case Lease(limit):
                self.applied = len(lease(session, self.ids, flows=[self.flow], limit=limit))
            case Move():
                self._move(session, step)
        return []

    def _move(self, session: Session, step: Move) -> None:
        changes = changes_of(step, self.seen[-1 - min(step.age, len(self.seen) - 1)])
        self.applied = len(transitions.record(session, changes, self.ids).applied)
        if step.fails:
            raise TurnedBackError


def changes_of(step: Move, seen: Sequence[Seen]) -> list[Change]:
    """Return the changes that a step means, each document once."""
    picked = {seen[pick % len(seen)]: arrow for pick, arrow in step.picks} if seen else {}
    found = ((one, arrows_of(one.state), arrow) for one, arrow in picked.items())
    return [_change(one, arrows[arrow % len(arrows)], step.correction) for one, arrows, arrow in found if arrows]


def arrows_of(state: State) -> list[tuple[State, By]]:
    """Return the changes that the door may be asked for: in flight goes only what is leased."""
    return [(to, min(by)) for to, by in TRANSITIONS[state].items() if to is not State.IN_FLIGHT]


def _change(seen: Seen, arrow: tuple[State, By], correction: int) -> Change:
    return change(seen, *arrow, Reason.MANUAL if arrow[0] is State.ON_HOLD else Reason.NONE, **CORRECTIONS[correction])
