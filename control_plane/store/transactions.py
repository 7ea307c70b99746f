"""Transactions: born and looked up here. What the engine picks from them next stands in `queue`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Table, bindparam, literal_column, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.domain.ledger import Movement, amounts_of
from control_plane.domain.machine import By, is_final
from control_plane.domain.transaction import OPEN, TRANSITIONS, Reason, Seen, State
from control_plane.domain.verdict import Candidate
from control_plane.runtime import Ids
from control_plane.store import ledger, lineage
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared, Row, among, given
from control_plane.store.statements import dialect_of, insert_many, table_of
from control_plane.store.tables import LookUpRow, TransactionRow
from control_plane.store.transitions import TRANSACTION, key_of

LOOK_UP: Final[Table] = table_of(LookUpRow)

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


class Work(NamedTuple):
    """A transaction as the engine picked it up: what was seen, and what the next act needs."""

    seen: Seen
    connection: str
    target: str
    source_system: str
    source_id: str
    source_document_id: str
    document_number: str
    counterparty: str
    """Whom the document pays, or who submitted it."""
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


_SEEN_COLUMNS: Final = tuple(TRANSACTION.c[name] for name in Seen._fields)
WORK_COLUMNS: Final = (*_SEEN_COLUMNS, *(TRANSACTION.c[name] for name in Work._fields[1:]))
"""What `work_of` reads."""


_WORK: Final = core_select(*WORK_COLUMNS)
_IS_NAMED: Final = among(TRANSACTION.c.id, "ids")
_BY_IDS: Final = Prepared(_WORK.where(_IS_NAMED).order_by(TRANSACTION.c.id))
_RECALLED: Final = Prepared(_WORK.where(_IS_NAMED, TRANSACTION.c.recalled_at.is_not(None)))
_STANDING: Final = Prepared(
    _WORK.where(TRANSACTION.c.state == bindparam("state"), _IS_NAMED).order_by(TRANSACTION.c.id).with_for_update()
)
_LOCK: Final = Prepared(core_select(TRANSACTION.c.id).where(_IS_NAMED).order_by(TRANSACTION.c.id).with_for_update())
_VERSIONS: Final = Prepared(
    _WORK.join(LOOK_UP, LOOK_UP.c.transaction_id == TRANSACTION.c.id)
    .where(TRANSACTION.c.flow == bindparam("flow"), among(LOOK_UP.c.source_id, "source_ids"))
    .order_by(TRANSACTION.c.id)
)
_HEADS: Final = Prepared(
    core_select(TRANSACTION.c.order_key).where(among(TRANSACTION.c.order_key, "keys"), _OPEN).distinct()
)
_PAY: Final = Prepared(
    update(TRANSACTION).where(_IS_NAMED).values(payment_status=bindparam("status"), revision=TRANSACTION.c.revision + 1)
)
_RECALL: Final = Prepared(
    update(TRANSACTION)
    .where(_IS_NAMED, TRANSACTION.c.state.not_in([state.value for state in State if is_final(TRANSITIONS, state)]))
    .values(recalled_at=bindparam("now"), revision=TRANSACTION.c.revision + 1, updated_at=bindparam("now"))
)
_REVERSE: Final = Prepared(update(TRANSACTION).where(_IS_NAMED).values(reversal_wanted_at=bindparam("now")))


def _seeking_alike() -> Prepared:
    amount = given("amounts", {name: TRANSACTION.c[name].type for name in ("flow", "currency", "amount_minor")})
    gone = (State.CANCELLED.value, State.SUPERSEDED.value, State.DUPLICATE.value)
    return Prepared(
        core_select(*_CANDIDATE_COLUMNS)
        .where(
            LOOK_UP.c.currency == amount.c.currency,
            LOOK_UP.c.amount_minor == amount.c.amount_minor,
            TRANSACTION.c.id == LOOK_UP.c.transaction_id,
            TRANSACTION.c.flow == amount.c.flow,
            TRANSACTION.c.state.not_in(gone),
            TRANSACTION.c.content_hash != "",  # what could not be read repeats nothing
        )
        .order_by(TRANSACTION.c.id.desc())
        .limit(MOST_ALIKE)
    )


_ALIKE: Final = _seeking_alike()


class Birth(NamedTuple):
    """A new transaction: its row, who bore it and what the story tells of its receipt."""

    row: Mapping[str, Any]  # column values without is_head, revision and fence
    facts: Mapping[str, Any] = {}  # JSON values


def bear(session: Session, births: Sequence[Birth], ids: Ids, *, now: datetime) -> None:
    """Insert transactions: received into the ledger, and head of their order key where nothing is before them."""
    if not births:
        return
    rows = [{**_DEFAULTS, **birth.row} for birth in births]
    heads = _heads(session, [row["order_key"] for row in rows])
    for row in rows:
        row["is_open"] = State(row["state"]) in OPEN
        row["is_head"] = row["is_open"] and row["order_key"] not in heads
        if row["is_open"]:
            heads.add(row["order_key"])
    insert_many(session, TransactionRow, rows)
    insert_many(session, LookUpRow, [_look_up(row) for row in rows])
    lineage.tell(session, [_receipt(birth, now) for birth in births], ids)
    ledger.move(session, [_arrival(birth.row) for birth in births], now=now)


def recalled(session: Session, transaction_ids: Sequence[int]) -> list[Work]:
    """Return those of the transactions that their source took back while their answer was not known."""
    return _works(_RECALLED.rows(session, ids=transaction_ids)) if transaction_ids else []


def standing(session: Session, state: State, transaction_ids: Sequence[int]) -> list[Work]:
    """Return those of the transactions in a state, oldest first; one that another unit of work holds is waited for."""
    return _works(_STANDING.rows(session, state=state.value, ids=transaction_ids)) if transaction_ids else []


def by_ids(session: Session, wanted: Sequence[int]) -> list[Work]:
    """Return the transactions, oldest first."""
    return _works(_BY_IDS.rows(session, ids=wanted)) if wanted else []


def versions_of(session: Session, flow: str, objects: Sequence[tuple[str, str]]) -> list[Work]:
    """Return every version of the business objects (source system, source id), oldest first."""
    if not objects:
        return []
    wanted = set(objects)
    found = _works(_VERSIONS.rows(session, flow=flow, source_ids=sorted({source_id for _, source_id in wanted})))
    return [work for work in found if (work.source_system, work.source_id) in wanted]


def of_same_amount(session: Session, works: Sequence[Work]) -> list[Candidate]:
    """Return the newest standing documents of the same flows over the same amounts, those over nothing left out."""
    amounts = {(work.seen.flow, work.seen.currency, work.seen.amount_minor) for work in works if work.seen.amount_minor}
    return [_candidate_of(row) for row in _ALIKE.rows(session, amounts=sorted(amounts))] if amounts else []


def _candidate_of(row: Row) -> Candidate:  # of _CANDIDATE_COLUMNS
    *told, marks = row
    return Candidate(*told, *(frozenset(marks.get(kind, ())) for kind in ("merchants", "receipts")))


def set_payment_status(session: Session, transaction_ids: Sequence[int], status: str) -> None:
    """Note what became of the money of posted transactions; their place stays."""
    if transaction_ids:
        _PAY.run(session, ids=transaction_ids, status=status)


def mark_recalled(session: Session, transaction_ids: Sequence[int], *, now: datetime) -> None:
    """Keep the recall of documents, whatever has become of them meanwhile."""
    if transaction_ids:
        _lock_in_order(session, transaction_ids)
        _RECALL.run(session, ids=transaction_ids, now=now)


def want_reversal(session: Session, transaction_ids: Sequence[int], *, now: datetime | None) -> None:
    """Say from when on postings are to be taken back; None: no longer."""
    if transaction_ids:
        _lock_in_order(session, transaction_ids)
        _REVERSE.run(session, ids=transaction_ids, now=now)


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


_LOOKED_UP: Final = tuple(name for name in LookUpRow.model_fields if name in TransactionRow.model_fields)


def _lock_in_order(session: Session, transaction_ids: Sequence[int]) -> None:
    """Lock several rows the oldest first: two who do so never wait for each other."""
    if len(transaction_ids) > 1 and dialect_of(session) != "sqlite":
        _LOCK.rows(session, ids=transaction_ids)


def work_of(row: Sequence[Any]) -> Work:  # of WORK_COLUMNS
    """Return a row as the engine picked it up."""
    number, state, reason, *seen = row[: len(_SEEN_COLUMNS)]
    return Work(Seen(number, State(state), Reason(reason), *seen), *row[len(_SEEN_COLUMNS) :])


def _works(rows: Sequence[Row]) -> list[Work]:
    return [work_of(row) for row in rows]


def _heads(session: Session, order_keys: Sequence[str]) -> set[str]:
    keys = set(order_keys)
    advisory_lock(session, keys)
    return set(_HEADS.scalars(session, keys=sorted(keys)))


def _look_up(row: Mapping[str, Any]) -> dict[str, Any]:  # column values
    return {"transaction_id": row["id"]} | {name: row[name] for name in _LOOKED_UP}


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
