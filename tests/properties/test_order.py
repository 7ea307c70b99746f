"""Strict order per business object through random walks: one head, the oldest that is open, and only it goes out."""

from hypothesis import given

from control_plane.domain.transaction import MAY_BE_BOOKED, State
from control_plane.store.database import Database
from control_plane.store.tables import TransactionRow
from tests.properties.walking import QUICK, STEPS, Lease, Step, Walk
from tests.stands.runtime import CountingIds


@QUICK
@given(steps=STEPS)
def test_every_order_key_has_one_head_and_nothing_overtakes_it(
    database: Database, ids: CountingIds, steps: list[Step]
) -> None:
    walk = Walk(database, ids)
    for step in steps:
        before = {row.id: State(row.state) for row in walk.rows()}
        walk.take(step)
        rows = walk.rows()
        assert {row.id for row in rows if row.is_head} == oldest_open(rows)
        sent = {row.id for row in rows if row.state in MAY_BE_BOOKED and before.get(row.id) is State.READY}
        assert sent <= {row.id for row in rows if row.is_head}
        assert not sent or isinstance(step, Lease)


def oldest_open(rows: list[TransactionRow]) -> set[int]:
    """Return the oldest open document of every order key."""
    first: dict[str, int] = {}
    for row in rows:
        if row.is_open:
            first.setdefault(row.order_key, row.id)
    return set(first.values())
