"""Trials: payloads that are looked at apart after a process was lost, and how often nobody came back from it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Table, bindparam, delete
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.store.prepared import Prepared, among
from control_plane.store.statements import table_of, upsert
from control_plane.store.tables import TrialRow

MOST: Final = 3
"""Processes that a payload may end before it is read no more."""
SIDE_BY_SIDE: Final = timedelta(seconds=1)
"""What is begun again so soon is another worker's trial, not that of a process after one that was lost."""

_TRIAL: Final[Table] = table_of(TrialRow)


def begin(session: Session, payload_ids: Collection[int], *, now: datetime) -> None:
    """Note that somebody is about to look at payloads: to be committed before."""
    rows = [{"payload_id": one, "count": 1, "begun_at": now} for one in sorted(payload_ids)]
    once_more = {"count": _TRIAL.c.count + 1, "begun_at": now}
    insert = upsert(session, TrialRow).values(rows)
    is_after_a_loss = _TRIAL.c.begun_at <= now - SIDE_BY_SIDE
    session.connection().execute(
        insert.on_conflict_do_update(index_elements=["payload_id"], set_=once_more, where=is_after_a_loss)
    )


def begun(session: Session, payload_ids: Collection[int]) -> frozenset[int]:
    """Return those payloads that somebody began to look at, and that nobody has come back from."""
    return frozenset(_BEGUN.scalars(session, ids=list(payload_ids))) if payload_ids else frozenset()


def condemned(session: Session, payload_ids: Collection[int]) -> frozenset[int]:
    """Return those payloads from which nobody came back, so often that nobody is to look at them any more."""
    return frozenset(_CONDEMNED.scalars(session, ids=list(payload_ids))) if payload_ids else frozenset()


def end(session: Session, payload_ids: Collection[int]) -> None:
    """Forget the trials of payloads that were looked at, or put aside: a person may let one begin anew."""
    _END.run(session, ids=list(payload_ids))


_BEGUN: Final = Prepared(core_select(_TRIAL.c.payload_id).where(among(_TRIAL.c.payload_id, "ids")))
_CONDEMNED: Final = Prepared(
    core_select(_TRIAL.c.payload_id).where(among(_TRIAL.c.payload_id, "ids"), _TRIAL.c.count > bindparam("most", MOST))
)
_END: Final = Prepared(delete(_TRIAL).where(among(_TRIAL.c.payload_id, "ids")))
