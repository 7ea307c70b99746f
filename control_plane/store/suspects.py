"""Suspects: documents whose workers were lost while they held them, as their lineage tells."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, or_
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.domain.transaction import State
from control_plane.store.prepared import Prepared, among
from control_plane.store.statements import table_of
from control_plane.store.tables import LineageRow

REAPED: Final = "reap"
LATE: Final = "late_result"

_LINEAGE: Final[Table] = table_of(LineageRow)


def lost_in_a_row(session: Session, transaction_ids: Sequence[int]) -> dict[int, int]:
    """Return how often each transaction was taken over from a lost worker since an answer last came, however late."""
    lost = dict.fromkeys(transaction_ids, 0)
    for number, name in _ENDED.rows(session, ids=transaction_ids) if transaction_ids else ():
        lost[number] = lost[number] + 1 if name == REAPED else 0
    return lost


_ENDED: Final = Prepared(
    core_select(_LINEAGE.c.transaction_id, _LINEAGE.c.name)
    .where(
        among(_LINEAGE.c.transaction_id, "ids"),
        or_(_LINEAGE.c.from_state == State.IN_FLIGHT.value, _LINEAGE.c.name == LATE),
    )
    .order_by(_LINEAGE.c.id)
)
