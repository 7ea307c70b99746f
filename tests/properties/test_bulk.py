"""Random lives of a bulk operation, with crashes at every write: nothing is lost, nothing is done twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.acts import bulk as acts
from control_plane.acts.door import NotPossibleError
from control_plane.acts.ramp import Ramp
from control_plane.domain.access import Actor, Role
from control_plane.domain.bulk import BulkState, ItemState
from control_plane.domain.transaction import State
from control_plane.engine.parts import Parts, Unit
from control_plane.store.database import open_database
from control_plane.store.tables import BulkOperationRow
from tests.control_plane.acts.bulk_stand import KEY, BulkStand
from tests.stands.databases import SqliteStand
from tests.stands.runtime import StandRuntime

pytestmark = pytest.mark.slow

T = TypeVar("T")
COUNT = 12
STEPS = st.lists(
    st.sampled_from(["ramp", "ramp", "ramp", "answer", "answer", "refuse", "pause", "resume", "resume", "cancel"]),
    max_size=30,
)


class KilledError(Exception):
    """The process ended here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mortal(Parts):
    """Parts of a process that is killed now and then, before a write or just after it."""

    chance: random.Random

    async def write(self, work: Callable[[Unit], T]) -> T:
        fate = self.chance.random()
        if fate < 0.1:
            raise KilledError
        result = await Parts.write(self, work)
        if fate > 0.9:
            raise KilledError
        return result


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 10**6))
def test_whatever_happens_every_item_stands_somewhere_and_is_posted_once(
    sqlite_stand: SqliteStand, steps: list[str], seed: int
) -> None:
    with sqlite_stand.fresh() as url:
        database = open_database(url)
        stand = BulkStand(database, StandRuntime())
        anna = stand.person(Role.ANALYST)
        stand.failed(COUNT)
        row, chance = stand.started(anna, code="tax_refused"), random.Random(seed)
        for step in steps:
            live(stand, anna, row, step, chance)
            assert stand.tally(row).total == COUNT
        come_to_an_end(stand, anna, row)
        database.dispose()


def live(stand: BulkStand, anna: Actor, row: BulkOperationRow, step: str, chance: random.Random) -> None:
    """Let one thing happen."""
    match step:
        case "ramp":
            with suppress(KilledError):
                asyncio.run(_come_by(stand, chance))
        case "answer":
            stand.refuses = lambda _document: ""
            stand.answer()
        case "refuse":
            stand.refuses = lambda _document: chance.choice(["", "tax_refused", "rejected_by_target"])
            stand.answer()
        case _:
            with suppress(NotPossibleError):
                stand.act(anna, getattr(acts, step), row)


async def _come_by(stand: BulkStand, chance: random.Random) -> None:
    parts = stand.parts
    await Ramp(KEY)(Mortal(parts.runtime, parts.database, parts.connectors, parts.flows, chance=chance))


def come_to_an_end(stand: BulkStand, anna: Actor, row: BulkOperationRow) -> None:
    """Let a process without mishaps finish what others left; then everything adds up."""
    stand.refuses = lambda _document: ""
    for _ in range(3):
        stand.run()
        with suppress(NotPossibleError):
            stand.act(anna, acts.resume, row)
    stand.run()
    tally, ended = stand.tally(row), stand.operation(row.id)
    assert ended.state in {BulkState.FINISHED, BulkState.CANCELLED}
    assert tally.open_count == 0
    assert tally[ItemState.SUCCEEDED] + tally[ItemState.FAILED] + tally[ItemState.SKIPPED] == COUNT
    posted = Counter(stand.transaction_row(one.transaction_id).state for one in stand.items(row))
    assert posted[State.POSTED] == tally[ItemState.SUCCEEDED]
    assert not any(one.is_held for one in stand.items(row))
