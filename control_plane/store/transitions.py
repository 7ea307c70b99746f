"""The door: the only place that changes a transaction's state, with its lineage and its ledger movement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, Table, exists, literal_column, update
from sqlalchemy import select as core_select
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

from control_plane.domain.ledger import LedgerKey, Movement, amounts_of
from control_plane.domain.transaction import OPEN, Reason, Seen, State, Transition
from control_plane.runtime import Ids
from control_plane.store import budgets, ledger, lineage
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared, among, given
from control_plane.store.statements import dialect_of, table_of
from control_plane.store.tables import BIG, TransactionRow

TRANSACTION: Final[Table] = table_of(TransactionRow)

_BATCH: Final[Mapping[str, TypeEngine[Any]]] = {
    "id": BIG,
    "seen_state": TRANSACTION.c.state.type,
    "seen_fence": Integer(),
    "to_state": TRANSACTION.c.state.type,
    "to_reason": TRANSACTION.c.reason.type,
    "to_open": TRANSACTION.c.is_open.type,
    "at": TRANSACTION.c.updated_at.type,
}

_UNLEASED: Final[Mapping[str, Any]] = {"lease_owner": None, "lease_until": None}  # column values


class Change(NamedTuple):
    """A decided transition with the columns that change along with it and what the story tells about it."""

    transition: Transition
    name: str = ""
    """What did it: a step, an outcome kind, an act."""
    sets: Mapping[str, Any] = {}  # column values
    facts: Mapping[str, Any] = {}  # JSON values
    failure_code: str = ""
    actor: str = ""
    """Who, where a person acted; else the hand itself."""
    payload_id: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the door let through. What was refused had changed since it was seen."""

    applied: frozenset[int]
    promoted: tuple[int, ...]
    """Transactions that became the head of their order key."""


def record(session: Session, changes: Sequence[Change], ids: Ids) -> Recorded:
    """Change states by compare-and-set on what each caller saw; story and ledger follow from what was applied."""
    if not changes:
        return Recorded(frozenset(), ())
    budgets.free(session, _giving_back(changes), now=changes[0].transition.at)
    hold_keys(session, [change.transition.seen.id for change in changes if change.transition.to not in OPEN])
    applied: set[int] = set()
    closed_keys: set[str] = set()
    for names, alike in _by_shape(changes).items():
        for number, order_key, is_open in _moving(names).rows(session, batch=[_tuple(one, names) for one in alike]):
            applied.add(number)
            if not is_open:
                closed_keys.add(order_key)
    kept = [change for change in changes if change.transition.seen.id in applied]
    lineage.tell(session, [_entry(change) for change in kept], ids)
    if kept:
        moved = [movement for change in kept for movement in _movements(change)]
        ledger.move(session, moved, now=kept[0].transition.at)
    return Recorded(frozenset(applied), tuple(promote(session, closed_keys)))


def hold_keys(session: Session, transaction_ids: Sequence[int]) -> None:
    """Keep other writers from the order keys of these transactions until the end of this unit of work.

    To be called before their rows are changed: who takes key and row in one order never waits for each other.
    """
    if transaction_ids and dialect_of(session) != "sqlite":
        advisory_lock(session, _KEYS_OF.scalars(session, ids=transaction_ids))


def promote(session: Session, order_keys: set[str]) -> list[int]:
    """Make the oldest open transaction of each held order key without a head its head; return those.

    A head need not be the oldest: ids are drawn before the key is held.
    """
    if not order_keys:
        return []
    return _PROMOTE.scalars(session, keys=[(key,) for key in sorted(order_keys)])


def key_of(seen: Seen, state: State | None = None, reason: Reason | None = None) -> LedgerKey:
    """Return the ledger line that a transaction stands in, or would stand in under another state and reason."""
    return LedgerKey(
        seen.flow,
        seen.legal_entity_id,
        seen.currency,
        seen.cohort,
        seen.posting_period,
        (state or seen.state).value,
        (seen.reason if reason is None else reason).value,
    )


def _giving_back(changes: Sequence[Change]) -> list[int]:
    """Return what had been checked, and so may use budgets, and costs nothing any more."""
    taken = [change.transition for change in changes if change.transition.to in budgets.GONE]
    return [one.seen.id for one in taken if one.seen.state is not State.RECEIVED]


def _by_shape(changes: Sequence[Change]) -> Mapping[tuple[str, ...], list[Change]]:
    shapes: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in changes:
        shapes[tuple(sorted(change.sets))].append(change)
    return shapes


def _promoting() -> Prepared:
    key = given("keys", {"order_key": TRANSACTION.c.order_key.type})
    waiting, head = TRANSACTION.alias("waiting"), TRANSACTION.alias("head")
    oldest = (
        core_select(waiting.c.id)
        .where(waiting.c.order_key == key.c.order_key, literal_column("waiting.is_open"))
        .order_by(waiting.c.id)
        .limit(1)
        .scalar_subquery()
    )
    has_head = exists().where(head.c.order_key == key.c.order_key, literal_column("head.is_open"), head.c.is_head)
    return Prepared(
        update(TRANSACTION)
        .where(TRANSACTION.c.id.in_(core_select(oldest).select_from(key).where(~has_head)))
        .values(is_head=True)
        .returning(TRANSACTION.c.id)
    )


_PROMOTE: Final = _promoting()
_KEYS_OF: Final = Prepared(core_select(TRANSACTION.c.order_key).where(among(TRANSACTION.c.id, "ids")).distinct())


@cache
def _moving(names: tuple[str, ...]) -> Prepared:
    """Return the statement that changes states, and these columns with them."""
    batch = given("batch", dict(_BATCH) | {f"set_{name}": TRANSACTION.c[name].type for name in names})
    return Prepared(
        update(TRANSACTION)
        .where(
            TRANSACTION.c.id == batch.c.id,
            TRANSACTION.c.state == batch.c.seen_state,
            TRANSACTION.c.fence == batch.c.seen_fence,
        )
        .values(
            state=batch.c.to_state,
            reason=batch.c.to_reason,
            is_open=batch.c.to_open,
            is_head=TRANSACTION.c.is_head & batch.c.to_open,
            fence=TRANSACTION.c.fence + 1,
            revision=TRANSACTION.c.revision + 1,
            updated_at=batch.c.at,
            **_UNLEASED,
            **{name: batch.c[f"set_{name}"] for name in names},
        )
        .returning(TRANSACTION.c.id, TRANSACTION.c.order_key, TRANSACTION.c.is_open)
    )


def _tuple(change: Change, names: Sequence[str]) -> tuple[Any, ...]:
    taken = change.transition
    is_open = taken.to in OPEN
    fixed = (
        taken.seen.id,
        taken.seen.state.value,
        taken.seen.fence,
        taken.to.value,
        taken.reason.value,
        is_open,
        taken.at,
    )
    return (*fixed, *[change.sets[name] for name in names])


def _entry(change: Change) -> lineage.Entry:
    taken = change.transition
    return lineage.Entry(
        transaction_id=taken.seen.id,
        legal_entity_id=change.sets.get("legal_entity_id", taken.seen.legal_entity_id),
        flow=taken.seen.flow,
        kind=lineage.Kind.TRANSITION,
        at=taken.at,
        by=change.actor or taken.by.value,
        name=change.name,
        from_state=taken.seen.state.value,
        to_state=taken.to.value,
        reason=taken.reason.value,
        fence=taken.seen.fence + 1,
        failure_code=change.failure_code,
        facts=change.facts,
        payload_id=change.payload_id,
    )


def _movements(change: Change) -> tuple[Movement, Movement]:
    taken, sets = change.transition, change.sets
    seen = taken.seen
    left = arrived = amounts_of(seen.amount_minor, seen.group_minor)
    if "group_minor" in sets:
        arrived = amounts_of(seen.amount_minor, sets["group_minor"])
    line = LedgerKey(
        seen.flow,
        sets.get("legal_entity_id", seen.legal_entity_id),
        seen.currency,
        seen.cohort,
        sets.get("posting_period", seen.posting_period),
        taken.to.value,
        taken.reason.value,
    )
    return (key_of(seen), -left), (line, arrived)
