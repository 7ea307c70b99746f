"""When streams are pulled, who pulls them now, and how far they were read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Table, Update, exists, or_, text, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.statements import count_of, table_of, upsert
from control_plane.store.tables import CursorRow, ScheduleRow, SyncRunRow

_RUN: Final[Table] = table_of(SyncRunRow)
_SCHEDULE: Final[Table] = table_of(ScheduleRow)
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
    run = session.exec(_next_run(now).where(col(SyncRunRow.connection).not_in(resting))).first()
    if run is None:
        return None
    run.state, run.lease_owner, run.lease_until = RunState.RUNNING, owner, until
    run.started_at = run.started_at or now
    session.add(run)
    session.flush()
    return run


def renew(session: Session, run_id: int, *, owner: int, until: datetime) -> bool:
    """Hold a run longer; return False where another worker took it over."""
    return count_of(session, _held(run_id, owner).values(lease_until=until)) == 1


def finish(
    session: Session, run_id: int, *, owner: int, received: int, repeated: int, failure: str, now: datetime
) -> bool:
    """End a run, well where there is no failure; return False where another worker took it over."""
    ended = _held(run_id, owner).values(
        state=RunState.FAILED if failure else RunState.SUCCEEDED,
        ended_at=now,
        lease_owner=None,
        lease_until=None,
        received_count=received,
        repeated_count=repeated,
        failure=failure,
    )
    return count_of(session, ended) == 1


def give_up_leases(session: Session, owners: Sequence[int], *, now: datetime) -> int:
    """Let the runs of processes that are gone be taken over at once; return how many."""
    statement = update(_RUN).where(_RUN.c.state == RunState.RUNNING, _RUN.c.lease_owner.in_(owners))
    return count_of(session, statement.values(lease_until=now))


def cursor(session: Session, connection: str, stream: str) -> str:
    """Return how far a stream was read; empty where it never was."""
    row = session.get(CursorRow, (connection, stream))
    return "" if row is None else row.value


def move_cursor(session: Session, connection: str, stream: str, value: str, *, now: datetime) -> None:
    """Note how far a stream was read, with what was read in the same unit of work."""
    row = CursorRow(connection=connection, stream=stream, value=value, read_at=now)
    insert = upsert(session, CursorRow).values(row.model_dump())
    moved = {"value": insert.excluded.value, "read_at": insert.excluded.read_at}
    session.connection().execute(insert.on_conflict_do_update(index_elements=["connection", "stream"], set_=moved))


def _next_run(now: datetime) -> SelectOfScalar[SyncRunRow]:
    other = aliased(SyncRunRow)
    is_held = exists().where(
        col(other.connection) == col(SyncRunRow.connection),
        col(other.stream) == col(SyncRunRow.stream),
        col(other.state) == RunState.RUNNING,
        col(other.lease_until) > now,
    )
    return (
        select(SyncRunRow)
        .where(text("sync_run.state IN ('waiting', 'running')"), ~is_held)
        .order_by(col(SyncRunRow.scheduled_for), col(SyncRunRow.id))
        .limit(1)
    )


def _held(run_id: int, owner: int) -> Update:
    return update(_RUN).where(_RUN.c.id == run_id, _RUN.c.state == RunState.RUNNING, _RUN.c.lease_owner == owner)


def _note_scheduled(session: Session, connection: str, stream: str, at: datetime) -> None:
    statement = update(_SCHEDULE).where(_SCHEDULE.c.connection == connection, _SCHEDULE.c.stream == stream)
    is_later = or_(_SCHEDULE.c.last_scheduled_for.is_(None), _SCHEDULE.c.last_scheduled_for < at)
    session.connection().execute(statement.where(is_later).values(last_scheduled_for=at))


def _schedule_row(schedule: Schedule) -> dict[str, Any]:  # column values
    seconds = int(schedule.interval.total_seconds())
    return ScheduleRow(connection=schedule.connection, stream=schedule.stream, interval_seconds=seconds).model_dump()
