"""The ERP's own lists, version by version, and how the sources' keys are bound to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, func, select, text, update
from sqlmodel import Session, col
from sqlmodel import select as sqlmodel_select
from sqlmodel.sql.expression import SelectOfScalar

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared, among, given
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import UNRESOLVED, BindingRow, CursorRow, MasterDataRow

_RECORD: Final[Table] = table_of(MasterDataRow)
_BINDING: Final[Table] = table_of(BindingRow)
_CURSOR: Final[Table] = table_of(CursorRow)
# As the indexes say it: SQLite recognizes no other form of their condition.
_IS_CURRENT: Final = text("master_data.is_current")
_BINDING_IS_CURRENT: Final = text("binding.is_current")
_SAID: Final = tuple(  # in the order of MasterRecord's fields
    _RECORD.c[name]
    for name in (
        "domain",
        "code",
        "name",
        "active",
        "attributes",
        "legal_entity_id",
        "valid_from",
        "valid_to",
        "source_updated_at",
    )
)

Key = tuple[Domain, str, str]
"""Domain, legal entity ("" for all), code."""
BindingKey = tuple[Domain, str, str]
"""Domain, source system, source key."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record that is new or no longer what it was."""

    before: MasterRecord | None
    after: MasterRecord

    @property
    def is_activated(self) -> bool:
        """Return whether it may be used now and could not before."""
        return self.after.active and not (self.before is not None and self.before.active)

    @property
    def is_deactivated(self) -> bool:
        """Return whether it could be used before and may not now."""
        return self.before is not None and self.before.active and not self.after.active


@dataclass(frozen=True, slots=True)
class Binding:
    """A source's key and the ERP's key for the same thing."""

    domain: Domain
    source_system: str
    source_key: str
    erp_key: str
    legal_entity_id: str = UNRESOLVED


@dataclass(frozen=True, slots=True)
class _Standing:
    id: int
    version: int
    record: MasterRecord


def key_of(record: MasterRecord) -> Key:
    """Return what a record is found by."""
    return record.domain, record.legal_entity, record.code


def record(
    session: Session, connection: str, records: Sequence[MasterRecord], *, now: datetime, ids: Ids
) -> dict[Key, Change]:
    """Take over records as they were read and return what changed; a record that says nothing new makes no version.

    A record that is older at its source than what we have is passed over: deltas may overlap.
    """
    advisory_lock(session, ["master_data"])
    newest = {key_of(one): one for one in records}
    standing = _standing(session, newest)
    changes = {key: one for key, one in newest.items() if _is_news(one, standing.get(key))}
    _retire(session, [standing[key].id for key in changes if key in standing])
    numbered = zip(_numbers(session, ids, len(changes)), changes.items(), strict=True)
    rows = [_row(one, number, standing.get(key), connection, now) for number, (key, one) in numbered]
    insert_many(session, MasterDataRow, rows)
    return {key: Change(standing[key].record if key in standing else None, one) for key, one in changes.items()}


def current(session: Session, wanted: Collection[Key]) -> dict[Key, MasterRecord]:
    """Return the current records of the wanted keys in one query; a key that the ERP does not know is missing."""
    return {key: found.record for key, found in _standing(session, wanted).items()}


def current_of(session: Session, domains: Collection[Domain]) -> dict[Key, MasterRecord]:
    """Return all current records of some lists."""
    rows = _CURRENT.rows(session, domains=[domain.value for domain in domains])
    return {key_of(one): one for one in map(_record_of, rows)}


def active(session: Session, domain: Domain, code: str, legal_entity: str = "") -> MasterRecord | None:
    """Return the active record of a code, as a legal entity sees it if one is named, else the first one there is."""
    query = select(*_SAID).where(
        _IS_CURRENT, _RECORD.c.active, _RECORD.c.domain == domain.value, _RECORD.c.code == code
    )
    if legal_entity:
        query = query.where(_RECORD.c.legal_entity_id.in_([legal_entity, ""]))
    row = session.connection().execute(query.order_by(_RECORD.c.legal_entity_id.desc()).limit(1)).first()
    return None if row is None else _record_of(row)


def as_of(session: Session, domain: Domain, moment: datetime) -> list[MasterRecord]:
    """Return a list as we knew it at a moment, by legal entity and code."""
    newest_first = func.row_number().over(
        partition_by=(_RECORD.c.legal_entity_id, _RECORD.c.code), order_by=_RECORD.c.version.desc()
    )
    is_known = (_RECORD.c.domain == domain.value, _RECORD.c.recorded_at <= moment)
    then = select(*_SAID, newest_first.label("place")).where(*is_known).subquery()
    told = (then.c[column.name] for column in _SAID)
    query = select(*told).where(then.c.place == 1).order_by(then.c.legal_entity_id, then.c.code)
    return [_record_of(row) for row in session.connection().execute(query)]


def version(session: Session) -> int:
    """Return the number of the newest change of any list or binding: it is higher after every change."""
    return max(number or 0 for number in _NEWEST.rows(session)[0])


def age(session: Session, domain: Domain, *, now: datetime) -> timedelta | None:
    """Return how long ago a list was read last, changed or not; None for one that was never read.

    A list is read by the stream that has its name.
    """
    newest = select(func.max(_CURSOR.c.read_at)).where(_CURSOR.c.stream == domain.value)
    read_at: datetime | None = session.connection().execute(newest).scalar_one()
    return None if read_at is None else now - read_at


def every_binding(session: Session) -> dict[BindingKey, str]:
    """Return the ERP's keys of all source keys that do not bind to themselves."""
    return {(Domain(domain), system, key): erp_key for domain, system, key, erp_key in _BINDINGS.rows(session)}


def bindings(session: Session, wanted: Mapping[str, str], *, after: int | None, limit: int) -> list[BindingRow]:
    """Return the bindings in force, the newest first; the wanted columns have these values, empty ones any."""
    is_wanted = [_BINDING.c[name] == value for name, value in wanted.items() if value]
    query = sqlmodel_select(BindingRow).where(_BINDING_IS_CURRENT, *is_wanted)
    if after is not None:
        query = query.where(col(BindingRow.id) < after)
    return list(session.exec(query.order_by(col(BindingRow.id).desc()).limit(limit)).all())


def bind(session: Session, binding: Binding, *, by: str, now: datetime, ids: Ids) -> bool:
    """Put a source's key under an ERP's key from now on; return False where it stands there already."""
    advisory_lock(session, ["master_data"])
    standing = session.exec(_current_binding(binding)).first()
    if standing is not None:
        if standing.erp_key == binding.erp_key:
            return False
        standing.is_current = False
        session.flush()
    row = BindingRow(id=_numbers(session, ids, 1)[0], recorded_at=now, recorded_by=by, **asdict(binding))
    row.version = 1 if standing is None else standing.version + 1
    session.add(row)
    return True


def _current_binding(binding: Binding) -> SelectOfScalar[BindingRow]:
    return sqlmodel_select(BindingRow).where(
        _BINDING_IS_CURRENT,
        BindingRow.domain == binding.domain,
        BindingRow.source_system == binding.source_system,
        BindingRow.source_key == binding.source_key,
    )


def _numbers(session: Session, ids: Ids, count: int) -> list[int]:
    floor = version(session) + 1  # a process whose clock is behind must not write below what others have read
    return [max(number, floor + place) for place, number in enumerate(ids.draw_many(count))]


def _standing(session: Session, keys: Collection[Key]) -> dict[Key, _Standing]:
    if not keys:
        return {}
    rows = _STANDING.rows(session, keys=[(domain.value, entity, code) for domain, entity, code in keys])
    found = (_Standing(number, version, _record_of(row)) for number, version, *row in rows)
    return {key_of(one.record): one for one in found}


def _is_news(one: MasterRecord, standing: _Standing | None) -> bool:
    if standing is None:
        return True
    before = standing.record
    if one.source_updated_at and before.source_updated_at and one.source_updated_at < before.source_updated_at:
        return False
    return _content(one) != _content(before)


def _content(one: MasterRecord) -> tuple[object, ...]:
    return one.name, one.active, dict(one.attributes), one.valid_from, one.valid_to


def _retire(session: Session, record_ids: Sequence[int]) -> None:
    if record_ids:
        _RETIRE.run(session, ids=record_ids)


def _row(
    one: MasterRecord, number: int, standing: _Standing | None, connection: str, now: datetime
) -> dict[str, Any]:  # column values
    return {
        "id": number,
        "connection": connection,
        "domain": one.domain.value,
        "legal_entity_id": one.legal_entity,
        "code": one.code,
        "name": one.name,
        "active": one.active,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "attributes": dict(one.attributes),
        "source_updated_at": one.source_updated_at,
        "recorded_at": now,
        "version": 1 if standing is None else standing.version + 1,
        "is_current": True,
    }


def _record_of(row: Sequence[Any]) -> MasterRecord:  # of _SAID
    domain, *told = row
    return MasterRecord(Domain(domain), *told)


def _standing_ones() -> Prepared:
    key = given("keys", {name: _RECORD.c[name].type for name in ("domain", "legal_entity_id", "code")})
    return Prepared(
        select(_RECORD.c.id, _RECORD.c.version, *_SAID).where(
            _IS_CURRENT,
            _RECORD.c.domain == key.c.domain,
            _RECORD.c.legal_entity_id == key.c.legal_entity_id,
            _RECORD.c.code == key.c.code,
        )
    )


_STANDING: Final = _standing_ones()
_CURRENT: Final = Prepared(select(*_SAID).where(_IS_CURRENT, among(_RECORD.c.domain, "domains")))
_NEWEST: Final = Prepared(select(*(select(func.max(table.c.id)).scalar_subquery() for table in (_RECORD, _BINDING))))
_BINDINGS: Final = Prepared(
    select(_BINDING.c.domain, _BINDING.c.source_system, _BINDING.c.source_key, _BINDING.c.erp_key).where(
        _BINDING_IS_CURRENT
    )
)
_RETIRE: Final = Prepared(update(_RECORD).where(among(_RECORD.c.id, "ids")).values(is_current=False))
