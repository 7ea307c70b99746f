"""Bulk operations as they are read: what a set consists of, how far it is, and what it would meet."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, literal_column, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from connectors.canonical.master_data import Domain
from control_plane.domain.access import Scope
from control_plane.domain.bulk import UNDECIDED, BulkState, ItemState, Stand, Tally
from control_plane.domain.bulk_plan import Frozen, Item, Worth
from control_plane.domain.exception_case import CaseState
from control_plane.domain.transaction import PLACE_OF, Place, Reason, State
from control_plane.store import master_data
from control_plane.store.bulk import ITEM, OPERATION
from control_plane.store.exception_cases import IS_LIVE
from control_plane.store.queries.sums import equal, within
from control_plane.store.statements import table_of
from control_plane.store.tables import (
    BulkItemRow,
    BulkOperationRow,
    ExceptionCaseRow,
    HoldRow,
    MasterDataRow,
    PayloadRow,
)
from control_plane.store.transactions import LOOK_UP
from control_plane.store.transitions import TRANSACTION

_CASE: Final[Table] = table_of(ExceptionCaseRow)
_HOLD: Final[Table] = table_of(HoldRow)
_PAYLOAD: Final[Table] = table_of(PayloadRow)
_RECORD: Final[Table] = table_of(MasterDataRow)
_ARRIVED: Final = sorted(one.value for one in State if PLACE_OF[one] not in {Place.IN_PROGRESS, Place.BLOCKED})
_UNDECIDED: Final = sorted(state.value for state in UNDECIDED)
_WITHDRAWN: Final = sorted(state.value for state in State if PLACE_OF[state] is Place.WITHDRAWN)

_IS_HELD: Final[ColumnElement[bool]] = literal_column("bulk_item.is_held")
_ITEM_RUNS: Final[ColumnElement[bool]] = literal_column("bulk_item.state = 'running'")
"""As the indexes say it: SQLite recognizes no other form."""

RecordKey = tuple[str, str, str]
"""Domain, legal entity, code."""


@dataclass(frozen=True, slots=True)
class Fit:
    """On which exceptions an act can be done; empty: on all."""

    case_states: frozenset[CaseState]
    states: frozenset[State] = frozenset()
    reasons: frozenset[Reason] = frozenset()


def candidates(
    session: Session,
    scope: Scope,
    fit: Fit,
    filters: Mapping[str, str],
    *,
    fingerprints: Collection[str] = (),
    among: Collection[int] | None = None,
    cases: Collection[int] = (),
    limit: int,
) -> list[Item]:
    """Return the exceptions on which the act can be done, oldest first.

    `among` are transactions, `cases` exceptions: given these, only theirs.
    """
    query = (
        _items()
        .where(within(scope, _CASE.c.legal_entity_id), equal(_CASE, filters), IS_LIVE, *_fitting(fit))
        .order_by(_CASE.c.id)
        .limit(limit)
    )
    if fingerprints:
        query = query.where(_CASE.c.fingerprint.in_(sorted(fingerprints)))
    if among is not None:
        query = query.where(or_(_CASE.c.transaction_id.in_(sorted(among)), _CASE.c.id.in_(sorted(cases))))
    return [Item(*row) for row in session.connection().execute(query)]


def frozen(session: Session, operation_id: int) -> dict[int, Frozen]:
    """Return a frozen set by its exceptions."""
    columns = (ITEM.c.case_id, ITEM.c.document, ITEM.c.fence, ITEM.c.fingerprint)
    rows = session.connection().execute(select(*columns).where(ITEM.c.operation_id == operation_id))
    return {row.case_id: Frozen(row.document, row.fence, row.fingerprint) for row in rows}


def held_elsewhere(session: Session, operation_id: int) -> dict[int, list[str]]:
    """Return the documents that other operations are not done with, by operation."""
    mine = ITEM.alias("mine")
    query = (
        select(ITEM.c.operation_id, ITEM.c.document)
        .join(mine, mine.c.case_id == ITEM.c.case_id)
        .where(mine.c.operation_id == operation_id, ITEM.c.operation_id != operation_id, _IS_HELD)
        .order_by(ITEM.c.operation_id, ITEM.c.position)
    )
    found: dict[int, list[str]] = {}
    for row in session.connection().execute(query):
        found.setdefault(row.operation_id, []).append(row.document)
    return found


def counterparties(session: Session, operation_id: int) -> set[str]:
    """Return whom the documents of an operation pay."""
    query = select(TRANSACTION.c.counterparty).join(ITEM, ITEM.c.transaction_id == TRANSACTION.c.id).distinct()
    return set(session.connection().execute(query.where(ITEM.c.operation_id == operation_id)).scalars())


def tally(session: Session, operation_id: int, step: int | None = None) -> Tally:
    """Return how many items of an operation, or of one of its steps, stand where."""
    of_it = ITEM.c.operation_id == operation_id
    return _tallies(session, of_it if step is None else of_it & (ITEM.c.step == step)).get(operation_id, Tally())


def tallies(session: Session, operation_ids: Collection[int]) -> dict[int, Tally]:
    """Return the same for several operations."""
    return _tallies(session, ITEM.c.operation_id.in_(operation_ids))


def come_back(session: Session, operation_id: int) -> list[tuple[BulkItemRow, ExceptionCaseRow, Stand, int]]:
    """Return the running items that may have an outcome, with where they stand, and their documents' fences."""
    state = TRANSACTION.c.state
    has_news = or_(state.in_(_ARRIVED), col(ExceptionCaseRow.state).not_in(_UNDECIDED))
    joined = (
        select(BulkItemRow, ExceptionCaseRow, state, TRANSACTION.c.fence)
        .join(ExceptionCaseRow, col(ExceptionCaseRow.id) == col(BulkItemRow.case_id))
        .outerjoin(TRANSACTION, TRANSACTION.c.id == col(ExceptionCaseRow.transaction_id))  # a corrected one is another
        .where(col(BulkItemRow.operation_id) == operation_id, _ITEM_RUNS, has_news)
        .order_by(col(BulkItemRow.position))
        .execution_options(populate_existing=True)
    )
    return [
        (item, case, Stand(CaseState(case.state), State(at) if at else None, case.sentence, case.evidence), fence or 0)
        for item, case, at, fence in session.execute(joined)
    ]


def planned_before(
    session: Session,
    maker_id: int,
    act: str,
    fingerprints: Collection[str],
    *,
    since: datetime,
    beside: Collection[int],
) -> Worth:
    """Return what a person's other plans for the same act and causes are worth: lately planned, or not ended yet.

    `beside` are the exceptions of the plan that they are added to: they count once.
    """
    open_states = [state.value for state in BulkState if state not in {BulkState.FINISHED, BulkState.CANCELLED}]
    is_recent = or_(OPERATION.c.planned_at >= since, OPERATION.c.state.in_(open_states))
    never_ran = and_(
        OPERATION.c.state.in_([BulkState.CANCELLED.value, BulkState.REFUSED.value]), OPERATION.c.started_at.is_(None)
    )
    worth = (
        select(ITEM.c.case_id, func.max(func.abs(ITEM.c.group_minor)).label("group_minor"))
        .join(OPERATION, OPERATION.c.id == ITEM.c.operation_id)
        .where(OPERATION.c.maker_id == maker_id, OPERATION.c.act == act, is_recent, ~never_ran)
        .where(ITEM.c.fingerprint.in_(sorted(fingerprints)))
        .group_by(ITEM.c.case_id)
    )
    known = set(beside)
    others = [row for row in session.connection().execute(worth) if row.case_id not in known]
    return Worth(len(others), sum(row.group_minor or 0 for row in others))


def operations(  # a page has as many sides
    session: Session,
    scope: Scope,
    me: int,
    filters: Mapping[str, str],
    *,
    is_mine: bool | None,
    before: int | None,
    limit: int,
) -> list[BulkOperationRow]:
    """Return operations in reach, and one's own, newest first."""
    mine = col(BulkOperationRow.maker_id) == me
    conditions = [within(scope, OPERATION.c.legal_entity_id) | mine, equal(OPERATION, filters)]
    if is_mine is not None:
        conditions.append(mine if is_mine else ~mine)
    if before is not None:
        conditions.append(col(BulkOperationRow.id) < before)
    query = select_rows(BulkOperationRow).where(*conditions).order_by(col(BulkOperationRow.id).desc())
    return list(session.exec(query.limit(limit)).all())


def items(session: Session, operation_id: int, state: ItemState | None, *, after: int, limit: int) -> list[BulkItemRow]:
    """Return an operation's items behind a position, in their order."""
    query = (
        select_rows(BulkItemRow)
        .where(col(BulkItemRow.operation_id) == operation_id, col(BulkItemRow.position) > after)
        .order_by(col(BulkItemRow.position))
        .limit(limit)
    )
    return list(session.exec(query if state is None else query.where(col(BulkItemRow.state) == state.value)).all())


def likely_repeated(session: Session, operation_id: int) -> int:
    """Return how many documents another one looks like: the same counterparty, day and amount, and it stands."""
    mine, other = TRANSACTION.alias("mine"), TRANSACTION.alias("other")
    same = and_(*(mine.c[name] == LOOK_UP.c[name] for name in ("flow", "counterparty", "currency", "amount_minor")))
    is_another = (other.c.state.not_in(_WITHDRAWN), other.c.source_id != mine.c.source_id, mine.c.counterparty != "")
    query = (
        select(func.count(mine.c.id.distinct()))
        .select_from(ITEM.join(mine, mine.c.id == ITEM.c.transaction_id).join(LOOK_UP, same))
        .join(other, other.c.id == LOOK_UP.c.transaction_id)
        .where(ITEM.c.operation_id == operation_id, *is_another, mine.c.document_date == other.c.document_date)
    )
    return int(session.connection().execute(query).scalar_one())


def intents_of(session: Session, operation_id: int) -> dict[int, bytes]:
    """Return the kept intents of an operation's documents, for those that have passed their checks."""
    query = (
        select(TRANSACTION.c.id, _PAYLOAD.c.body)
        .select_from(ITEM.join(TRANSACTION, TRANSACTION.c.id == ITEM.c.transaction_id))
        .join(_PAYLOAD, _PAYLOAD.c.id == TRANSACTION.c.intents_payload_id)
        .where(ITEM.c.operation_id == operation_id, _PAYLOAD.c.body.is_not(None))
    )
    return {row.id: row.body for row in session.connection().execute(query)}


def awaited(session: Session, operation_id: int) -> list[tuple[int, RecordKey]]:
    """Return the records of the ERP's lists for which an operation's documents are held."""
    query = (
        select(_HOLD.c.transaction_id, _HOLD.c.domain, _HOLD.c.legal_entity_id, _HOLD.c.code)
        .select_from(ITEM.join(_HOLD, _HOLD.c.transaction_id == ITEM.c.transaction_id))
        .where(ITEM.c.operation_id == operation_id, _HOLD.c.domain.in_([one.value for one in Domain]))
    )
    return [(number, (domain, entity, code)) for number, domain, entity, code in session.connection().execute(query)]


def unusable(session: Session, keys: Collection[RecordKey]) -> set[RecordKey]:
    """Return the records that the ERP has not, or has shut; of lists that were never read nobody can tell."""
    read = set(session.connection().execute(select(_RECORD.c.domain).distinct()).scalars())
    wanted = [
        (Domain(domain), place, code) for domain, entity, code in keys if domain in read for place in {entity, ""}
    ]
    active = {key for key, record in master_data.current(session, wanted).items() if record.active}
    return {
        (domain, entity, code)
        for domain, entity, code in keys
        if domain in read and not active & {(Domain(domain), entity, code), (Domain(domain), "", code)}
    }


def _tallies(session: Session, which: ColumnElement[bool]) -> dict[int, Tally]:
    same = func.count(case((ITEM.c.is_same_failure, 1))).label("same")
    keys = (ITEM.c.operation_id, ITEM.c.state)
    rows = session.connection().execute(select(*keys, func.count().label("items"), same).where(which).group_by(*keys))
    found: dict[int, Tally] = defaultdict(Tally)
    for row in rows:
        before = found[row.operation_id]
        states = {**before.by_state, ItemState(row.state): row.items}
        found[row.operation_id] = Tally(states, before.same_failure_count + row.same)
    return dict(found)


def _ways(key: RecordKey) -> frozenset[master_data.Key]:
    """Return under which keys a record may stand: its legal entity's own, or that of all."""
    domain, entity, code = key
    return frozenset({(Domain(domain), entity, code), (Domain(domain), "", code)})


def _items() -> Select[Any]:  # rows with the fields of `Item`
    number, source_id = TRANSACTION.c.document_number, TRANSACTION.c.source_id
    return select(
        _CASE.c.id,
        _CASE.c.transaction_id,
        func.coalesce(func.nullif(number, ""), source_id, _CASE.c.connection),
        _CASE.c.legal_entity_id,
        _CASE.c.currency,
        _CASE.c.amount_minor,
        _CASE.c.group_minor,
        _CASE.c.fingerprint,
        _CASE.c.code,
        func.coalesce(TRANSACTION.c.fence, 0),
        func.coalesce(TRANSACTION.c.counterparty, ""),
        func.coalesce(TRANSACTION.c.order_key, ""),
        func.coalesce(TRANSACTION.c.is_head, True),
        func.coalesce(TRANSACTION.c.target, ""),
        _CASE.c.flow,
    ).select_from(_CASE.outerjoin(TRANSACTION, TRANSACTION.c.id == _CASE.c.transaction_id))


def _fitting(fit: Fit) -> Iterator[ColumnElement[bool]]:
    yield _CASE.c.state.in_(sorted(state.value for state in fit.case_states))
    if fit.states:
        yield TRANSACTION.c.state.in_(sorted(state.value for state in fit.states))
    if fit.reasons:
        yield TRANSACTION.c.reason.in_(sorted(reason.value for reason in fit.reasons))
