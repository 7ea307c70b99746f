"""Which open exceptions the identifiers of a pasted list name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Table, or_, select
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.domain.exception_case import SETTLED
from control_plane.domain.identity import UnknownIdError, parse_public_id
from control_plane.store.queries import search
from control_plane.store.queries.sums import within
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow
from control_plane.store.transitions import TRANSACTION

_CASE: Final[Table] = table_of(ExceptionCaseRow)


@dataclass(frozen=True, slots=True)
class Open:
    """An exception as it stands now."""

    id: int
    revision: int
    legal_entity: str
    claimed_by: int | None


@dataclass(frozen=True, slots=True)
class Named:
    """What one identifier names."""

    cases: tuple[Open, ...]
    """Exceptions about which somebody has to do something."""
    is_known: bool
    """Whether it names anything that the asker may read."""


def named(session: Session, scope: Scope, identifiers: Sequence[str], flows: Sequence[str]) -> dict[str, Named]:
    """Return what each identifier names within the scope: a document by any number it has, or an exception."""
    documents = search.named(session, scope, identifiers, flows)
    direct = {given: number for given in identifiers for number in _exception_id(given)}
    readable = _readable(session, scope, {number for found in documents.values() for number in found})
    by_document, by_id = _cases(session, scope, readable, set(direct.values()))
    return {given: _named(documents[given], direct.get(given), readable, by_document, by_id) for given in identifiers}


_Cases = Mapping[int, tuple[Open, ...]]


def _named(
    documents: Sequence[int], direct: int | None, readable: Collection[int], by_document: _Cases, by_id: _Cases
) -> Named:
    mine = [number for number in documents if number in readable]
    cases = [one for number in mine for one in by_document.get(number, ())]
    if direct is not None:
        cases += by_id.get(direct, ())
    return Named(tuple(cases), bool(mine) or direct in by_id)


def _readable(session: Session, scope: Scope, transaction_ids: Collection[int]) -> frozenset[int]:
    query = select(TRANSACTION.c.id).where(
        TRANSACTION.c.id.in_(transaction_ids), within(scope, TRANSACTION.c.legal_entity_id)
    )
    return frozenset(session.connection().execute(query).scalars())


def _cases(
    session: Session, scope: Scope, transaction_ids: Collection[int], case_ids: Collection[int]
) -> tuple[dict[int, tuple[Open, ...]], dict[int, tuple[Open, ...]]]:
    """Return the live exceptions by document and by their own id; a settled one of its own id has none."""
    columns = (_CASE.c.id, _CASE.c.transaction_id, _CASE.c.revision, _CASE.c.legal_entity_id, _CASE.c.claimed_by)
    is_asked: ColumnElement[bool] = or_(_CASE.c.transaction_id.in_(transaction_ids), _CASE.c.id.in_(case_ids))
    query = select(*columns, _CASE.c.state).where(within(scope, _CASE.c.legal_entity_id), is_asked)
    by_document: dict[int, tuple[Open, ...]] = {}
    by_id: dict[int, tuple[Open, ...]] = {}
    for row in session.connection().execute(query):
        is_live = row.state not in SETTLED
        found = (Open(row.id, row.revision, row.legal_entity_id, row.claimed_by),) if is_live else ()
        by_id[row.id] = found
        if row.transaction_id is not None and is_live:
            by_document[row.transaction_id] = found
    return by_document, by_id


def _exception_id(given: str) -> Iterator[int]:
    try:
        yield parse_public_id("exc", given.strip())
    except UnknownIdError:
        return
