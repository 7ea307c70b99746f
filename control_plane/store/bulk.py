"""Bulk operations: frozen once, worked off item by item through compare-and-set, never lost and never done twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, exists, literal_column, select, union, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from control_plane.domain.bulk import ItemState, Outcome
from control_plane.domain.bulk_plan import Item
from control_plane.store.prepared import Prepared
from control_plane.store.statements import count_of, insert_many, table_of
from control_plane.store.tables import BulkItemRow, BulkOperationRow

OPERATION: Final[Table] = table_of(BulkOperationRow)
ITEM: Final[Table] = table_of(BulkItemRow)
# As the partial indexes say it: SQLite uses them for no other form.
_IS_RUNNING: Final[ColumnElement[bool]] = literal_column("bulk_operation.state = 'running'")
_ITEM_RUNS: Final[ColumnElement[bool]] = literal_column("bulk_item.state = 'running'")
_IS_HELD: Final[ColumnElement[bool]] = literal_column("bulk_item.is_held")
_OTHER_HOLDS: Final[ColumnElement[bool]] = literal_column("other.is_held")

_UNTOUCHED: Final[Mapping[str, Any]] = {"is_held": False, "step": 0, "is_same_failure": False, "sentence": ""}
_FROZEN: Final = sorted(ITEM.columns.keys() & Item.__dataclass_fields__.keys())

AT_WORK: Final = Prepared(
    union(
        select(OPERATION.c.id).where(_IS_RUNNING),
        select(ITEM.c.operation_id).where(_ITEM_RUNS, _IS_HELD),  # what runs is held: so SQLite takes an index of it
    )
)
"""Asked again and again by every worker."""


class HeldElsewhereError(Exception):
    """Another operation that has started is not done with a document of this one."""


def freeze(session: Session, operation_id: int, items: Sequence[Item], *, now: datetime) -> None:
    """Keep the items of an operation that is planned, the one to be done first at the beginning."""
    begun = {"operation_id": operation_id, "state": ItemState.WAITING.value, "updated_at": now, **_UNTOUCHED}
    rows = [
        {**{name: getattr(one, name) for name in _FROZEN}, **begun, "position": position}
        for position, one in enumerate(items, 1)
    ]
    insert_many(session, BulkItemRow, rows)


def add(session: Session, operation: BulkOperationRow) -> None:
    """Keep an operation whose items are frozen."""
    session.add(operation)
    session.flush()


def row_of(session: Session, operation_id: int) -> BulkOperationRow | None:
    """Return the whole row, as it is now."""
    query = select_rows(BulkOperationRow).where(col(BulkOperationRow.id) == operation_id)
    return session.exec(query.execution_options(populate_existing=True)).first()


def change(session: Session, seen: BulkOperationRow, *, now: datetime, **sets: Any) -> bool:  # column values
    """Write an operation's next state; return False if it has changed since it was seen."""
    statement = (
        update(OPERATION)
        .where(OPERATION.c.id == seen.id, OPERATION.c.revision == seen.revision)
        .values(**sets, updated_at=now, revision=seen.revision + 1)
    )
    return count_of(session, statement) == 1


def hold(session: Session, operation_id: int) -> None:
    """Keep other operations from the items that are not done.

    Raises:
        HeldElsewhereError: another one is not done with one of them.
    """
    is_open = ITEM.c.state == ItemState.WAITING.value
    try:
        count_of(session, update(ITEM).where(ITEM.c.operation_id == operation_id, is_open).values(is_held=True))
    except IntegrityError as error:
        raise HeldElsewhereError(str(operation_id)) from error


def at_work(session: Session) -> list[int]:
    """Return the operations that have something to do: those that run, and those with items on their way."""
    return sorted(AT_WORK.scalars(session))


def begin_step(session: Session, seen: BulkOperationRow, size: int, *, now: datetime) -> bool:
    """Let the next items be done; return False if the operation has changed since it was seen.

    What is still on its way, because people let the operation go on before it came back, belongs to the new step.
    """
    step = seen.step + 1
    if not change(session, seen, now=now, step=step, step_size=size):
        return False
    first = (
        select(ITEM.c.position)
        .where(ITEM.c.operation_id == seen.id, ITEM.c.state == ItemState.WAITING.value)
        .order_by(ITEM.c.position)
        .limit(size)
    )
    belongs = _ITEM_RUNS | ITEM.c.position.in_(first)
    count_of(session, update(ITEM).where(ITEM.c.operation_id == seen.id, belongs).values(step=step))
    return True


def next_items(session: Session, operation_id: int, step: int, limit: int) -> list[int]:
    """Return the positions of a step's items that are not begun, the first first."""
    query = (
        select(ITEM.c.position)
        .where(ITEM.c.operation_id == operation_id, ITEM.c.step == step, ITEM.c.state == ItemState.WAITING.value)
        .order_by(ITEM.c.position)
        .limit(limit)
    )
    return list(session.connection().execute(query).scalars())


def take(session: Session, operation_id: int, step: int, position: int, *, now: datetime) -> BulkItemRow | None:
    """Begin an item; None if somebody else has, or the operation no longer runs this step."""
    at_step = exists().where(OPERATION.c.id == operation_id, OPERATION.c.step == step, _IS_RUNNING)
    statement = (
        update(ITEM)
        .where(ITEM.c.operation_id == operation_id, ITEM.c.position == position, ITEM.c.step == step)
        .where(ITEM.c.state == ItemState.WAITING.value, at_step)
        .values(state=ItemState.RUNNING.value, updated_at=now)
    )
    if not count_of(session, statement):
        return None
    return session.get(BulkItemRow, (operation_id, position), populate_existing=True)


def end_item(session: Session, item: BulkItemRow, outcome: Outcome, *, now: datetime, **sets: Any) -> bool:
    """Write what became of an item that was waiting or running, and let other operations have its document."""
    statement = (
        update(ITEM)
        .where(ITEM.c.operation_id == item.operation_id, ITEM.c.position == item.position)
        .where(ITEM.c.state.in_([ItemState.WAITING.value, ItemState.RUNNING.value]))
        .values(state=outcome.state.value, sentence=outcome.sentence, is_held=False, updated_at=now, **sets)
    )
    return count_of(session, statement) == 1


def put_back(session: Session, item: BulkItemRow, *, now: datetime) -> None:
    """Let an item wait again that was taken and not done."""
    is_it = (ITEM.c.operation_id == item.operation_id) & (ITEM.c.position == item.position)
    count_of(session, update(ITEM).where(is_it).values(state=ItemState.WAITING.value, updated_at=now))


def skip_waiting(session: Session, operation_id: int, sentence: str, *, now: datetime) -> int:
    """Skip what was not begun; return how many that were."""
    skipped = {"state": ItemState.SKIPPED.value, "sentence": sentence, "is_held": False, "updated_at": now}
    waits = ITEM.c.state == ItemState.WAITING.value
    return count_of(session, update(ITEM).where(ITEM.c.operation_id == operation_id, waits).values(**skipped))


def take_up(session: Session, operation_id: int, *, now: datetime) -> int:
    """Let what failed wait for another try, where no other operation has it; return how many that are."""
    other = ITEM.alias("other")
    is_taken = exists().where(other.c.case_id == ITEM.c.case_id, _OTHER_HOLDS)
    statement = (
        update(ITEM)
        .where(ITEM.c.operation_id == operation_id, ITEM.c.state == ItemState.FAILED.value, ~is_taken)
        .values(state=ItemState.WAITING.value, is_held=True, is_same_failure=False, updated_at=now)
    )
    return count_of(session, statement)
