"""The queue: what the engine picks from the transactions next, each by an index of exactly that."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    Update,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    update,
)
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.domain.ledger import Amounts, LedgerKey, Movement, amounts_of, total
from control_plane.domain.machine import By
from control_plane.domain.transaction import Seen, State
from control_plane.runtime import Ids
from control_plane.store import ledger, lineage
from control_plane.store.prepared import Prepared, among, given
from control_plane.store.statements import table_of
from control_plane.store.tables import BIG, IncarnationRow
from control_plane.store.transactions import WORK_COLUMNS, Work, want_reversal, work_of
from control_plane.store.transitions import TRANSACTION, key_of

_INCARNATION: Final[Table] = table_of(IncarnationRow)

# As the partial indexes say it: SQLite uses them for no other form.
_RECEIVED: Final[ColumnElement[bool]] = literal_column("state = 'received'")
_LEASABLE: Final[ColumnElement[bool]] = literal_column("state = 'ready' AND is_head")
_IN_FLIGHT: Final[ColumnElement[bool]] = literal_column("state = 'in_flight'")
_UNCLEAR: Final[ColumnElement[bool]] = literal_column("state IN ('in_doubt', 'awaiting_ack')")
_REVERSIBLE: Final[ColumnElement[bool]] = literal_column("reversal_wanted_at IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a lease takes."""

    target: str
    flows: Sequence[str]
    limit: int
    by_deadline: bool = False
    """First what is due soonest, among the thousand that are due soonest: where not all can go at once."""


@dataclass(frozen=True, slots=True)
class Question:
    """When the target is to be asked about what may be booked."""

    seen: Seen
    at: datetime | None
    """None: a person decides."""
    absent_count: int
    """How often the target did not know it."""
    owner: int | None = None
    """Who asks until then."""


def lease(session: Session, ids: Ids, wanted: Wanted, *, owner: int, now: datetime, until: datetime) -> list[Work]:
    """Lease what may be sent, at the head of its order key and meant for a target; what waits longest first.

    What is being taken back, because a part of it is booked already, is not sent any further. A process that others
    have given up leases nothing: they would take it over at once.
    The lease is the intent: once it is committed, a crash means that the document may have been sent.
    """
    asked = {"owner": owner, "flows": wanted.flows, "to": wanted.target, "now": now, "until": until}
    rows = _LEASE_URGENT.rows(session, most=wanted.limit, **asked) if wanted.by_deadline else []
    if len(rows) < wanted.limit:
        rows += _LEASE.rows(session, most=wanted.limit - len(rows), **asked)
    leased = [work_of(row) for row in sorted(rows)]
    lineage.tell(session, [_lease_entry(work, owner, now) for work in leased], ids)
    ledger.move(session, _lease_movements(leased), now=now)
    return leased


def to_check(session: Session, limit: int) -> list[Work]:
    """Return received transactions, oldest first."""
    return [work_of(row) for row in _TO_CHECK.rows(session, most=limit)]


def to_inquire(session: Session, *, targets: Sequence[str], now: datetime, limit: int) -> list[Work]:
    """Return what may be booked in one of the targets and is to be asked about now."""
    return [work_of(row) for row in _TO_INQUIRE.rows(session, targets=targets, now=now, most=limit)]


def to_reap(session: Session, *, now: datetime, limit: int) -> list[Work]:
    """Return what is in flight under a lease that has run out, or that an ended process held."""
    return [work_of(row) for row in _TO_REAP.rows(session, now=now, most=limit)]


def to_reverse(session: Session, *, now: datetime, until: datetime, limit: int) -> list[Work]:
    """Return posted transactions whose posting is to be taken back, and keep other workers from them for a while."""
    works = [work_of(row) for row in _TO_REVERSE.rows(session, now=now, most=limit)]
    want_reversal(session, [work.id for work in works], now=until)
    return works


def ask_again(session: Session, questions: Sequence[Question]) -> None:
    """Say when the target is asked next about what may be booked, unless it has moved on."""
    if questions:
        _ASK_AGAIN.run(session, batch=[_asked(one) for one in questions])


def give_up_questions(session: Session, owners: Sequence[int], *, now: datetime) -> int:
    """Let others ask at once what processes that are gone were about to ask; return how much it was."""
    return _GIVE_UP_QUESTIONS.run(session, owners=owners, now=now)


def send_now(session: Session, seen: Seen, *, now: datetime) -> bool:
    """Bring forward what waits for another try, and with it what was planned; return whether it still waited."""
    return _SEND_NOW.run(session, number=seen.id, seen=seen.fence, now=now) == 1


def _asked(one: Question) -> tuple[int, int, datetime | None, int, int | None]:  # of _QUESTION
    return one.seen.id, one.seen.fence, one.at, one.absent_count, one.owner


def _picking(condition: ColumnElement[bool], *order: ColumnElement[Any]) -> Prepared:
    query = core_select(*WORK_COLUMNS).where(condition).order_by(*order)
    return Prepared(query.limit(bindparam("most")).with_for_update(skip_locked=True))


_NOW: Final = bindparam("now", type_=TRANSACTION.c.updated_at.type)
_ENDED: Final = core_select(_INCARNATION.c.id).where(_INCARNATION.c.ended_at.is_not(None))
_TO_CHECK: Final = _picking(_RECEIVED, TRANSACTION.c.id)
_TO_INQUIRE: Final = _picking(
    _UNCLEAR & (TRANSACTION.c.inquire_at <= _NOW) & among(TRANSACTION.c.target, "targets"), TRANSACTION.c.inquire_at
)
_TO_REAP: Final = _picking(
    _IN_FLIGHT & or_(TRANSACTION.c.lease_until <= _NOW, TRANSACTION.c.lease_owner.in_(_ENDED)),
    TRANSACTION.c.lease_until,
)
_TO_REVERSE: Final = _picking(
    _REVERSIBLE & (TRANSACTION.c.reversal_wanted_at <= _NOW), TRANSACTION.c.reversal_wanted_at
)
_IS_AS_SEEN: Final = (TRANSACTION.c.id == bindparam("number")) & (TRANSACTION.c.fence == bindparam("seen"))
_QUESTION: Final = given(
    "batch", {name: TRANSACTION.c[name].type for name in ("id", "fence", "inquire_at", "absent_count", "lease_owner")}
)
_ASK_AGAIN: Final = Prepared(
    update(TRANSACTION)
    .where(TRANSACTION.c.id == _QUESTION.c.id, TRANSACTION.c.fence == _QUESTION.c.fence, _UNCLEAR)
    .values({name: _QUESTION.c[name] for name in ("inquire_at", "absent_count", "lease_owner")})
)
_GIVE_UP_QUESTIONS: Final = Prepared(
    update(TRANSACTION)
    .where(_UNCLEAR, TRANSACTION.c.inquire_at > _NOW, among(TRANSACTION.c.lease_owner, "owners"))
    .values(inquire_at=_NOW)
)
_SEND_NOW: Final = Prepared(
    update(TRANSACTION)
    .where(_IS_AS_SEEN, TRANSACTION.c.state == State.READY.value, TRANSACTION.c.priority_at > _NOW)
    .values(priority_at=_NOW, revision=TRANSACTION.c.revision + 1, updated_at=_NOW)
)


_WAITS: Final = (_LEASABLE, TRANSACTION.c.target == bindparam("to"))
_OWNER: Final = bindparam("owner", type_=BIG)
_IS_ALIVE: Final = ~exists().where(_INCARNATION.c.id == _OWNER, _INCARNATION.c.ended_at.is_not(None))
_URGENT: Final = 1000


def _may_leave(one: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for a transaction that waits: its time has come, and nobody wants it back."""
    return (
        one.c.priority_at <= _NOW,
        one.c.recalled_at.is_(None),
        one.c.reversal_wanted_at.is_(None),
        among(one.c.flow, "flows"),
        _IS_ALIVE,
    )


_SOONEST: Final = (
    core_select(
        *(TRANSACTION.c[one] for one in ("id", "due_at", "priority_at", "recalled_at", "reversal_wanted_at", "flow"))
    )
    .where(*_WAITS)
    .order_by(TRANSACTION.c.due_at, TRANSACTION.c.id)
    .limit(_URGENT)
    .cte("soonest")
)


def _first(one: FromClause, by: str, *which: ColumnElement[bool]) -> Select[Any]:
    return core_select(one.c.id).where(*which).order_by(one.c[by], one.c.id).limit(bindparam("most"))


def _leasing(chosen: Select[Any]) -> Update:
    due = chosen.with_for_update(skip_locked=True, of=TRANSACTION).cte("due")  # once: a subquery may be asked per row
    return (
        update(TRANSACTION)
        .where(TRANSACTION.c.id.in_(core_select(due.c.id)))
        .values(
            state=State.IN_FLIGHT.value,
            lease_owner=_OWNER,
            lease_until=bindparam("until"),
            fence=TRANSACTION.c.fence + 1,
            revision=TRANSACTION.c.revision + 1,
            attempt_count=TRANSACTION.c.attempt_count + 1,
            first_attempt_at=func.coalesce(TRANSACTION.c.first_attempt_at, _NOW),
            last_sent_at=_NOW,
            updated_at=_NOW,
        )
        .returning(*WORK_COLUMNS)
    )


_LEASE: Final = Prepared(_leasing(_first(TRANSACTION, "priority_at", *_WAITS, *_may_leave(TRANSACTION))))
_LEASE_URGENT: Final = Prepared(
    _leasing(_first(_SOONEST, "due_at", *_may_leave(_SOONEST))),
    postgresql=_leasing(  # which looks them up by their ids one after the other, and locks as many as it takes
        _first(
            _SOONEST,
            "due_at",
            TRANSACTION.c.id == _SOONEST.c.id,
            TRANSACTION.c.state == State.READY.value,
            *_may_leave(TRANSACTION),
        )
    ),
)


def _lease_entry(work: Work, owner: int, now: datetime) -> lineage.Entry:
    return lineage.Entry(
        transaction_id=work.id,
        legal_entity_id=work.seen.legal_entity_id,
        flow=work.seen.flow,
        kind=lineage.Kind.TRANSITION,
        at=now,
        by=By.LEASE.value,
        name="lease",
        from_state=State.READY.value,
        to_state=State.IN_FLIGHT.value,
        reason=work.seen.reason.value,
        fence=work.seen.fence,
        facts={"attempt": work.attempt_count, "owner": owner, "reference": work.business_reference},
    )


def _lease_movements(leased: Sequence[Work]) -> Iterator[Movement]:
    lines: dict[LedgerKey, list[Amounts]] = defaultdict(list)
    for work in leased:
        lines[key_of(work.seen)].append(amounts_of(work.seen.amount_minor, work.seen.group_minor))
    for line, amounts in lines.items():
        weight = total(amounts)
        yield line._replace(state=State.READY.value), -weight
        yield line, weight
