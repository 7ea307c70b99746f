"""Transactions: born and looked up here. What the engine picks from them next stands in `queue`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, literal_column, tuple_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.domain.ledger import Movement, amounts_of
from control_plane.domain.machine import By, is_final
from control_plane.domain.transaction import OPEN, TRANSITIONS, Reason, Seen, State
from control_plane.domain.verdict import Candidate
from control_plane.runtime import Ids
from control_plane.store import ledger, lineage
from control_plane.store.database import advisory_lock
from control_plane.store.statements import insert_many
from control_plane.store.tables import TransactionRow
from control_plane.store.transitions import TRANSACTION, key_of

# As the partial indexes say it: SQLite uses them for no other form, not even for `is_open = 1`, a Boolean's.
_OPEN: Final[ColumnElement[bool]] = literal_column("is_open")

MOST_ALIKE: Final = 2000
"""Documents of the same amounts that a batch is compared with."""

_CANDIDATE_COLUMNS: Final = (  # under the names of Candidate's fields
    TRANSACTION.c.id.label("transaction_id"),
    TRANSACTION.c.source_id,
    TRANSACTION.c.document_number,
    TRANSACTION.c.counterparty.label("employee_ref"),
    TRANSACTION.c.amount_minor,
    TRANSACTION.c.currency,
    TRANSACTION.c.document_date,
    TRANSACTION.c.content_hash,
    TRANSACTION.c.marks,
)


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction as the engine picked it up: what was seen, and what the next act needs."""

    seen: Seen
    connection: str
    target: str
    source_system: str
    source_id: str
    source_document_id: str
    document_number: str
    business_reference: str
    version: int
    payload_id: int
    intents_payload_id: int | None
    linked_id: int | None
    supersedes_id: int | None
    attempt_count: int
    first_attempt_at: datetime | None
    last_sent_at: datetime | None
    absent_count: int
    received_at: datetime
    approved_at: datetime | None
    recalled_at: datetime | None
    due_at: datetime | None
    trace_context: str
    overrides: str
    is_head: bool

    @property
    def id(self) -> int:
        """Return the transaction's id."""
        return self.seen.id

    @property
    def name(self) -> str:
        """Return what a person calls the document."""
        return self.document_number or self.source_id


_SEEN_COLUMNS: Final = tuple(TRANSACTION.c[one.name] for one in fields(Seen))
WORK_COLUMNS: Final = (*_SEEN_COLUMNS, *(TRANSACTION.c[one.name] for one in fields(Work)[1:]))
"""What `work_of` reads."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A new transaction: its row, who bore it and what the story tells of its receipt."""

    row: Mapping[str, Any]  # column values without is_head, revision and fence
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON values


def bear(session: Session, births: Sequence[Birth], ids: Ids, *, now: datetime) -> None:
    """Insert transactions: received into the ledger, and head of their order key where nothing is before them."""
    if not births:
        return
    rows = [dict(birth.row) for birth in births]
    heads = _heads(session, [row["order_key"] for row in rows])
    for row in rows:
        row["is_open"] = State(row["state"]) in OPEN
        row["is_head"] = row["is_open"] and row["order_key"] not in heads
        if row["is_open"]:
            heads.add(row["order_key"])
    insert_many(session, TransactionRow, [_DEFAULTS | row for row in rows])
    lineage.tell(session, [_receipt(birth, now) for birth in births], ids)
    ledger.move(session, [_arrival(birth.row) for birth in births], now=now)


def recalled(session: Session, transaction_ids: Sequence[int]) -> list[Work]:
    """Return those of the transactions that their source took back while their answer was not known."""
    if not transaction_ids:
        return []
    query = core_select(*WORK_COLUMNS).where(
        TRANSACTION.c.id.in_(transaction_ids), TRANSACTION.c.recalled_at.is_not(None)
    )
    return [work_of(row) for row in session.connection().execute(query)]


def held(session: Session, transaction_ids: Sequence[int]) -> list[Work]:
    """Return those of the transactions that are on hold, oldest first; one that another unit holds is waited for."""
    on_hold = (TRANSACTION.c.state == State.ON_HOLD.value) & TRANSACTION.c.id.in_(transaction_ids)
    query = core_select(*WORK_COLUMNS).where(on_hold).order_by(TRANSACTION.c.id).with_for_update()
    return [work_of(row) for row in session.connection().execute(query)]


def by_ids(session: Session, wanted: Sequence[int]) -> list[Work]:
    """Return the transactions, oldest first."""
    if not wanted:
        return []
    query = core_select(*WORK_COLUMNS).where(TRANSACTION.c.id.in_(wanted)).order_by(TRANSACTION.c.id)
    return [work_of(row) for row in session.connection().execute(query)]


def versions_of(session: Session, flow: str, objects: Sequence[tuple[str, str]]) -> list[Work]:
    """Return every version of the business objects (source system, source id), oldest first."""
    source_ids = sorted({source_id for _, source_id in objects})
    query = (
        core_select(*WORK_COLUMNS)
        .where(TRANSACTION.c.flow == flow, TRANSACTION.c.source_id.in_(source_ids))
        .order_by(TRANSACTION.c.id)
    )
    wanted = set(objects)
    found = (work_of(row) for row in session.connection().execute(query))
    return [work for work in found if (work.source_system, work.source_id) in wanted]


def of_same_amount(session: Session, works: Sequence[Work]) -> list[Candidate]:
    """Return the newest standing documents of the same flows over the same amounts, those over nothing left out."""
    amounts = sorted({(work.seen.flow, work.seen.currency, work.seen.amount_minor) for work in works})
    columns = tuple_(TRANSACTION.c.flow, TRANSACTION.c.currency, TRANSACTION.c.amount_minor)
    query = (
        core_select(*_CANDIDATE_COLUMNS)
        .where(
            columns.in_([amount for amount in amounts if amount[2]]),
            TRANSACTION.c.state.not_in([State.CANCELLED.value, State.SUPERSEDED.value, State.DUPLICATE.value]),
            TRANSACTION.c.content_hash != "",  # what could not be read repeats nothing
        )
        .order_by(TRANSACTION.c.id.desc())
        .limit(MOST_ALIKE)
    )
    return [_candidate_of(row) for row in session.connection().execute(query)]


def _candidate_of(row: Any) -> Candidate:  # a row of _CANDIDATE_COLUMNS
    columns = dict(row._mapping)  # noqa: SLF001  (public, in spite of its name)
    marks = columns.pop("marks")
    return Candidate(**columns | {kind: frozenset(marks.get(kind, ())) for kind in ("merchants", "receipts")})


def set_payment_status(session: Session, transaction_ids: Sequence[int], status: str) -> None:
    """Note what became of the money of posted transactions; their place stays."""
    if not transaction_ids:
        return
    session.connection().execute(
        update(TRANSACTION)
        .where(TRANSACTION.c.id.in_(transaction_ids))
        .values(payment_status=status, revision=TRANSACTION.c.revision + 1)
    )


def mark_recalled(session: Session, transaction_ids: Sequence[int], *, now: datetime) -> None:
    """Keep the recall of documents, whatever has become of them meanwhile."""
    if not transaction_ids:
        return
    final = [state.value for state in State if is_final(TRANSITIONS, state)]
    _lock_in_order(session, transaction_ids)
    session.connection().execute(
        update(TRANSACTION)
        .where(TRANSACTION.c.id.in_(transaction_ids), TRANSACTION.c.state.not_in(final))
        .values(recalled_at=now, revision=TRANSACTION.c.revision + 1, updated_at=now)
    )


def want_reversal(session: Session, transaction_ids: Sequence[int], *, now: datetime | None) -> None:
    """Say from when on postings are to be taken back; None: no longer."""
    if not transaction_ids:
        return
    _lock_in_order(session, transaction_ids)
    session.connection().execute(
        update(TRANSACTION).where(TRANSACTION.c.id.in_(transaction_ids)).values(reversal_wanted_at=now)
    )


def row_of(session: Session, transaction_id: int) -> TransactionRow | None:
    """Return the whole row, to be read and shown."""
    return session.exec(select(TransactionRow).where(col(TransactionRow.id) == transaction_id)).first()


def seen_of(row: Any) -> Seen:  # a TransactionRow or a Core row with its columns
    """Return a row as its reader saw it."""
    return Seen(
        id=row.id,
        state=State(row.state),
        reason=Reason(row.reason),
        fence=row.fence,
        flow=row.flow,
        legal_entity_id=row.legal_entity_id,
        currency=row.currency,
        cohort=row.cohort,
        posting_period=row.posting_period,
        amount_minor=row.amount_minor,
        group_minor=row.group_minor,
    )


_DEFAULTS: Final[dict[str, Any]] = {  # column values
    name: field_info.get_default(call_default_factory=True)
    for name, field_info in TransactionRow.model_fields.items()
    if not field_info.is_required()
}


def _lock_in_order(session: Session, transaction_ids: Sequence[int]) -> None:
    """Lock several rows the oldest first: two who do so never wait for each other."""
    if len(transaction_ids) > 1:
        query = core_select(TRANSACTION.c.id).where(TRANSACTION.c.id.in_(transaction_ids))
        session.connection().execute(query.order_by(TRANSACTION.c.id).with_for_update())


def work_of(row: Any) -> Work:  # a Core row of WORK_COLUMNS
    """Return a row as the engine picked it up."""
    number, state, reason, *seen = row[: len(_SEEN_COLUMNS)]
    return Work(Seen(number, State(state), Reason(reason), *seen), *row[len(_SEEN_COLUMNS) :])


def _heads(session: Session, order_keys: Sequence[str]) -> set[str]:
    keys = set(order_keys)
    advisory_lock(session, keys)
    query = core_select(TRANSACTION.c.order_key).where(TRANSACTION.c.order_key.in_(keys), _OPEN).distinct()
    return {row.order_key for row in session.connection().execute(query)}


def _receipt(birth: Birth, now: datetime) -> lineage.Entry:
    row = birth.row
    return lineage.Entry(
        transaction_id=row["id"],
        legal_entity_id=row["legal_entity_id"],
        flow=row["flow"],
        kind=lineage.Kind.RECEIVED,
        at=now,
        by=By.SOURCE.value,
        name=row["connection"],
        to_state=row["state"],
        reason=row.get("reason", ""),
        facts=birth.facts,
        payload_id=row["payload_id"],
    )


def _arrival(row: Mapping[str, Any]) -> Movement:  # column values
    seen = Seen(
        id=row["id"],
        state=State(row["state"]),
        reason=Reason(row.get("reason", "")),
        fence=0,
        flow=row["flow"],
        legal_entity_id=row["legal_entity_id"],
        currency=row["currency"],
        cohort=row["cohort"],
        posting_period=row.get("posting_period", ""),
        amount_minor=row["amount_minor"],
        group_minor=row.get("group_minor"),
    )
    return key_of(seen), amounts_of(seen.amount_minor, seen.group_minor)
