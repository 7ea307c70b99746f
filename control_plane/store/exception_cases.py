"""Exceptions: opened for failures, moved by people through compare-and-set, resolved by evidence only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Table, bindparam, literal_column, update
from sqlalchemy import select as select_columns
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from connectors.canonical.money import Money
from connectors.failures import Failure, remedy_of, sentence_of
from control_plane.domain.case_ends import CLOSES_AFTER, regress, resolve
from control_plane.domain.cause import cause_of, record_of
from control_plane.domain.exception_case import (
    SETTLED,
    CaseFacts,
    CaseState,
    fail_again,
    moved,
    release,
)
from control_plane.domain.machine import By
from control_plane.runtime import Ids
from control_plane.store import approvals
from control_plane.store.prepared import Prepared, Row, among
from control_plane.store.statements import count_of, insert_many, table_of
from control_plane.store.tables import UNRESOLVED, ExceptionCaseRow

_CASE: Final[Table] = table_of(ExceptionCaseRow)
IS_LIVE: Final[ColumnElement[bool]] = literal_column(
    "exception_case.state NOT IN ('resolved', 'closed', 'cancelled', 'merged')"
)
"""As the indexes say it: SQLite recognizes no other form."""
WAITING: Final = frozenset({CaseState.NEW, CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.DEFERRED})
"""States in which somebody is to do something."""
_LASTING: Final = frozenset({*CaseState} - SETTLED | {CaseState.MERGED})
"""States in which the document's end still matters to an exception."""

BY_HAND: Final = "a hand-over"
"""What chose the team where a person did: no rule takes it away again."""

Step = Callable[[CaseFacts], CaseFacts]
"""What becomes of an exception."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure that a person must look after, with the document (or the connection) that it stopped."""

    failure: Failure
    flow: str = ""
    step: str = ""
    legal_entity_id: str = UNRESOLVED
    transaction_id: int | None = None
    connection: str = ""
    """Names the exception where no document does: one per connection and code."""
    document: Mapping[str, str] = field(default_factory=dict)
    """What sentence and remedy may say: `document`, `target`, `source`; amount and entity are known."""
    currency: str = "XXX"
    amount_minor: int = 0
    group_minor: int | None = None
    due_at: datetime | None = None
    team: str = ""
    """Empty: the owner that the catalog names."""
    routed_by: str = ""
    """The rule that chose the team."""
    routing_version: int = 0
    """The version of the rules that were asked."""
    business_owner: str = ""
    """Who answers for the document at its source."""


def open_for(session: Session, ids: Ids, troubles: Sequence[Trouble], *, now: datetime) -> list[int]:
    """Open an exception for every trouble and return their ids, in order.

    A document has one at a time: one that lives, or is told in another one, is brought up to date, and counts an
    attempt if it was being retried; one that was resolved comes back as new; after one that is closed a new one is
    opened and linked.
    """
    former = _former(session, troubles)
    lasting = {key: row for key, row in former.items() if row.state not in _ENDED}
    opened = {_key(trouble): trouble for trouble in troubles}
    fresh = [key for key in opened if key not in lasting]
    numbers = {key: lasting[key].id for key in opened if key in lasting}
    numbers |= dict(zip(fresh, ids.draw_many(len(fresh)), strict=True))
    insert_many(session, ExceptionCaseRow, [_born(numbers[key], opened[key], former.get(key), now) for key in fresh])
    changes = [_reopened(lasting[key], opened[key], now) for key in opened if key in lasting]
    _write(session, [change for change in changes if change is not None])
    return [numbers[_key(trouble)] for trouble in troubles]


def release_for(session: Session, transaction_ids: Sequence[int], *, now: datetime) -> None:
    """Let the exceptions of documents whose hold has gone wait for evidence."""
    rows = _of_documents(session, transaction_ids, WAITING)
    _write(session, [_update(row, release(case_of(row)), now) for row in rows])


def resolve_for(session: Session, evidence: Mapping[int, str], *, now: datetime) -> None:
    """Resolve the exceptions of transactions, each by its evidence: a posting number, a withdrawn version."""
    rows = _of_documents(session, list(evidence), _LASTING)
    proved = [(row, _proved(case_of(row), evidence[row.transaction_id])) for row in rows if row.transaction_id]
    undecided = [row.id for row in rows if row.state == CaseState.PENDING_APPROVAL.value]
    if undecided:
        approvals.outdate(session, "exception", undecided, now=now)
    _write(session, [_update(row, after, now) for row, after in proved])


def resolve_connection(session: Session, connection: str, evidence: str, *, now: datetime) -> None:
    """Resolve the live exceptions of a connection itself."""
    is_its_own = col(ExceptionCaseRow.transaction_id).is_(None) & (col(ExceptionCaseRow.connection) == connection)
    move(session, is_its_own & IS_LIVE, lambda case: _proved(case, evidence), now=now)


def move(session: Session, which: ColumnElement[bool], step: Step, *, now: datetime) -> list[ExceptionCaseRow]:
    """Let all these exceptions take a step, and return them as they were before."""
    rows = _locked(session, which)
    _write(session, [_update(row, step(case_of(row)), now) for row in rows])
    return rows


def change(session: Session, seen: ExceptionCaseRow, after: CaseFacts, *, now: datetime) -> bool:
    """Write what a person decided about the exception that they saw; return False if it has changed since."""
    statement = (
        update(_CASE)
        .where(_CASE.c.id == seen.id, _CASE.c.revision == seen.revision)
        .values({name: value for name, value in _update(seen, after, now).items() if name != "key"})
    )
    return count_of(session, statement) == 1


def prolong(session: Session, seen: ExceptionCaseRow, claim_expires_at: datetime | None) -> bool:
    """Prolong the claim on the exception that a person saw; what they saw stays true, so its revision stays."""
    statement = (
        update(_CASE)
        .where(_CASE.c.id == seen.id, _CASE.c.revision == seen.revision)
        .values(claim_expires_at=claim_expires_at)
    )
    return count_of(session, statement) == 1


def follow(session: Session, transaction_id: int, values: Mapping[str, Any]) -> None:  # column values
    """Let a document's live exception go along with its corrected version, under what that is worth."""
    is_its = (_CASE.c.transaction_id == transaction_id) & IS_LIVE
    session.connection().execute(update(_CASE).where(is_its).values(values))


def row_of(session: Session, case_id: int) -> ExceptionCaseRow | None:
    """Return the whole row, to be read and shown."""
    return session.exec(select(ExceptionCaseRow).where(col(ExceptionCaseRow.id) == case_id)).first()


def case_of(row: ExceptionCaseRow) -> CaseFacts:
    """Return a row as the state machine knows it."""
    return CaseFacts(state=CaseState(row.state), **{name: getattr(row, name) for name in _FACTS})


_FACTS: Final = tuple(field.name for field in fields(CaseFacts) if field.name != "state")
_ROUTE: Final = ("team", "routed_by", "routing_version")
_ENDED: Final = frozenset({CaseState.CLOSED, CaseState.CANCELLED})


_Key = tuple[int | None, str, str]


def _key(trouble: Trouble) -> _Key:
    if trouble.transaction_id is not None:
        return trouble.transaction_id, "", ""
    return None, trouble.connection, trouble.failure.code


def _key_of_row(row: ExceptionCaseRow) -> _Key:
    return (row.transaction_id, "", "") if row.transaction_id is not None else (None, row.connection, row.code)


def _former(session: Session, troubles: Sequence[Trouble]) -> dict[_Key, ExceptionCaseRow]:
    """Return the exception of each trouble that was opened last; of a connection only one that lives."""
    numbers = [trouble.transaction_id for trouble in troubles if trouble.transaction_id is not None]
    connections = [trouble.connection for trouble in troubles if trouble.transaction_id is None]
    of_documents = _of_documents(session, numbers, CaseState) if numbers else []
    of_connections = _rows(_OF_CONNECTIONS.rows(session, connections=connections)) if connections else []
    ranked = sorted([*of_documents, *of_connections], key=lambda row: (row.state not in _ENDED, row.id))
    return {_key_of_row(row): row for row in ranked}


def _reopened(row: ExceptionCaseRow, trouble: Trouble, now: datetime) -> dict[str, Any] | None:  # column values
    before = case_of(row)
    match before.state:
        case CaseState.RETRYING:
            after = fail_again(before)
        case CaseState.RESOLVED:
            after = regress(before)
        case _:
            after = before
    told = _told(trouble)
    if row.code == trouble.failure.code:  # it may have been handed over meanwhile
        told |= {name: getattr(row, name) for name in _ROUTE}
    if after == before and all(getattr(row, name) == value for name, value in told.items()):
        return None
    return _update(row, after, now) | told


def _proved(case: CaseFacts, evidence: str) -> CaseFacts:
    match case.state:
        case CaseState.RETRYING:
            return resolve(case, evidence)
        case CaseState.PENDING_APPROVAL:  # what was to be approved is no longer needed
            return moved(case, CaseState.CANCELLED, By.SYSTEM)
        case _:
            return resolve(release(case), evidence)


def _locked(session: Session, which: ColumnElement[bool]) -> list[ExceptionCaseRow]:
    query = select(ExceptionCaseRow).where(which).order_by(col(ExceptionCaseRow.id)).with_for_update()
    return list(session.exec(query.execution_options(populate_existing=True)).all())


def _of_documents(
    session: Session, transaction_ids: Sequence[int], states: Iterable[CaseState]
) -> list[ExceptionCaseRow]:
    return _rows(_OF_DOCUMENTS.rows(session, ids=transaction_ids, states=[state.value for state in states]))


def _rows(found: Sequence[Row]) -> list[ExceptionCaseRow]:
    return [ExceptionCaseRow.model_construct(**dict(zip(_CASE.c.keys(), row, strict=True))) for row in found]


_OF_DOCUMENTS: Final = Prepared(
    select_columns(_CASE)
    .where(among(_CASE.c.transaction_id, "ids"), among(_CASE.c.state, "states"))
    .order_by(_CASE.c.id)
    .with_for_update()
)
_OF_CONNECTIONS: Final = Prepared(
    select_columns(_CASE)
    .where(_CASE.c.transaction_id.is_(None), among(_CASE.c.connection, "connections"), IS_LIVE)
    .order_by(_CASE.c.id)
    .with_for_update()
)


def _update(row: ExceptionCaseRow, after: CaseFacts, now: datetime) -> dict[str, Any]:  # column values
    is_resolved = after.state is CaseState.RESOLVED
    return {
        "key": row.id,
        **{name: getattr(after, name) for name in _FACTS if name != "id"},
        "state": after.state.value,
        "resolved_at": now if is_resolved else (row.resolved_at if after.state is CaseState.CLOSED else None),
        "closes_at": now + CLOSES_AFTER if is_resolved else None,
        "updated_at": now,
        "revision": row.revision + 1,
        **({} if after.team == row.team else {"routed_by": BY_HAND, "routing_version": None}),
    }


def _write(session: Session, changes: Sequence[Mapping[str, Any]]) -> None:  # column values
    for names in {frozenset(values) for values in changes}:
        alike = [dict(values) for values in changes if frozenset(values) == names]
        _writing(names).each(session, [_bound(values) for values in alike])


@cache
def _writing(names: frozenset[str]) -> Prepared:
    sets = {name: bindparam(f"set_{name}", type_=_CASE.c[name].type) for name in names - {"key"}}
    return Prepared(update(_CASE).where(_CASE.c.id == bindparam("key")).values(sets))


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:  # column values
    return {name if name == "key" else f"set_{name}": value for name, value in values.items()}


def _told(trouble: Trouble) -> dict[str, Any]:  # column values
    failure = trouble.failure
    known = {
        "amount": str(Money(trouble.amount_minor, trouble.currency)),
        "entity": trouble.legal_entity_id,
        "target": trouble.connection,
        **trouble.document,
    }
    cause, record = cause_of(trouble.flow, trouble.step, failure), record_of(failure)
    return {
        "flow": trouble.flow,
        "legal_entity_id": trouble.legal_entity_id,
        "code": failure.code,
        "kind": failure.kind.value,
        "step": trouble.step,
        "field_path": failure.field_path,
        "sentence": sentence_of(failure, known),
        "remedy": remedy_of(failure, known),
        "values": dict(failure.values),
        "fingerprint": cause.fingerprint,
        "record_domain": record.domain,
        "record_code": record.code,
        "team": trouble.team or failure.entry.owner.value,
        "routed_by": trouble.routed_by,
        "routing_version": trouble.routing_version,
        "business_owner": trouble.business_owner,
        "currency": trouble.currency,
        "amount_minor": trouble.amount_minor,
        "group_minor": trouble.group_minor,
        "due_at": trouble.due_at,
    }


def _born(number: int, trouble: Trouble, former: ExceptionCaseRow | None, now: datetime) -> dict[str, Any]:
    """Return the column values of a new exception."""
    return {
        **asdict(CaseFacts(number, CaseState.NEW)),
        "state": CaseState.NEW.value,
        "transaction_id": trouble.transaction_id,
        "former_id": None if former is None else former.id,
        "connection": trouble.connection,
        "opened_at": now,
        "updated_at": now,
        "resolved_at": None,
        "closes_at": None,
        "revision": 1,
        **_told(trouble),
    }
