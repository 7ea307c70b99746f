"""The money ledger through random walks: balance, movements and transactions say the same after every commit."""

from collections.abc import Mapping

from hypothesis import given

from control_plane.domain.ledger import Amounts, by_place
from control_plane.domain.transaction import PLACE_OF, Place, State
from control_plane.store import ledger
from control_plane.store.database import Database
from tests.properties.walking import QUICK, STEPS, Step, Walk
from tests.stands.balance import is_balanced
from tests.stands.runtime import CountingIds


@QUICK
@given(steps=STEPS)
def test_the_ledger_balances_after_every_commit_and_every_amount_has_one_place(
    database: Database, ids: CountingIds, steps: list[Step]
) -> None:
    walk = Walk(database, ids)
    for step in steps:
        walk.take(step)
        with database.read() as session:
            assert is_balanced(session)
        assert_places(walk)


def assert_places(walk: Walk) -> None:
    amounts: dict[Place, list[int]] = {place: [] for place in Place}
    for row in walk.rows():
        amounts[PLACE_OF[State(row.state)]].append(row.amount_minor)
    for place, standing in places(walk).items():
        assert standing.count == len(amounts[place])
        assert standing.positive_minor == sum(minor for minor in amounts[place] if minor > 0)
        assert standing.negative_minor == sum(minor for minor in amounts[place] if minor < 0)


def places(walk: Walk) -> Mapping[Place, Amounts]:
    with walk.database.read() as session:
        return by_place(one for one in ledger.balances(session) if one[0].flow == walk.flow)
