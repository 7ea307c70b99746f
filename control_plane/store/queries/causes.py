"""Causes: what open exceptions have in common, one line for each record that blocks, and what cured them before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, Table, and_, func, literal_column, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from connectors.canonical.master_data import Domain
from control_plane.domain.access import Scope
from control_plane.domain.cure import BY_ITSELF, Treated, is_back
from control_plane.store import causes, master_data
from control_plane.store.lineage import Kind
from control_plane.store.prepared import Prepared, given
from control_plane.store.queries.desk import Wanted, conditions
from control_plane.store.queries.sums import CurrencySum, earliest, sum_columns, sum_of, together, within
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow, LineageRow

_CASE: Final[Table] = table_of(ExceptionCaseRow)
_CURED: Final = _CASE.alias("cured")
_IS_CURED: Final[ColumnElement[bool]] = literal_column("cured.resolved_at IS NOT NULL")
"""As the index says it: SQLite recognizes no other form."""
_TEXT: Final = String()
_LISTS: Final = frozenset(domain.value for domain in Domain)

_LINE: Final = ("fingerprint", "record_domain", "record_code")
_KEYS: Final = tuple(_CASE.c[name] for name in _LINE)
_CANDIDATES: Final = 2
"""So many times the lines that are shown are summed up: causes told as one, and records of one entity, part ways."""

MOST: Final = 100
MOST_TREATED: Final = 500
"""Exceptions of one cause, the newest ones, from which its history is told."""
CURING: Final = frozenset({"retry", "replay", "release", "return_to_source", "declare_duplicate", "correct", "approve"})
"""Acts after which a document goes on, or ends; the others only say who has the exception."""


@dataclass(frozen=True, slots=True)
class AwaitedRecord:
    """The record that blocks, as the ERP has it: one for every legal entity has none of its own."""

    domain: str
    legal_entity_id: str
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Open exceptions of one cause that wait for one record, told by the one that waits longest."""

    fingerprint: str
    oldest: ExceptionCaseRow
    sums: tuple[CurrencySum, ...]
    due_at: datetime | None
    record: AwaitedRecord | None
    merged: tuple[str, ...]
    """Other fingerprints that are told here."""
    regression_count: int
    """Exceptions among them that had been resolved before."""
    cured_at: datetime | None
    """When the last exception of the same line was resolved, if that was shortly before these were opened."""

    @property
    def is_back(self) -> bool:
        """Return whether the cause stands again although it had been cured."""
        return self.cured_at is not None or self.regression_count > 0


@dataclass(frozen=True, slots=True)
class _Key:
    fingerprint: str
    record: AwaitedRecord | None


_Group = list[Any]  # rows of `_grouped`


def lines(session: Session, scope: Scope, wanted: Wanted, *, limit: int = MOST) -> list[CauseLine]:
    """Return the causes of exceptions, one line for each record that blocks, the largest group amount first."""
    rows = session.connection().execute(_heaviest(scope, wanted, limit * _CANDIDATES)).all()
    groups = _by_line(session, rows)
    heaviest = sorted(groups.items(), key=lambda item: _weight(item[1]), reverse=True)[:limit]
    told = _oldest(session, [group for _, group in heaviest])
    cured = _cured(session, [group for _, group in heaviest])
    return [_line(key, group, told, cured) for key, group in heaviest]


def treated(session: Session, scope: Scope, fingerprints: Sequence[str]) -> list[Treated]:
    """Return how the newest exceptions of a cause were treated."""
    columns = _CASE.c
    query = (
        select(columns.transaction_id, columns.opened_at, columns.resolved_at, columns.attempt)
        .where(columns.fingerprint.in_(fingerprints), within(scope, columns.legal_entity_id))
        .order_by(columns.id.desc())
        .limit(MOST_TREATED)
    )
    rows = session.connection().execute(query).all()
    acts = _acts(session, [row.transaction_id for row in rows if row.transaction_id is not None])
    return [
        Treated(row.opened_at, row.resolved_at, row.attempt - 1, _act(acts.get(row.transaction_id, ()), row))
        for row in rows
    ]


def newest(session: Session, scope: Scope, fingerprints: Sequence[str]) -> ExceptionCaseRow | None:
    """Return the newest exception of a cause, open or settled."""
    query = select_rows(ExceptionCaseRow).where(
        col(ExceptionCaseRow.fingerprint).in_(fingerprints), within(scope, _CASE.c.legal_entity_id)
    )
    return session.exec(query.order_by(col(ExceptionCaseRow.id).desc()).limit(1)).first()


def _heaviest(scope: Scope, wanted: Wanted, limit: int) -> Select[Any]:
    """Return the sums of the lines that block most: they are chosen by their worth, and only those summed up in full.

    Both go by the index of causes alone.
    """
    worth = func.abs(func.sum(func.coalesce(_CASE.c.group_minor, 0)))
    most = select(*_KEYS).where(*_fits(scope, wanted)).group_by(*_KEYS).order_by(worth.desc(), func.count().desc())
    chosen = most.limit(limit).cte("chosen").prefix_with("MATERIALIZED")
    is_chosen = and_(*(key == chosen.c[key.name] for key in _KEYS))
    return _grouped().select_from(chosen.join(_CASE, is_chosen)).where(*_fits(scope, wanted))


def _fits(scope: Scope, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield within(scope, _CASE.c.legal_entity_id)
    yield from conditions(wanted)


def _grouped() -> Select[Any]:
    columns = _CASE.c
    return select(
        *_KEYS,
        columns.legal_entity_id,
        *sum_columns(_CASE),
        func.min(columns.id).label("oldest_id"),
        func.min(columns.due_at).label("due_at"),
        func.min(columns.opened_at).label("opened_at"),
        func.sum(columns.regression_count).label("regressions"),
    ).group_by(*_KEYS, columns.legal_entity_id, columns.currency)


def _by_line(session: Session, rows: Sequence[Any]) -> Mapping[_Key, _Group]:  # rows of `_grouped`
    merged, records = causes.merged(session), _records(session, rows)
    groups: dict[_Key, _Group] = defaultdict(list)
    for row in rows:
        fingerprint = merged.get(row.fingerprint, row.fingerprint)
        groups[_Key(fingerprint, _record(row, records))].append(row)
    return groups


def _records(session: Session, rows: Iterable[Any]) -> Mapping[master_data.Key, str]:  # rows of `_grouped`
    """Return the names of the records that the ERP has, each under the legal entity to which it belongs."""
    wanted = {
        (Domain(row.record_domain), entity, row.record_code)
        for row in rows
        if row.record_domain in _LISTS
        for entity in (row.legal_entity_id, "")
    }
    return {key: found.name for key, found in master_data.current(session, wanted).items()}


def _record(row: Any, records: Mapping[master_data.Key, str]) -> AwaitedRecord | None:  # a row of `_grouped`
    if not row.record_domain:
        return None
    if row.record_domain not in _LISTS:
        return AwaitedRecord(row.record_domain, "", row.record_code)
    domain, own, code = Domain(row.record_domain), row.legal_entity_id, row.record_code
    is_for_all = (domain, own, code) not in records and (domain, "", code) in records
    entity = "" if is_for_all else own
    return AwaitedRecord(row.record_domain, entity, code, records.get((domain, entity, code), ""))


def _weight(group: _Group) -> tuple[int, int]:
    return sum(abs(row.group_minor or 0) for row in group), sum(row.documents for row in group)


def _oldest(session: Session, groups: Iterable[_Group]) -> Mapping[int, ExceptionCaseRow]:
    numbers = [min(row.oldest_id for row in group) for group in groups]
    rows = session.exec(select_rows(ExceptionCaseRow).where(col(ExceptionCaseRow.id).in_(numbers))).all()
    return {row.id: row for row in rows}


_Line = tuple[str, str, str]


def _cured(session: Session, groups: Iterable[_Group]) -> Mapping[_Line, datetime]:
    """Return when the last exception of each line was resolved, each found by one look into the index."""
    wanted = {_line_of(row) for group in groups for row in group}
    return {
        (name, domain, code): cured_at
        for name, domain, code, cured_at in _CURES.rows(session, keys=sorted(wanted))
        if cured_at is not None
    }


def _finding_cures() -> Prepared:
    keys = given("keys", dict.fromkeys(_LINE, _TEXT))
    last = (
        select(_CURED.c.resolved_at)
        .where(_IS_CURED, *(_CURED.c[name] == keys.c[name] for name in _LINE))
        .order_by(_CURED.c.resolved_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return Prepared(select(*(keys.c[name] for name in _LINE), last))


_CURES: Final = _finding_cures()


def _line_of(row: Any) -> _Line:  # a row that names a line
    return row.fingerprint, row.record_domain, row.record_code


def _line(key: _Key, group: _Group, told: Mapping[int, ExceptionCaseRow], cured: Mapping[_Line, datetime]) -> CauseLine:
    opened_at = min(row.opened_at for row in group)
    cured_at = max((cured[_line_of(row)] for row in group if _line_of(row) in cured), default=None)
    return CauseLine(
        fingerprint=key.fingerprint,
        oldest=told[min(row.oldest_id for row in group)],
        sums=tuple(together(map(sum_of, group))),
        due_at=earliest(row.due_at for row in group),
        record=key.record,
        merged=tuple(sorted({row.fingerprint for row in group} - {key.fingerprint})),
        regression_count=sum(row.regressions for row in group),
        cured_at=cured_at if is_back(cured_at, opened_at) else None,
    )


_Acts = Mapping[int, Sequence[tuple[datetime, str]]]


def _acts(session: Session, transaction_ids: Sequence[int]) -> _Acts:
    query = select_rows(LineageRow.transaction_id, LineageRow.at, LineageRow.name).where(
        col(LineageRow.transaction_id).in_(transaction_ids), LineageRow.kind == Kind.ACT.value
    )
    found: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for number, at, name in session.exec(query.order_by(col(LineageRow.id))):
        found[number].append((at, name))
    return found


def _act(acts: Sequence[tuple[datetime, str]], row: Any) -> str:  # a row of `treated`
    """Return what was done last while the exception stood."""
    return next(_curing(acts, row), BY_ITSELF)


def _curing(acts: Sequence[tuple[datetime, str]], row: Any) -> Iterator[str]:  # see above
    for at, name in reversed(acts):
        if name in CURING and row.opened_at <= at and (row.resolved_at is None or at <= row.resolved_at):
            yield name
