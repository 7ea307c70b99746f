"""Suspects: documents whose workers were lost while they held them, as their lineage tells."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, or_
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.domain.transaction import State
from control_plane.store.statements import table_of
from control_plane.store.tables import LineageRow

REAPED: Final = "reap"
LATE: Final = "late_result"

_LINEAGE: Final[Table] = table_of(LineageRow)


def lost_in_a_row(session: Session, transaction_ids: Sequence[int]) -> dict[int, int]:
    """Return how often each transaction was taken over from a lost worker since an answer last came, however late."""
    ended = or_(_LINEAGE.c.from_state == State.IN_FLIGHT.value, _LINEAGE.c.name == LATE)
    query = core_select(_LINEAGE.c.transaction_id, _LINEAGE.c.name).where(
        _LINEAGE.c.transaction_id.in_(transaction_ids), ended
    )
    lost = dict.fromkeys(transaction_ids, 0)
    for row in session.connection().execute(query.order_by(_LINEAGE.c.id)):
        lost[row.transaction_id] = lost[row.transaction_id] + 1 if row.name == REAPED else 0
    return lost
