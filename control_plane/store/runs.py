"""When streams are pulled, who pulls them now, and how far they were read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Table, bindparam, exists, func, or_, text, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared, among
from control_plane.store.statements import Dialect, Upsert, count_of, table_of, upsert, upsert_on
from control_plane.store.tables import CursorRow, ScheduleRow, SyncRunRow

_RUN: Final[Table] = table_of(SyncRunRow)
_SCHEDULE: Final[Table] = table_of(ScheduleRow)
_CURSOR: Final[Table] = table_of(CursorRow)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RunState(StrEnum):
    """What happens next to a sync run."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Trigger(StrEnum):
    """Why a sync run was made."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch_up"
    """Its due time passed while nothing ran."""
    PERSON = "person"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a stream is pulled, as the configuration says."""

    connection: str
    stream: str
    interval: timedelta


def due_moment(interval: timedelta, now: datetime) -> datetime:
    """Return the newest moment at which a stream of this interval was due: the same one for every process."""
    return now - (now - _EPOCH) % interval


def set_schedules(session: Session, schedules: Sequence[Schedule]) -> None:
    """Let exactly these schedules be active; what is known about when they last ran is kept."""
    session.connection().execute(update(_SCHEDULE).values(is_active=False))
    if not schedules:
        return
    rows = [_schedule_row(schedule) for schedule in schedules]
    insert = upsert(session, ScheduleRow).values(rows)
    changed = {name: insert.excluded[name] for name in ("interval_seconds", "is_active")}
    session.connection().execute(insert.on_conflict_do_update(index_elements=["connection", "stream"], set_=changed))


def schedules(session: Session) -> list[ScheduleRow]:
    """Return the active schedules."""
    query = select(ScheduleRow).where(col(ScheduleRow.is_active))
    return list(session.exec(query.order_by(col(ScheduleRow.connection), col(ScheduleRow.stream))).all())


def plan(session: Session, ids: Ids, connection: str, stream: str, *, at: datetime, trigger: Trigger) -> bool:
    """Make a sync run wait; return False where the same one is planned already, or another one of the stream waits.

    A waiting run reads everything that has come until it is executed, so a second one would find nothing.
    """
    row = SyncRunRow(
        id=ids.draw(), connection=connection, stream=stream, scheduled_for=at, state=RunState.WAITING, trigger=trigger
    )
    insert = upsert(session, SyncRunRow).values(row.model_dump()).on_conflict_do_nothing()
    if trigger in {Trigger.SCHEDULE, Trigger.CATCH_UP}:
        _note_scheduled(session, connection, stream, at)
    return count_of(session, insert) == 1


def catch_up(session: Session, ids: Ids, *, now: datetime) -> int:
    """Plan one run for every schedule whose due time passed while nothing ran; return how many."""
    missed = [(row, due_moment(timedelta(seconds=row.interval_seconds), now)) for row in schedules(session)]
    return sum(
        plan(session, ids, row.connection, row.stream, at=due, trigger=Trigger.CATCH_UP)
        for row, due in missed
        if row.last_scheduled_for is None or row.last_scheduled_for < due
    )


def lease_next(
    session: Session, *, owner: int, now: datetime, until: datetime, resting: Collection[str] = ()
) -> SyncRunRow | None:
    """Take over the run that waits longest, or one whose worker is gone; a stream is pulled by one worker at a time.

    `resting` connections are left alone. Return None where nothing else waits.
    """
    advisory_lock(session, ["sync_run"])
    leased = _LEASE_NEXT.rows(session, resting=resting, owner=owner, now=now, until=until)
    return SyncRunRow.model_construct(**dict(zip(_RUN.c.keys(), leased[0], strict=True))) if leased else None


def renew(session: Session, run_id: int, *, owner: int, until: datetime) -> bool:
    """Hold a run longer; return False where another worker took it over."""
    return _RENEW.run(session, number=run_id, owner=owner, until=until) == 1


def finish(
    session: Session, run_id: int, *, owner: int, received: int, repeated: int, failure: str, now: datetime
) -> bool:
    """End a run, well where there is no failure; return False where another worker took it over."""
    state = RunState.FAILED if failure else RunState.SUCCEEDED
    told = {"received": received, "repeated": repeated, "failing": failure}
    return _FINISH.run(session, number=run_id, owner=owner, to=state, now=now, **told) == 1


def give_up_leases(session: Session, owners: Sequence[int], *, now: datetime) -> int:
    """Let the runs of processes that are gone be taken over at once; return how many."""
    return _GIVE_UP.run(session, owners=owners, now=now)


def cursor(session: Session, connection: str, stream: str) -> str:
    """Return how far a stream was read; empty where it never was."""
    return next(iter(_CURSOR_OF.scalars(session, of=connection, what=stream)), "")


def move_cursor(session: Session, connection: str, stream: str, value: str, *, now: datetime) -> None:
    """Note how far a stream was read, with what was read in the same unit of work."""
    _MOVE_CURSOR.run(session, connection=connection, stream=stream, value=value, read_at=now)


def _leasing_next() -> Prepared:
    other = _RUN.alias("other")
    now = bindparam("now", type_=_RUN.c.lease_until.type)
    is_held = exists().where(
        other.c.connection == _RUN.c.connection,
        other.c.stream == _RUN.c.stream,
        other.c.state == RunState.RUNNING,
        other.c.lease_until > now,
    )
    next_one = (
        core_select(_RUN.c.id)
        .where(text("sync_run.state IN ('waiting', 'running')"), ~is_held, ~among(_RUN.c.connection, "resting"))
        .order_by(_RUN.c.scheduled_for, _RUN.c.id)
        .limit(1)
    )
    started_at = func.coalesce(_RUN.c.started_at, now)
    return Prepared(
        update(_RUN)
        .where(_RUN.c.id.in_(next_one))
        .values(
            state=RunState.RUNNING,
            lease_owner=bindparam("owner"),
            lease_until=bindparam("until"),
            started_at=started_at,
        )
        .returning(*_RUN.c)
    )


def _moving_cursor(dialect: Dialect) -> Upsert:
    insert = upsert_on(dialect, CursorRow)
    moved = {"value": insert.excluded.value, "read_at": insert.excluded.read_at}
    every = insert.values({column.name: bindparam(column.name, type_=column.type) for column in _CURSOR.c})
    return every.on_conflict_do_update(index_elements=["connection", "stream"], set_=moved)


_HELD: Final = update(_RUN).where(
    _RUN.c.id == bindparam("number"), _RUN.c.state == RunState.RUNNING, _RUN.c.lease_owner == bindparam("owner")
)
_LEASE_NEXT: Final = _leasing_next()
_RENEW: Final = Prepared(_HELD.values(lease_until=bindparam("until")))
_FINISH: Final = Prepared(
    _HELD.values(
        state=bindparam("to"),
        ended_at=bindparam("now"),
        lease_owner=None,
        lease_until=None,
        received_count=bindparam("received"),
        repeated_count=bindparam("repeated"),
        failure=bindparam("failing"),
    )
)
_GIVE_UP: Final = Prepared(
    update(_RUN)
    .where(_RUN.c.state == RunState.RUNNING, among(_RUN.c.lease_owner, "owners"))
    .values(lease_until=bindparam("now"))
)
_CURSOR_OF: Final = Prepared(
    core_select(_CURSOR.c.value).where(_CURSOR.c.connection == bindparam("of"), _CURSOR.c.stream == bindparam("what"))
)
_MOVE_CURSOR: Final = Prepared(_moving_cursor("sqlite"), postgresql=_moving_cursor("postgresql"))


def _note_scheduled(session: Session, connection: str, stream: str, at: datetime) -> None:
    statement = update(_SCHEDULE).where(_SCHEDULE.c.connection == connection, _SCHEDULE.c.stream == stream)
    is_later = or_(_SCHEDULE.c.last_scheduled_for.is_(None), _SCHEDULE.c.last_scheduled_for < at)
    session.connection().execute(statement.where(is_later).values(last_scheduled_for=at))


def _schedule_row(schedule: Schedule) -> dict[str, Any]:  # column values
    seconds = int(schedule.interval.total_seconds())
    return ScheduleRow(connection=schedule.connection, stream=schedule.stream, interval_seconds=seconds).model_dump()
