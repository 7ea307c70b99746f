"""Transactions: by filters, and by any identifier that a person may have at hand."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, Select, Table, and_, select, tuple_
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from connectors.canonical.money import InexactAmountError, UnknownCurrencyError, parse_minor
from control_plane.domain.access import Scope
from control_plane.domain.identity import UnknownIdError, parse_public_id
from control_plane.domain.sla import SlaStatus
from control_plane.domain.transaction import OPEN, PLACE_OF, Place, State
from control_plane.store import holds
from control_plane.store.queries.sums import equal, indexed, open_documents, within
from control_plane.store.statements import table_of
from control_plane.store.tables import (
    ExceptionCaseRow,
    HoldRow,
    LedgerBalanceRow,
    PayloadRow,
    PostingRow,
    TransactionRow,
)
from control_plane.store.transactions import LOOK_UP
from control_plane.store.transitions import TRANSACTION

_BALANCE: Final[Table] = table_of(LedgerBalanceRow)
_POSTING: Final[Table] = table_of(PostingRow)
_NAMES: Final = ("source_id", "source_document_id", "document_number", "counterparty")
"""By which people know a document."""
_LOOKED_UP: Final = LOOK_UP.join(TRANSACTION, TRANSACTION.c.id == LOOK_UP.c.transaction_id)
ASIDE: Final = frozenset({State.RETURNED_TO_SOURCE, State.REVERSED, State.CANCELLED, State.DUPLICATE, State.SUPERSEDED})
"""Neither open nor simply posted: few among many."""
_IS_ASIDE: Final = "state IN ('returned_to_source', 'reversed', 'cancelled', 'duplicate', 'superseded')"
MOST: Final = 200
"""Transactions that one identifier may name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which transactions a list shows."""

    equal: Mapping[str, str] = field(default_factory=dict)
    """Column values; empty ones ask for nothing."""
    place: Place | None = None
    is_open: bool | None = None
    among: Sequence[int] | None = None
    """Only these."""


def transactions(
    session: Session, scope: Scope, wanted: Wanted, *, before: int | None, limit: int
) -> list[TransactionRow]:
    """Return transactions, newest first, older than `before`."""
    query = (
        select_rows(TransactionRow)
        .where(within(scope, TRANSACTION.c.legal_entity_id), *_conditions(wanted))
        .order_by(col(TransactionRow.id).desc())
        .limit(limit)
    )
    return list(session.exec(query if before is None else query.where(col(TransactionRow.id) < before)).all())


def transaction(session: Session, scope: Scope, transaction_id: int) -> TransactionRow | None:
    """Return one transaction if it is in the scope."""
    found = transactions(session, scope, Wanted(among=[transaction_id]), before=None, limit=1)
    return found[0] if found else None


def versions(session: Session, scope: Scope, row: TransactionRow) -> list[TransactionRow]:
    """Return all versions of a transaction's business object in its flow, oldest first."""
    query = select(LOOK_UP.c.transaction_id).where(LOOK_UP.c.source_id == row.source_id)
    found = session.connection().execute(query).scalars().all()
    same = {"flow": row.flow, "source_system": row.source_system}
    return transactions(session, scope, Wanted(equal=same, among=found), before=None, limit=MOST)[::-1]


def named(session: Session, scope: Scope, identifiers: Sequence[str], flows: Sequence[str]) -> dict[str, list[int]]:
    """Return the transactions that each identifier names, newest first: an id, a number, a reference or an amount."""
    found: dict[str, set[int]] = defaultdict(set)
    spellings = {spelling: given for given in identifiers for spelling in _spellings(given)}
    for number, spelling in _hits(session, scope, list(spellings), flows):
        found[spellings[spelling]].add(number)
    for given in identifiers:
        found[given].update(_by_id(given))
        found[given].update(_by_amount(session, scope, given))
    return {given: sorted(found[given], reverse=True)[:MOST] for given in identifiers}


def awaited(session: Session, transaction_id: int) -> list[HoldRow]:
    """Return what a held transaction waits for; a decision about its flow, which may free any, is not named."""
    is_its_own = (col(HoldRow.transaction_id) == transaction_id) & (HoldRow.domain != holds.POLICY)
    return list(session.exec(select_rows(HoldRow).where(is_its_own)).all())


def last_case(session: Session, transaction_id: int) -> ExceptionCaseRow | None:
    """Return the newest exception of a transaction, settled or not."""
    query = (
        select_rows(ExceptionCaseRow)
        .where(col(ExceptionCaseRow.transaction_id) == transaction_id)
        .order_by(col(ExceptionCaseRow.id).desc())
        .limit(1)
    )
    return session.exec(query).first()


def payload(session: Session, payload_id: int) -> PayloadRow | None:
    """Return a stored payload with its bytes."""
    return session.exec(select_rows(PayloadRow).where(col(PayloadRow.id) == payload_id)).first()


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield equal(TRANSACTION, wanted.equal)
    states = _states(wanted)
    if wanted.place is not None:
        yield TRANSACTION.c.state.in_(sorted(state.value for state in states))
    if wanted.is_open is False:
        yield ~TRANSACTION.c.is_open
    if wanted.among is not None:
        yield TRANSACTION.c.id.in_(wanted.among)
    elif wanted.is_open or states <= OPEN:
        yield TRANSACTION.c.id.in_(select(open_documents().c.id))
    elif wanted.equal.get("sla_status") == SlaStatus.BREACHED:
        yield TRANSACTION.c.id.in_(select(indexed("sla_status = 'breached'", ["id"]).c.id))
    elif states <= ASIDE:
        yield TRANSACTION.c.id.in_(select(indexed(_IS_ASIDE, ["id"]).c.id))


def _states(wanted: Wanted) -> frozenset[State]:
    """Return the states that the wanted documents can have."""
    state = wanted.equal.get("state")
    every = [State(state)] if state else list(State)
    return frozenset(one for one in every if wanted.place in {None, PLACE_OF[one]})


def _spellings(given: str) -> set[str]:
    plain = unicodedata.normalize("NFKC", given).strip()
    return {given, plain, plain.upper()}


def _hits(session: Session, scope: Scope, texts: Sequence[str], flows: Sequence[str]) -> Iterator[tuple[int, str]]:
    by_name = [(LOOK_UP.c[name], LOOK_UP.c[name].in_(texts)) for name in _NAMES]
    reference = LOOK_UP.c.business_reference
    by_reference = (reference, and_(LOOK_UP.c.flow.in_(flows), reference.in_(texts)))
    for name, condition in (*by_name, by_reference):
        query = select(TRANSACTION.c.id, name).select_from(_LOOKED_UP)
        query = query.where(within(scope, TRANSACTION.c.legal_entity_id), condition)
        yield from _pairs(session, query.order_by(TRANSACTION.c.id.desc()).limit(MOST * len(texts)))
    for name in (_POSTING.c.number, _POSTING.c.reference):
        query = select(_POSTING.c.transaction_id, name).where(
            within(scope, _POSTING.c.legal_entity_id), name.in_(texts)
        )
        yield from _pairs(session, query.limit(MOST * len(texts)))


def _pairs(session: Session, query: Select[int, str]) -> Iterable[tuple[int, str]]:
    return [(row[0], row[1]) for row in session.connection().execute(query)]


def _by_id(given: str) -> Iterator[int]:
    try:
        yield parse_public_id("txn", given.strip())
    except UnknownIdError:
        return


def _by_amount(session: Session, scope: Scope, given: str) -> list[int]:
    """Return documents over an amount such as `412.50` (of any currency that we have) or `412.50 EUR`."""
    text, _, currency = given.strip().partition(" ")
    currencies = [currency.strip().upper()] if currency.strip() else _currencies(session)
    amounts = [(one, minor) for one in currencies if (minor := _minor(text, one)) is not None]
    columns = tuple_(LOOK_UP.c.currency, LOOK_UP.c.amount_minor)
    query = (
        select(TRANSACTION.c.id)
        .select_from(_LOOKED_UP)
        .where(within(scope, TRANSACTION.c.legal_entity_id), columns.in_(amounts))
        .order_by(TRANSACTION.c.id.desc())
        .limit(MOST)
    )
    return list(session.connection().execute(query).scalars()) if amounts else []


def _minor(text: str, currency: str) -> int | None:
    try:
        return parse_minor(text, currency)
    except (InexactAmountError, UnknownCurrencyError):
        return None


def _currencies(session: Session) -> list[str]:
    return list(session.connection().execute(select(_BALANCE.c.currency).distinct()).scalars())
