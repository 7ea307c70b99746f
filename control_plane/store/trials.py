"""Trials: payloads that are looked at alone after a process was lost, and how often nobody came back from it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Table, bindparam, delete
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.store.prepared import Prepared, among
from control_plane.store.statements import table_of, upsert
from control_plane.store.tables import TrialRow

MOST: Final = 3
"""Processes that a payload may end before it is read no more."""

_TRIAL: Final[Table] = table_of(TrialRow)


def begin(session: Session, payload_id: int, *, now: datetime) -> None:
    """Note that somebody is about to look at a payload, alone: to be committed before."""
    insert = upsert(session, TrialRow).values(payload_id=payload_id, count=1, begun_at=now)
    once_more = {"count": _TRIAL.c.count + 1, "begun_at": now}
    session.connection().execute(insert.on_conflict_do_update(index_elements=["payload_id"], set_=once_more))


def condemned(session: Session, payload_ids: Collection[int]) -> frozenset[int]:
    """Return those payloads from which nobody came back, so often that nobody is to look at them any more."""
    return frozenset(_CONDEMNED.scalars(session, ids=list(payload_ids))) if payload_ids else frozenset()


def end(session: Session, payload_ids: Collection[int]) -> None:
    """Forget the trials of payloads that were looked at, or put aside: a person may let one begin anew."""
    _END.run(session, ids=list(payload_ids))


_CONDEMNED: Final = Prepared(
    core_select(_TRIAL.c.payload_id).where(among(_TRIAL.c.payload_id, "ids"), _TRIAL.c.count > bindparam("most", MOST))
)
_END: Final = Prepared(delete(_TRIAL).where(among(_TRIAL.c.payload_id, "ids")))
