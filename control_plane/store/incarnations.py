"""The starts of our processes: who may hold leases, and who is gone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, and_, bindparam, or_, update
from sqlmodel import Session, col, select

from control_plane.domain.identity import MAX_SLOT
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared, among
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import IncarnationRow

_INCARNATION: Final[Table] = table_of(IncarnationRow)

EMBEDDED: Final = "embedded"
"""The kind of a process that does everything: nobody else may live beside it."""

_WORKING: Final = (EMBEDDED, "worker")
"""The kinds of process that look at documents."""

_RECENT: Final = 100
"""A lease lasts half a minute; no more processes than these end within one."""


class NoFreeSlotError(Exception):
    """Every worker slot is taken by a living process."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a process says about itself when it starts."""

    kind: str
    """embedded | worker | scheduler | api"""
    host: str
    process_id: int


def free_slot(session: Session, *, silent_since: datetime) -> int:
    """Return a slot for new ids that no living process has; it is ours until the end of this unit of work.

    The slots go round, so that a process that wakes up late does not meet its successor's ids. `silent_since` is
    the moment after which a living process would have given a sign.

    Raises:
        NoFreeSlotError: there are as many living processes as slots.
    """
    advisory_lock(session, ["incarnation"])
    last = session.exec(select(IncarnationRow.slot).order_by(col(IncarnationRow.id).desc()).limit(1)).first()
    taken = set(session.exec(select(IncarnationRow.slot).where(*_alive(silent_since))).all())
    first = 0 if last is None else last + 1
    for step in range(MAX_SLOT + 1):
        slot = (first + step) % (MAX_SLOT + 1)
        if slot not in taken:
            return slot
    raise NoFreeSlotError(f"All {MAX_SLOT + 1} worker slots are taken by living processes")


def register(session: Session, incarnation_id: int, start: Start, *, slot: int, now: datetime) -> None:
    """Note that a process has started."""
    row = IncarnationRow(id=incarnation_id, slot=slot, started_at=now, heartbeat_at=now, **asdict(start))
    insert_many(session, IncarnationRow, [row.model_dump()])


def beat(session: Session, incarnation_id: int, *, now: datetime) -> bool:
    """Note that a process lives; return False where it was given up: it must not go on under this incarnation."""
    return _BEAT.run(session, ids=[incarnation_id], now=now) == 1


def silent(session: Session, *, silent_since: datetime) -> list[int]:
    """Return the incarnations that have not ended and gave no sign since then."""
    query = select(IncarnationRow.id).where(
        col(IncarnationRow.ended_at).is_(None), col(IncarnationRow.heartbeat_at) < silent_since
    )
    return list(session.exec(query).all())


def unended(session: Session) -> list[int]:
    """Return all incarnations that have not ended: in the embedded shape, at start, all of them are gone."""
    return list(session.exec(select(IncarnationRow.id).where(col(IncarnationRow.ended_at).is_(None))).all())


def gone(session: Session) -> list[int]:
    """Return the incarnations that ended last: what they still hold is taken over at once."""
    query = select(IncarnationRow.id).where(col(IncarnationRow.ended_at).is_not(None))
    return list(session.exec(query.order_by(col(IncarnationRow.id).desc()).limit(_RECENT)).all())


def lost(session: Session, *, silent_since: datetime, given_up_since: datetime) -> bool:
    """Return whether a process that works on documents ended without a word lately: it is silent, or was given up."""
    is_silent = and_(col(IncarnationRow.ended_at).is_(None), col(IncarnationRow.heartbeat_at) < silent_since)
    was_given_up = and_(col(IncarnationRow.is_lost), col(IncarnationRow.ended_at) >= given_up_since)
    query = select(IncarnationRow.id).where(col(IncarnationRow.kind).in_(_WORKING), or_(is_silent, was_given_up))
    return session.exec(query.limit(1)).first() is not None


def end(session: Session, incarnation_ids: Sequence[int], *, now: datetime) -> None:
    """Note that processes have ended by themselves."""
    _END.run(session, ids=incarnation_ids, now=now, is_lost=False)


def give_up(session: Session, incarnation_ids: Sequence[int], *, now: datetime) -> None:
    """Note that processes have ended without a word."""
    _END.run(session, ids=incarnation_ids, now=now, is_lost=True)


_LIVING: Final = update(_INCARNATION).where(among(_INCARNATION.c.id, "ids"), _INCARNATION.c.ended_at.is_(None))
_BEAT: Final = Prepared(_LIVING.values(heartbeat_at=bindparam("now")))
_END: Final = Prepared(_LIVING.values(ended_at=bindparam("now"), is_lost=bindparam("is_lost")))


def _alive(silent_since: datetime) -> tuple[Any, ...]:  # conditions
    return col(IncarnationRow.ended_at).is_(None), col(IncarnationRow.heartbeat_at) >= silent_since
